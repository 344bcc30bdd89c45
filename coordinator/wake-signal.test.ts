import { expect, it } from 'vitest';
import { createManualClock, settled } from './testing/samples.ts';
import { createSignal } from './wake-signal.ts';

async function isDone(work: Promise<void>): Promise<boolean> {
  let done = false;
  void work.then(() => {
    done = true;
  });
  await settled();
  return done;
}

it('keeps a raise that came before the wait, once', async () => {
  const clock = createManualClock();
  const signal = createSignal();
  signal.raise();
  signal.raise();
  const abort = new AbortController().signal;
  expect(await isDone(signal.wait(clock, 1000, abort))).toBe(true);
  expect(await isDone(signal.wait(clock, 1000, abort))).toBe(false);
});

it('ends a wait by a raise, by time, or by an abort, and leaves no timer behind', async () => {
  const clock = createManualClock();
  const signal = createSignal();
  const abort = new AbortController();
  const raised = signal.wait(clock, 1000, abort.signal);
  expect(await isDone(raised)).toBe(false);
  signal.raise();
  expect([await isDone(raised), clock.sleeping]).toEqual([true, 0]);
  const timed = signal.wait(clock, 1000, abort.signal);
  await clock.advance(1000);
  expect(await isDone(timed)).toBe(true);
  const aborted = signal.wait(clock, 1000, abort.signal);
  abort.abort();
  expect([await isDone(aborted), clock.sleeping]).toEqual([true, 0]);
});

it('raises later, once for all that was asked until then', async () => {
  const clock = createManualClock();
  const signal = createSignal();
  const abort = new AbortController().signal;
  signal.raiseIn(clock, 100);
  signal.raiseIn(clock, 100);
  const wait = signal.wait(clock, 1000, abort);
  await clock.advance(99);
  expect(await isDone(wait)).toBe(false);
  await clock.advance(1);
  expect([await isDone(wait), clock.sleeping]).toEqual([true, 0]);
});
