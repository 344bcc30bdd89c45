import {
  type Approval,
  type Clock,
  type DispatchJob,
  isLive,
  type Log,
  type QueueWorker,
  queueJobId,
  type Store,
  type Task,
  type TaskId,
  type TaskQueue,
} from '@reeve/core';
import type { ExecutorPool, Slot } from './executor-pool.ts';
import type { TaskLedger } from './task-ledger.ts';
import { createSignal } from './wake-signal.ts';

export interface Dispatcher {
  /** Says that a task may need an executor. */
  wake(): void;
  /** Takes over what an earlier process left, then relays, dispatches and reconciles until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Hands new words of the person to the executor that works on the task, if one does. */
  steer(id: TaskId): void;
  asked(approval: Approval): void;
  decided(approval: Approval): void;
}

export interface DispatcherDeps {
  readonly store: Store;
  readonly queue: TaskQueue;
  readonly pool: ExecutorPool;
  readonly ledger: TaskLedger;
  readonly clock: Clock;
  readonly log: Log;
  readonly parallelTasks: number;
  readonly holdMs: number;
  readonly executorsDieWithCoordinator: boolean;
  readonly expireApprovals: () => Promise<void>;
}

const RECONCILE_MS = 1000;
/** A queued task's job is added again this long after the last time, in case the queue forgot it. */
const REQUEUE_MS = 3000;
/** Starts that fail before the executor has asked for its task, after which the task is given up. */
const MAX_FAILED_STARTS = 3;
/** How long a paused executor gets to save its scratch directory. */
const PAUSE_GRACE_MS = 5000;

/**
 * Brings queued tasks and executors together. Postgres says what is to run; the queue only orders it. Recovery never
 * waits for the queue: every second the leases in Postgres are compared with the executors that really run.
 */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { store, queue, pool, ledger, clock, log } = deps;
  const signal = createSignal();
  const lastAdded = new Map<TaskId, number>();
  const failedStarts = new Map<TaskId, number>();
  const held = new Set<string>();
  let isStopping = false;

  async function relay(task: Task): Promise<void> {
    const now = clock.now().getTime();
    if (!task.enqueued) {
      const move = await ledger.change(task.id, { kind: 'enqueued' }, 'coordinator');
      if (move.kind === 'moved') await add(move.task, now);
    } else if (now - (lastAdded.get(task.id) ?? 0) > REQUEUE_MS && !pool.byTask(task.id)) {
      await add(task, now);
    }
  }

  async function add(task: Task, now: number): Promise<void> {
    lastAdded.set(task.id, now);
    await queue.enqueue({
      id: queueJobId(task),
      taskId: task.id,
      attempt: task.attempt,
      dispatch: task.dispatch,
      priority: task.priority,
    });
  }

  async function runJob(job: DispatchJob): Promise<void> {
    const task = await store.tasks.get(job.taskId);
    if (isStopping || task?.state !== 'queued' || queueJobId(task) !== job.id || pool.byTask(task.id)) return;
    const slot = await startSlot(task);
    if (!slot) return;
    slot.bind(task.id);
    pool.warmUp();
    await slot.ended;
    await afterEnd(task.id, slot);
  }

  async function startSlot(task: Task): Promise<Slot | null> {
    try {
      return await pool.acquire();
    } catch (error) {
      log.error({ err: error, task: task.id }, 'an executor could not be started');
      await countFailedStart(task.id);
      return null;
    }
  }

  async function countFailedStart(id: TaskId): Promise<void> {
    const failures = (failedStarts.get(id) ?? 0) + 1;
    failedStarts.set(id, failures);
    if (failures < MAX_FAILED_STARTS) {
      await ledger.change(id, { kind: 'dequeued' }, 'coordinator');
      return;
    }
    failedStarts.delete(id);
    const outcome = { kind: 'failed', summary: '', evidence: [], failure: 'sandbox-unavailable' } as const;
    await ledger.change(id, { kind: 'set-aside', outcome }, 'coordinator');
  }

  async function afterEnd(id: TaskId, slot: Slot): Promise<void> {
    lastAdded.delete(id);
    const task = await store.tasks.get(id);
    if (!task || isStopping) return;
    if (slot.attempt === null) {
      log.warn({ task: id, slot: slot.id, logs: slot.logs() }, 'an executor ended before it took its task');
      if (task.state === 'queued') await countFailedStart(id);
    } else if (task.attempt === slot.attempt && task.leaseUntil !== null) {
      log.warn({ task: id, attempt: slot.attempt, logs: slot.logs() }, 'an executor was lost');
      await ledger.change(id, { kind: 'executor-lost', blamed: true }, 'coordinator');
    }
    signal.raise();
  }

  async function reconcile(): Promise<void> {
    await pool.endSilent();
    const now = clock.now();
    for (const task of await store.tasks.live()) {
      if (task.deadline <= now) await expire(task);
      else if (task.state === 'queued') await relay(task);
      else if (task.leaseUntil !== null && task.leaseUntil < now && !pool.byTask(task.id)) {
        await ledger.change(task.id, { kind: 'executor-lost', blamed: true }, 'coordinator');
      }
    }
    await deps.expireApprovals();
  }

  async function expire(task: Task): Promise<void> {
    const outcome = { kind: 'expired', summary: '', evidence: [], failure: 'task-deadline' } as const;
    await ledger.change(task.id, { kind: 'expired', outcome }, 'coordinator');
  }

  /** What an earlier coordinator process left: its local executors died with it, its queue jobs are not trusted. */
  async function takeOver(): Promise<void> {
    for (const task of await store.tasks.live()) {
      if (task.leaseUntil !== null && deps.executorsDieWithCoordinator) {
        await ledger.change(task.id, { kind: 'executor-lost', blamed: false }, 'coordinator');
      }
      if (task.state === 'queued' && task.enqueued)
        await ledger.change(task.id, { kind: 'dequeued' }, 'coordinator');
    }
  }

  ledger.onChanged((task) => {
    const slot = pool.byTask(task.id);
    if (task.state === 'queued') signal.raise();
    if (!slot) {
      if (!isLive(task))
        void queue
          .remove(queueJobId(task))
          .catch((error: unknown) =>
            log.warn({ err: error, task: task.id }, 'a queue job stayed behind; it is ignored when it comes'),
          );
      return;
    }
    if (task.state === 'paused') void pauseSlot(slot);
    else if (task.state === 'cancelled' || task.state === 'expired') void endSlot(slot);
  });

  async function endSlot(slot: Slot): Promise<void> {
    slot.send({ kind: 'cancel' });
    await slot.kill();
  }

  async function pauseSlot(slot: Slot): Promise<void> {
    slot.send({ kind: 'pause' });
    await Promise.race([slot.ended, clock.sleep(PAUSE_GRACE_MS)]);
    await slot.kill();
  }

  /** Keeps the executor for a short while after a question, then lets it go; the answer starts the next attempt. */
  async function hold(approval: Approval, slot: Slot): Promise<void> {
    held.add(approval.code);
    await Promise.race([slot.ended, clock.sleep(deps.holdMs)]);
    if (held.delete(approval.code)) slot.send({ kind: 'release' });
  }

  async function loop(abort: AbortSignal): Promise<void> {
    while (!abort.aborted) {
      try {
        await reconcile();
      } catch (error) {
        if (abort.aborted) return;
        log.error({ err: error }, 'reconciling tasks failed; trying again');
      }
      await signal.wait(clock, RECONCILE_MS, abort);
    }
  }

  return {
    wake: () => signal.raise(),
    steer(id) {
      const slot = pool.byTask(id);
      if (!slot) return;
      void store.tasks.pendingInputs(id).then(
        (inputs) => {
          for (const input of inputs) slot.send({ kind: 'steer', input });
        },
        (error: unknown) => log.error({ err: error, task: id }, 'a steer waits for the next attempt'),
      );
    },
    asked(approval) {
      const slot = pool.byTask(approval.call.task);
      if (slot) void hold(approval, slot);
    },
    decided(approval) {
      held.delete(approval.code);
      const { code: asked, state, note } = approval;
      pool
        .byTask(approval.call.task)
        ?.send({ kind: 'decision', approval: asked, approved: state === 'approved', note });
      signal.raise();
    },
    async run(abort) {
      await takeOver();
      pool.warmUp();
      const worker: QueueWorker = await queue.work(runJob, { concurrency: deps.parallelTasks });
      await loop(abort);
      isStopping = true;
      await pool.close();
      await worker.close();
    },
  };
}
