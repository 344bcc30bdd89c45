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

function holdsStill(task: Task, { attempt }: Slot): boolean {
  return task.attempt === attempt && task.leaseUntil !== null;
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

  async function runTask(job: DispatchJob, current: Task | null): Promise<void> {
    if (isStopping || !(current !== null || (await isDue(job))) || isStopping) return;
    const slot = pool.acquire(job.taskId);
    slot.bind(job, current);
    await slot.ended;
    pool.warmUp();
    await afterEnd(job, slot);
  }

  /** A job that came late, or twice, starts nothing. */
  async function isDue(job: DispatchJob): Promise<boolean> {
    const task = await store.tasks.get(job.taskId);
    return task?.state === 'queued' && queueJobId(task) === job.id;
  }

  async function countFailedStart(id: TaskId): Promise<void> {
    const failures = (failedStarts.get(id) ?? 0) + 1;
    failedStarts.set(id, failures);
    if (failures < MAX_FAILED_STARTS) return;
    failedStarts.delete(id);
    const outcome = { kind: 'failed', summary: '', evidence: [], failure: 'sandbox-unavailable' } as const;
    await ledger.change(id, { kind: 'set-aside', outcome }, 'coordinator');
  }

  async function afterEnd(job: DispatchJob, slot: Slot): Promise<void> {
    const id = job.taskId;
    const task = await store.tasks.get(id);
    if (!task || isStopping) return;
    if (slot.attempt === null || slot.startError !== null) return afterFailedStart(task, job, slot);
    failedStarts.delete(id);
    if (!holdsStill(task, slot)) return;
    log.warn({ task: id, attempt: slot.attempt, logs: slot.logs() }, 'an executor was lost');
    await ledger.change(id, { kind: 'executor-lost', blamed: true }, 'coordinator');
  }

  /** Half of an executor may have come for its task before the other half turned out not to start. */
  async function afterFailedStart(task: Task, job: DispatchJob, slot: Slot): Promise<void> {
    const about = { task: task.id, slot: slot.id, logs: slot.logs(), err: slot.startError };
    if (slot.startError === null) log.warn(about, 'an executor ended before it took its task');
    else log.error(about, 'an executor could not be started');
    const isHeld = holdsStill(task, slot);
    // One that was refused its task because the task was handed over anew meanwhile has not failed.
    const isStillWanted = task.state === 'queued' && queueJobId(task) === job.id;
    if (isHeld || isStillWanted) await countFailedStart(task.id);
    if (isHeld) await ledger.change(task.id, { kind: 'executor-lost', blamed: false }, 'coordinator');
  }

  async function runNext(job: DispatchJob): Promise<void> {
    const current = relay.taken(job);
    try {
      await runTask(job, current);
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
