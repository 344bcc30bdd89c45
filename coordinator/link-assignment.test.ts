import { moveTask, type Store, type Task, type TaskEvent } from '@reeve/core';
import { SAMPLE_LEVEL } from '@reeve/core/testing';
import { describe, expect, it } from 'vitest';
import type { Slot } from './executor-pool.ts';
import { createAssigner } from './link-assignment.ts';
import type { AlsoWrite, TaskLedger } from './task-ledger.ts';
import { createManualClock, NOW, resultStep, sampleTask } from './testing/samples.ts';

/** What somebody gets who comes for a queued task with a slot for one of its jobs. */
async function assign(job: string, more: Partial<Task> = {}) {
  const queued = { state: 'queued', attempt: 0, dispatch: 1, enqueued: true, leaseUntil: null } as const;
  const before = sampleTask({ ...queued, ...more });
  const begun: number[] = [];
  const read: string[] = [];
  const change = async (_id: string, event: TaskEvent, _actor: string, also: AlsoWrite) => {
    const move = moveTask(before, event, NOW);
    if (move.kind === 'refused') return move;
    const written = await also({} as never, before, move.task);
    return written === 'abandon' ? { kind: 'refused', reason: 'abandoned' } : move;
  };
  const list = async () => {
    read.push('steps');
    return [resultStep(1, 'ran a command')];
  };
  const newestSnapshot = async () => {
    read.push('snapshot');
    return { seq: 1, key: 'scratch/T-3/1.tar' };
  };
  const assignTo = createAssigner({
    store: {
      steps: { list, newestSnapshot },
      tasks: { pendingInputs: async () => [] },
    } as unknown as Store,
    ledger: { change } as unknown as TaskLedger,
    launcher: { level: async () => SAMPLE_LEVEL },
    clock: createManualClock(),
    tokenKey: new Uint8Array(32),
    timeZone: () => 'Europe/Berlin',
    attemptLimitMs: 60_000,
    webSearch: false,
    secrets: { list: async () => [] },
  });
  const slot = { job, begin: (attempt: number) => begun.push(attempt) } as unknown as Slot;
  return { assignment: await assignTo(slot, before.id), begun, read };
}

describe('an executor that comes for its task', () => {
  it('gets the first attempt without a look for what cannot be there', async () => {
    const { assignment, begun, read } = await assign('T3-0-1');
    expect(assignment).toMatchObject({ attempt: 1, steps: [], snapshot: null });
    expect([begun, read]).toEqual([[1], []]);
  });

  it('gets what the last attempt left', async () => {
    const { assignment } = await assign('T3-1-2', { attempt: 1, dispatch: 2 });
    expect(assignment).toMatchObject({ attempt: 2, steps: [{ seq: 1 }], snapshot: 1 });
  });

  it('is turned away when its job is not the current dispatch, and begins nothing', async () => {
    const { assignment, begun } = await assign('T3-0-1', { dispatch: 2 });
    expect([assignment, begun]).toEqual([null, []]);
  });
});
