import { type DispatchJob, type Log, queueJobId, type Store, type Task, type TaskId } from '@reeve/core';
import type { ExecutorPool, Slot } from './executor-pool.ts';
import type { TaskLedger } from './task-ledger.ts';
import type { TaskRelay } from './task-relay.ts';

/** Handles the queue's jobs: one executor for one attempt of one task, from its start to its end. */
export interface JobRunner {
  /** Resolves when the executor has ended and the task's record says so. */
  run(job: DispatchJob): Promise<void>;
  /** From here on executors end because this process does: their tasks go on at the next start. */
  stop(): void;
}

/** Starts that fail before the executor has asked for its task, after which the task is given up. */
const MAX_FAILED_STARTS = 3;

export function createJobRunner(deps: {
  store: Store;
  pool: ExecutorPool;
  ledger: TaskLedger;
  relay: TaskRelay;
  log: Log;
  onEnded: () => void;
}): JobRunner {
  const { store, pool, ledger, relay, log } = deps;
  const running = new Map<TaskId, Promise<void>>();
  const failedStarts = new Map<TaskId, number>();
  let isStopping = false;

  async function runTask(job: DispatchJob): Promise<void> {
    const task = await store.tasks.get(job.taskId);
    if (isStopping || task?.state !== 'queued' || queueJobId(task) !== job.id) return;
    const slot = await startSlot(task);
    if (!slot) return;
    slot.bind(task.id);
    await slot.ended;
    pool.warmUp();
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
    if (failures < MAX_FAILED_STARTS) return;
    failedStarts.delete(id);
    const outcome = { kind: 'failed', summary: '', evidence: [], failure: 'sandbox-unavailable' } as const;
    await ledger.change(id, { kind: 'set-aside', outcome }, 'coordinator');
  }

  async function afterEnd(id: TaskId, slot: Slot): Promise<void> {
    const task = await store.tasks.get(id);
    if (!task || isStopping) return;
    if (slot.attempt === null) {
      log.warn({ task: id, slot: slot.id, logs: slot.logs() }, 'an executor ended before it took its task');
      if (task.state === 'queued') await countFailedStart(id);
      return;
    }
    failedStarts.delete(id);
    if (task.attempt !== slot.attempt || task.leaseUntil === null) return;
    log.warn({ task: id, attempt: slot.attempt, logs: slot.logs() }, 'an executor was lost');
    await ledger.change(id, { kind: 'executor-lost', blamed: true }, 'coordinator');
  }

  async function runNext(job: DispatchJob): Promise<void> {
    relay.taken(job);
    try {
      await runTask(job);
    } finally {
      relay.ended(job);
      deps.onEnded();
    }
  }

  return {
    async run(job) {
      // A task's executors never overlap: the next one starts when the last one is gone.
      const before = running.get(job.taskId) ?? Promise.resolve();
      const mine = before.catch(() => undefined).then(() => runNext(job));
      running.set(job.taskId, mine);
      try {
        await mine;
      } finally {
        if (running.get(job.taskId) === mine) running.delete(job.taskId);
      }
    },
    stop() {
      isStopping = true;
    },
  };
}
