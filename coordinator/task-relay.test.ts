import { type DispatchJob, moveTask, queueJobId, type Task, type TaskEvent } from '@reeve/core';
import { SAMPLE_LEVEL } from '@reeve/core/testing';
import { describe, expect, it } from 'vitest';
import type { TaskLedger } from './task-ledger.ts';
import { createTaskRelay } from './task-relay.ts';
import { createManualClock, later, NOW, sampleTask, settled } from './testing/samples.ts';

const attached = { kind: 'attached', leaseUntil: later(4000), sandbox: SAMPLE_LEVEL } as const;
const cancelled = { kind: 'cancelled', outcome: { kind: 'cancelled', summary: '', evidence: [] } } as const;

/** A relay and one task, queued again after something and not yet handed over. */
function createRelay(more: Partial<Task> = {}) {
  const clock = createManualClock();
  const jobs: DispatchJob[] = [];
  const expectations: [string, number][] = [];
  const queued = { state: 'queued', attempt: 0, dispatch: 0, leaseUntil: null } as const;
  const now = { task: sampleTask({ ...queued, ...more }) as Task };
  let answer: () => Promise<void> = async () => undefined;
  const change = async (_id: string, event: TaskEvent) => {
    const move = moveTask(now.task, event, NOW);
    if (move.kind === 'moved') {
      now.task = move.task;
      relay.changed(move.task);
    }
    return move;
  };
  const relay = createTaskRelay({
    clock,
    pool: { expect: (who, count) => expectations.push([who, count]) },
    ledger: { change } as unknown as TaskLedger,
    queue: {
      async enqueue(job: DispatchJob) {
        jobs.push(job);
        await answer();
      },
    } as never,
  });
  return {
    clock,
    change,
    relay: (task = now.task, known: 'just-written' | 'read' = 'just-written') => relay.relay(task, known),
    take: (job = jobs.at(-1)) => relay.taken(job as DispatchJob) !== null,
    end: (job = jobs.at(-1)) => relay.ended(job as DispatchJob),
    jobs,
    expectations,
    ids: () => jobs.map(({ id }) => id),
    task: () => now.task,
    answerWith: (next: () => Promise<void>) => {
      answer = next;
    },
  };
}

const away = () => Promise.reject(new Error('away'));
const here = async () => undefined;

describe('the relay', () => {
  it('adds a job once while the queue holds it', async () => {
    const { relay, ids } = createRelay();
    await relay();
    await relay();
    expect(ids()).toEqual(['T3-0-1']);
  });

  it('adds the job of a new task as it was created, and moves nothing', async () => {
    const { relay, ids, task } = createRelay({ dispatch: 1, enqueued: true });
    const created = task();
    await relay();
    expect([ids(), task()]).toEqual([['T3-0-1'], created]);
  });

  it('adds a job once, however many see at the same time that it is missing', async () => {
    const { relay, ids, answerWith } = createRelay({ dispatch: 1, enqueued: true });
    const gate = Promise.withResolvers<void>();
    answerWith(() => gate.promise);
    const both = [relay(), relay()];
    gate.resolve();
    await Promise.all(both);
    expect(ids()).toEqual(['T3-0-1']);
  });

  it('adds the same job again when the queue may have forgotten it', async () => {
    const { relay, ids, clock } = createRelay();
    await relay();
    await clock.advance(3001);
    await relay();
    await relay();
    expect(ids()).toEqual(['T3-0-1', 'T3-0-1']);
  });

  it('adds nothing while a job is in hand, however long that takes', async () => {
    const { relay, ids, clock, take } = createRelay();
    await relay();
    take();
    await clock.advance(60_000);
    await relay();
    expect(ids()).toEqual(['T3-0-1']);
  });

  it('adds a new job once the last one was consumed without starting the task', async () => {
    const { relay, ids, take, end, task } = createRelay();
    await relay();
    take();
    end();
    await relay();
    expect(ids()).toEqual(['T3-0-1', 'T3-0-2']);
    expect(queueJobId(task())).toBe('T3-0-2');
  });

  it('adds the next attempt’s job beside the last one that is still in hand, and once', async () => {
    const { relay, ids, take, end, change, jobs } = createRelay();
    await relay();
    take();
    await change('T-3', attached);
    await change('T-3', { kind: 'executor-lost', blamed: true });
    await relay();
    end(jobs[0]);
    await relay();
    expect(ids()).toEqual(['T3-0-1', 'T3-1-2']);
    expect(take()).toBe(true);
  });

  it('tries again as soon as a queue that was away is back', async () => {
    const { relay, ids, answerWith } = createRelay();
    answerWith(away);
    await expect(relay()).rejects.toThrow('away');
    answerWith(here);
    await relay();
    expect(ids()).toEqual(['T3-0-1', 'T3-0-1']);
  });

  it('tries again with the job of a new task when the queue was away as it was created', async () => {
    const { relay, ids, answerWith, take } = createRelay({ dispatch: 1, enqueued: true });
    answerWith(away);
    await expect(relay()).rejects.toThrow('away');
    answerWith(here);
    await relay(undefined, 'read');
    expect(ids()).toEqual(['T3-0-1', 'T3-0-1']);
    expect(take()).toBe(false);
  });
});

describe('the relay says that an executor is going to be needed', () => {
  it('as soon as it hands a task over, before the queue has answered', async () => {
    const { relay, expectations, answerWith } = createRelay({ dispatch: 1, enqueued: true });
    const gate = Promise.withResolvers<void>();
    answerWith(() => gate.promise);
    const added = relay();
    await settled();
    expect(expectations).toEqual([['T-3', 1]]);
    gate.resolve();
    await added;
  });

  it('no longer once the task was cancelled or paused in the queue', async () => {
    for (const event of [{ kind: 'paused' }, cancelled] as const) {
      const { relay, change, expectations } = createRelay({ dispatch: 1, enqueued: true });
      await relay();
      await change('T-3', event);
      expect(expectations).toEqual([
        ['T-3', 1],
        ['T-3', 0],
      ]);
    }
  });

  it('not again for a task whose job is in hand', async () => {
    const { relay, take, expectations } = createRelay({ dispatch: 1, enqueued: true });
    await relay();
    take();
    await relay(undefined, 'read');
    expect(expectations).toEqual([['T-3', 1]]);
  });
});

describe('the relay knows a job to be current', () => {
  it('once, when it was just added for the record as it was written', async () => {
    const { relay, take, end } = createRelay({ dispatch: 1, enqueued: true });
    await relay();
    expect(take()).toBe(true);
    end();
    expect(take()).toBe(false);
  });

  it('also when a worker was faster than the queue’s own answer', async () => {
    const { relay, take, ids, answerWith } = createRelay({ dispatch: 1, enqueued: true });
    const gate = Promise.withResolvers<void>();
    answerWith(() => gate.promise);
    const added = relay();
    await settled();
    expect(take()).toBe(true);
    gate.resolve();
    await added;
    await relay();
    expect(ids()).toEqual(['T3-0-1']);
  });

  it('not when its task was paused or ended while it waited in the queue', async () => {
    for (const event of [{ kind: 'paused' }, cancelled] as const) {
      const { relay, take, change } = createRelay({ dispatch: 1, enqueued: true });
      await relay();
      await change('T-3', event);
      expect(take()).toBe(false);
    }
  });

  it('not when somebody else added it, or when it was added for a record read some time ago', async () => {
    const stranger = { id: 'T3-0-1', taskId: 'T-3', attempt: 0, dispatch: 1, priority: 3 } as const;
    expect(createRelay({ dispatch: 1, enqueued: true }).take(stranger)).toBe(false);
    const { relay, take } = createRelay({ dispatch: 1, enqueued: true });
    await relay(undefined, 'read');
    expect(take()).toBe(false);
  });

  it('not when it is of an earlier dispatch', async () => {
    const { relay, take, change, jobs } = createRelay({ dispatch: 1, enqueued: true });
    await relay();
    await change('T-3', { kind: 'paused' });
    await change('T-3', { kind: 'resumed' });
    await relay();
    expect(jobs.map(({ id }) => id)).toEqual(['T3-0-1', 'T3-0-2']);
    expect([take(jobs[0]), take(jobs[1])]).toEqual([false, true]);
  });
});
