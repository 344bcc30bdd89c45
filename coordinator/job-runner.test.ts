import { type DispatchJob, moveTask, queueJobId, type Store, type Task, type TaskEvent } from '@reeve/core';
import { SAMPLE_LEVEL } from '@reeve/core/testing';
import { describe, expect, it } from 'vitest';
import type { ExecutorPool, Slot } from './executor-pool.ts';
import { createJobRunner } from './job-runner.ts';
import type { TaskLedger } from './task-ledger.ts';
import type { TaskRelay } from './task-relay.ts';
import { createKeptLog, later, NOW, sampleTask, settled } from './testing/samples.ts';

const attached = { kind: 'attached', leaseUntil: later(4000), sandbox: SAMPLE_LEVEL } as const;

/** A task that waits in the queue, the jobs given out for it, and slots that end when they are told to. */
function createRunner(isKnownToBeCurrent: boolean) {
  const queued = { state: 'queued', attempt: 0, dispatch: 1, enqueued: true, leaseUntil: null } as const;
  const now = { task: sampleTask(queued) as Task };
  const slots: { bound: string[]; end: (more?: Partial<Slot>) => void }[] = [];
  const log = createKeptLog();
  let reads = 0;
  const change = async (_id: string, event: TaskEvent) => {
    const move = moveTask(now.task, event, NOW);
    if (move.kind === 'moved') now.task = move.task;
    return move;
  };
  const acquire = () => {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const bound: string[] = [];
    const slot = {
      id: 'e1',
      ended,
      attempt: null,
      startError: null,
      logs: () => '',
      bind: ({ id }: DispatchJob) => bound.push(id),
    };
    slots.push({
      bound,
      end(more = {}) {
        Object.assign(slot, more);
        resolve();
      },
    });
    return slot as unknown as Slot;
  };
  const runner = createJobRunner({
    store: {
      tasks: {
        async get() {
          reads += 1;
          return now.task;
        },
      },
    } as unknown as Store,
    pool: { acquire, warmUp: () => undefined } as unknown as ExecutorPool,
    ledger: { change } as unknown as TaskLedger,
    relay: {
      taken: () => (isKnownToBeCurrent ? sampleTask() : null),
      ended: () => undefined,
    } as unknown as TaskRelay,
    log,
    onEnded: () => undefined,
  });
  const job = (task = now.task): DispatchJob => ({
    ...task,
    id: queueJobId(task),
    taskId: task.id,
  });
  return {
    log,
    slots,
    change,
    job,
    run: (given = job()) => runner.run(given),
    stop: runner.stop,
    reads: () => reads,
    task: () => now.task,
  };
}

const SOME_ERROR = new Error('no namespaces');

describe('a job', () => {
  it('that is known to be the task’s current dispatch gets its slot without a look at the database', async () => {
    const { run, slots, reads } = createRunner(true);
    void run();
    await settled();
    expect([slots[0]?.bound, reads()]).toEqual([['T3-0-1'], 0]);
  });

  it('of an earlier dispatch starts nothing', async () => {
    const { run, slots, job, change } = createRunner(false);
    const old = job();
    await change('T-3', { kind: 'dequeued' });
    await change('T-3', { kind: 'enqueued' });
    await run(old);
    expect(slots).toEqual([]);
  });

  it('of a task that is not queued any more starts nothing', async () => {
    const { run, slots, change } = createRunner(false);
    await change('T-3', { kind: 'paused' });
    await run();
    expect(slots).toEqual([]);
  });

  it('that comes again while the first one is in hand waits for its end', async () => {
    const { run, slots } = createRunner(true);
    const first = run();
    const second = run();
    await settled();
    expect(slots).toHaveLength(1);
    slots[0]?.end();
    await first;
    await settled();
    expect(slots).toHaveLength(2);
    slots[1]?.end();
    await second;
  });

  it('starts nothing when the process stops', async () => {
    const { run, slots, stop } = createRunner(true);
    stop();
    await run();
    expect(slots).toEqual([]);
  });
});

describe('an executor that cannot be started', () => {
  it('three times sets the task aside', async () => {
    const { run, slots, task, log } = createRunner(true);
    for (const start of [0, 1, 2]) {
      expect(task().state).toBe('queued');
      const running = run();
      await settled();
      slots[start]?.end({ startError: SOME_ERROR });
      await running;
    }
    expect(task()).toMatchObject({ state: 'failed', outcome: { failure: 'sandbox-unavailable' } });
    expect(log.lines).toEqual(Array(3).fill('an executor could not be started'));
  });

  it('counts as such also when half of it had come for the task already, which is not to blame', async () => {
    const { run, slots, task, change } = createRunner(true);
    for (const start of [0, 1, 2]) {
      const running = run();
      await settled();
      await change('T-3', attached);
      slots[start]?.end({ startError: SOME_ERROR, attempt: start + 1 });
      await running;
      if (start < 2) expect(task()).toMatchObject({ state: 'queued', crashes: 0 });
    }
    expect(task()).toMatchObject({ state: 'failed', outcome: { failure: 'sandbox-unavailable' } });
  });

  it('is another thing than one whose task was paused and resumed while it started', async () => {
    const { run, slots, task, change } = createRunner(true);
    for (const start of [0, 1, 2]) {
      const running = run();
      await settled();
      for (const kind of ['paused', 'resumed', 'enqueued'] as const) await change('T-3', { kind });
      slots[start]?.end();
      await running;
    }
    expect(task().state).toBe('queued');
  });

  it('is another thing than one that is lost at work', async () => {
    const { run, slots, task, change } = createRunner(true);
    const running = run();
    await settled();
    await change('T-3', attached);
    slots[0]?.end({ attempt: 1 });
    await running;
    expect(task()).toMatchObject({ state: 'queued', crashes: 1 });
  });
});
