import { type Clock, isLive, type Log, queueJobId, type Store, type Task, type TaskQueue } from '@reeve/core';
import { createDispatchWorker } from './dispatch-worker.ts';
import type { ExecutorPool } from './executor-pool.ts';
import type { JobRunner } from './job-runner.ts';
import { keepTrying } from './keep-trying.ts';
import type { TaskLedger } from './task-ledger.ts';
import type { TaskRelay } from './task-relay.ts';
import type { WakeSignal } from './wake-signal.ts';

export interface Dispatcher {
  /** Hands tasks to the queue that were just committed; returns at once. What fails is done within the next second. */
  relay(created: readonly Task[]): void;
  /** Takes over what an earlier process left, then relays, dispatches and reconciles until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface DispatcherDeps {
  readonly store: Store;
  readonly queue: TaskQueue;
  readonly pool: ExecutorPool;
  readonly ledger: TaskLedger;
  readonly relay: TaskRelay;
  readonly jobs: JobRunner;
  /** Raised whenever a task may need an executor. */
  readonly wake: WakeSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** Read anew every second. */
  readonly parallelTasks: () => number;
  readonly executorsDieWithCoordinator: boolean;
  /** What else is looked after every second, by name; one chore's trouble keeps no other from being done. */
  readonly chores: Readonly<Record<string, () => Promise<void>>>;
}

const RECONCILE_MS = 1000;

/**
 * Brings queued tasks and executors together. Postgres says what is to run; the queue only orders it. Recovery never
 * waits for the queue: every second the leases in Postgres are compared with the executors that really run.
 */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { store, queue, pool, ledger, clock, log } = deps;
  const relaying = new Set<Promise<void>>();
  let hasTakenOver = false;
  const worker = createDispatchWorker(deps);

  async function reconcile(): Promise<void> {
    // Notices a newer coordinator, however little there is to do.
    await store.transaction(async () => undefined);
    await apart('executors', () => pool.tend());
    await apart('parallel tasks', () => worker.adjust());
    const now = clock.now();
    for (const task of await store.tasks.live()) {
      if (task.deadline <= now) await apart(task.id, () => expire(task));
      else if (task.state === 'queued') relayInBackground(task, 'read');
      else if (task.leaseUntil !== null && task.leaseUntil < now && !pool.byTask(task.id))
        await apart(task.id, () =>
          ledger.change(task.id, { kind: 'executor-lost', blamed: true }, 'coordinator'),
        );
    }
    for (const [what, chore] of Object.entries(deps.chores)) await apart(what, chore);
  }

  /** One task's trouble keeps no other from being looked at; what failed is looked at again in a second. */
  async function apart(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      log.error({ err: error, what }, 'reconciling failed in part; trying again');
    }
  }

  /** A queue that is away takes seconds to say so, and neither leases nor turns can wait for it. */
  function relayInBackground(task: Task, known: 'just-written' | 'read'): void {
    // Until then nobody knows which of the queue's jobs are worth anything; the first reconciling relays.
    if (!hasTakenOver) return;
    const relayed = apart(task.id, () => deps.relay.relay(task, known)).finally(() =>
      relaying.delete(relayed),
    );
    relaying.add(relayed);
  }

  async function expire(task: Task): Promise<void> {
    const outcome = { kind: 'expired', summary: '', evidence: [], failure: 'task-deadline' } as const;
    await ledger.change(task.id, { kind: 'expired', outcome }, 'coordinator');
  }

  function forgetJob(task: Task): void {
    if (isLive(task) || pool.byTask(task.id)) return;
    queue
      .remove(queueJobId(task))
      .catch((error: unknown) =>
        log.warn({ err: error, task: task.id }, 'a queue job stayed behind; it is ignored when it comes'),
      );
  }

  ledger.onChanged((task) => {
    deps.relay.changed(task);
    if (task.state === 'queued' && !task.enqueued) relayInBackground(task, 'just-written');
    forgetJob(task);
  });

  async function loop(abort: AbortSignal): Promise<void> {
    while (!abort.aborted) {
      try {
        await reconcile();
      } catch (error) {
        if (abort.aborted) return;
        log.error({ err: error }, 'reconciling tasks failed; trying again');
      }
      await deps.wake.wait(clock, RECONCILE_MS, abort);
    }
  }

  return {
    relay(created) {
      for (const task of created) relayInBackground(task, 'just-written');
    },
    async run(abort) {
      await keepTrying(() => takeOver(deps), {
        clock,
        log,
        signal: abort,
        what: 'what an earlier process left running',
      });
      hasTakenOver = true;
      pool.warmUp();
      worker.start(abort);
      await loop(abort);
      await Promise.all(relaying);
      deps.jobs.stop();
      await pool.close();
      await worker.close();
    },
  };
}

/** What an earlier coordinator process left: its local executors died with it, its queue jobs are not trusted. */
async function takeOver({ store, ledger, executorsDieWithCoordinator }: DispatcherDeps): Promise<void> {
  for (const task of await store.tasks.live()) {
    if (task.leaseUntil !== null && executorsDieWithCoordinator) {
      await ledger.change(task.id, { kind: 'executor-lost', blamed: false }, 'coordinator');
    }
    if (task.state === 'queued' && task.enqueued)
      await ledger.change(task.id, { kind: 'dequeued' }, 'coordinator');
  }
}
