import type { Clock } from '@reeve/core';
import { expect, it } from 'vitest';
import { createPaces } from './paces.ts';

function stillClock() {
  let now = 0;
  const slept: number[] = [];
  const clock = {
    now: () => new Date(now),
    sleep: async (milliseconds: number) => void slept.push(Math.round(milliseconds)),
  } as unknown as Clock;
  function pass(milliseconds: number): void {
    now += milliseconds;
  }
  return { clock, slept, pass };
}

it('lets a holder go freely up to its store, then at the rate, and others not at all wait for it', async () => {
  const { clock, slept, pass } = stillClock();
  const pace = createPaces({ burst: 3, perSecond: 2 }, clock);
  for (let turn = 0; turn < 3; turn += 1) await pace.turn('T-1');
  expect(slept).toEqual([]);
  await pace.turn('T-1');
  await pace.turn('T-1');
  expect(slept).toEqual([500, 1000]);
  await pace.turn('T-2');
  expect(slept).toHaveLength(2);
  pass(2500);
  for (let turn = 0; turn < 3; turn += 1) await pace.turn('T-1');
  expect(slept).toHaveLength(2);
});

it('weighs what is taken, never holds more than the store, and forgets who has a full one', async () => {
  const { clock, slept, pass } = stillClock();
  const pace = createPaces({ burst: 100, perSecond: 10 }, clock);
  await pace.turn('T-1', 150);
  expect(slept).toEqual([5000]);
  pass(1_000_000);
  for (let holder = 0; holder < 300; holder += 1) await pace.turn(`T-${holder}`, 100);
  expect(slept).toEqual([5000]);
  await pace.turn('T-1', 1);
  expect(slept).toEqual([5000, 100]);
});
