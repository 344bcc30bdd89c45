import { type DispatchJob, moveTask, queueJobId, type Task, type TaskEvent } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import type { TaskLedger } from './task-ledger.ts';
import { createTaskRelay } from './task-relay.ts';
import { createManualClock, NOW, sampleTask } from './testing/samples.ts';

function createRelay() {
  const clock = createManualClock();
  const jobs: DispatchJob[] = [];
  const now = { task: sampleTask({ state: 'queued', attempt: 0, dispatch: 0, leaseUntil: null }) as Task };
  let isAway = false;
  const change = async (_id: string, event: TaskEvent) => {
    const move = moveTask(now.task, event, NOW);
    if (move.kind === 'moved') now.task = move.task;
    return move;
  };
  const relay = createTaskRelay({
    clock,
    ledger: { change } as unknown as TaskLedger,
    queue: {
      async enqueue(job: DispatchJob) {
        if (isAway) throw new Error('away');
        jobs.push(job);
      },
    } as never,
  });
  return {
    clock,
    relay: () => relay.relay(now.task),
    take: () => relay.taken(jobs.at(-1) as DispatchJob),
    end: () => relay.ended(now.task.id),
    ids: () => jobs.map(({ id }) => id),
    task: () => now.task,
    away: (value: boolean) => {
      isAway = value;
    },
  };
}

describe('the relay', () => {
  it('adds a job once while the queue holds it', async () => {
    const { relay, ids } = createRelay();
    await relay();
    await relay();
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

  it('tries again as soon as a queue that was away is back', async () => {
    const { relay, ids, away } = createRelay();
    away(true);
    await expect(relay()).rejects.toThrow('away');
    away(false);
    await relay();
    expect(ids()).toEqual(['T3-0-1']);
  });
});
