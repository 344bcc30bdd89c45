import { type DispatchJob, moveTask, type Store, type Task, type TaskEvent } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { createDispatcher } from './dispatcher.ts';
import type { ExecutorPool } from './executor-pool.ts';
import type { TaskLedger } from './task-ledger.ts';
import { createTaskRelay } from './task-relay.ts';
import { createKeptLog, createManualClock, NOW, sampleTask, settled } from './testing/samples.ts';
import { createSignal } from './wake-signal.ts';

/** A dispatcher over records in memory and a queue that nobody works on. */
function createHouse(...stored: Task[]) {
  const clock = createManualClock();
  const tasks = new Map(stored.map((task) => [task.id, task]));
  const jobs: string[] = [];
  const listeners: ((task: Task) => void)[] = [];
  let reconciled = 0;
  let isAway = false;
  let gate: Promise<void> = Promise.resolve();
  const change = async (id: Task['id'], event: TaskEvent) => {
    const move = moveTask(tasks.get(id) as Task, event, NOW);
    if (move.kind === 'moved') {
      tasks.set(id, move.task);
      for (const listener of listeners) listener(move.task);
    }
    return move;
  };
  const ledger = { change, onChanged: (listener) => listeners.push(listener) } as Partial<TaskLedger>;
  const queue = {
    async enqueue(job: DispatchJob) {
      if (isAway) throw new Error('away');
      jobs.push(job.id);
    },
    work: async () => ({ setConcurrency: async () => undefined, close: async () => undefined }),
    remove: async () => undefined,
  } as never;
  const deps = { queue, ledger: ledger as TaskLedger, clock, log: createKeptLog() };
  const dispatcher = createDispatcher({
    ...deps,
    store: {
      async transaction() {
        reconciled += 1;
      },
      tasks: {
        async live() {
          await gate;
          return [...tasks.values()];
        },
      },
    } as unknown as Store,
    pool: {
      byTask: () => null,
      tend: async () => undefined,
      warmUp: () => undefined,
      close: async () => undefined,
    } as unknown as ExecutorPool,
    relay: createTaskRelay({ ...deps, pool: { expect: () => undefined } }),
    jobs: { run: async () => undefined, stop: () => undefined },
    wake: createSignal(),
    parallelTasks: () => 5,
    executorsDieWithCoordinator: true,
    chores: {},
  });
  const stop = new AbortController();
  const running = dispatcher.run(stop.signal);
  return {
    dispatcher,
    clock,
    jobs,
    change,
    create(task: Task) {
      tasks.set(task.id, task);
      dispatcher.relay([task]);
    },
    reconciled: () => reconciled,
    away: (value: boolean) => {
      isAway = value;
    },
    holdReads: (until: Promise<void>) => {
      gate = until;
    },
    async stop() {
      stop.abort(new Error('over'));
      await running;
    },
  };
}

const created = sampleTask({ state: 'queued', attempt: 0, dispatch: 1, enqueued: true, leaseUntil: null });

describe('the dispatcher', () => {
  it('hands a new task to the queue at once, without looking at anything else', async () => {
    const house = createHouse();
    await settled();
    const before = house.reconciled();
    house.create(created);
    await settled();
    expect([house.jobs, house.reconciled() - before]).toEqual([['T3-0-1'], 0]);
    await house.clock.advance(1000);
    expect(house.jobs).toEqual(['T3-0-1']);
    await house.stop();
  });

  it('hands a task over at once that a change has queued again', async () => {
    const house = createHouse();
    await settled();
    house.create(created);
    await house.change('T-3', { kind: 'paused' });
    await house.change('T-3', { kind: 'resumed' });
    await settled();
    expect(house.jobs).toEqual(['T3-0-1', 'T3-0-2']);
    await house.stop();
  });

  it('hands a new task over within the next second when the queue was away', async () => {
    const house = createHouse();
    await settled();
    house.away(true);
    house.create(created);
    await settled();
    house.away(false);
    expect(house.jobs).toEqual([]);
    await house.clock.advance(1000);
    expect(house.jobs).toEqual(['T3-0-1']);
    await house.stop();
  });

  it('hands nothing over that was cancelled while the queue was away', async () => {
    const house = createHouse();
    await settled();
    house.away(true);
    house.create(created);
    await settled();
    const outcome = { kind: 'cancelled', summary: '', evidence: [] } as const;
    await house.change('T-3', { kind: 'cancelled', outcome });
    house.away(false);
    await house.clock.advance(1000);
    expect(house.jobs).toEqual([]);
    await house.stop();
  });

  it('gives what an earlier process left a dispatch of its own: its jobs are worth nothing', async () => {
    const house = createHouse(created);
    await settled();
    expect(house.jobs).toEqual(['T3-0-2']);
    await house.stop();
  });

  it('hands nothing over before it has taken over, then everything once', async () => {
    const gate = Promise.withResolvers<void>();
    const house = createHouse();
    house.holdReads(gate.promise);
    house.create(created);
    await settled();
    expect(house.jobs).toEqual([]);
    gate.resolve();
    await settled();
    expect(house.jobs).toHaveLength(1);
    await house.stop();
  });
});
