import type { AuditEvent, Clock, Log, TaskId } from '@reeve/core';
import { expect, it } from 'vitest';
import { createRefusalLog } from './refusal-log.ts';

const nowhere = () => undefined;
const silent: Log = { debug: nowhere, info: nowhere, warn: nowhere, error: nowhere };

function open() {
  const audit: AuditEvent[] = [];
  const wakes: (() => void)[] = [];
  const stopping = new AbortController();
  const clock: Clock = {
    now: () => new Date(0),
    sleep: (_milliseconds, signal) =>
      new Promise((resolve, reject) => {
        wakes.push(resolve);
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
  };
  const append = async (event: AuditEvent) => {
    audit.push(event);
    return { sequence: audit.length, body: '', previousHash: '', hash: '', subject: event.subject };
  };
  const log = createRefusalLog({
    store: { audit: { append } },
    clock,
    log: silent,
    stopping: stopping.signal,
  });
  const refuse = (task: TaskId) => log.refused(task, { event: 'request-refused', detail: { reason: 'no' } });
  const written = () => audit.map(({ event, subject, detail }) => [event, subject, detail['count'] ?? null]);
  return { log, refuse, written, stopping, endSecond: () => wakes.splice(0).map((wake) => wake()) };
}

it('writes one refusal a second for each task, and how many more there were', async () => {
  const { log, refuse, written, endSecond } = open();
  for (let times = 0; times < 1000; times += 1) await refuse('T-1');
  await refuse('T-2');
  expect(written()).toEqual([
    ['request-refused', 'T-1', null],
    ['request-refused', 'T-2', null],
  ]);
  endSecond();
  await log.settled();
  expect(written().slice(2)).toEqual([['refusals-counted', 'T-1', 999]]);
  await refuse('T-1');
  expect(written().at(-1)).toEqual(['request-refused', 'T-1', null]);
});

it('writes what was counted when the gateway stops', async () => {
  const { log, refuse, written, stopping } = open();
  await refuse('T-1');
  await refuse('T-1');
  stopping.abort(new Error('stopping'));
  await log.settled();
  expect(written().at(-1)).toEqual(['refusals-counted', 'T-1', 1]);
});
