import {
  type Clock,
  type DispatchJob,
  isLive,
  queueJobId,
  type Task,
  type TaskId,
  type TaskQueue,
} from '@reeve/core';
import type { ExecutorPool } from './executor-pool.ts';
import type { TaskLedger } from './task-ledger.ts';

/** Hands queued tasks to the queue, and again when the queue forgot them. */
export interface TaskRelay {
  /**
   * Sees to it that a queued task has a job: a first one, the forgotten one again, or the next one. Rejects while the
   * queue or the database is away; calling it again is always safe. One that is under way is not begun again for a
   * record that was merely read; for one just written the next follows.
   */
  relay(task: Task, known: 'just-written' | 'read'): Promise<void>;
  /**
   * Notes that the queue gave out a job, so that the same id is not added again: queues ignore ids they have seen. The
   * task's record when it is surely the task's current dispatch: added by this relay for the record as it was just
   * written, not given out before, and the task has not moved since. Of any other (null), only the task's record in the
   * database says whether it still counts.
   */
  taken(job: DispatchJob): Task | null;
  /** Notes that a job's handling has ended, whatever came of it. */
  ended(job: DispatchJob): void;
  /** Notes how a task is after a change. */
  changed(task: Task): void;
}

/** The newest job of a task that this process knows of. */
interface HandOver {
  readonly job: string;
  phase: 'adding' | 'added' | 'taken' | 'consumed';
  /** The task as it was just written; null once the job is given out or the task has moved. */
  current: Task | null;
  /** When it was added last, in milliseconds. */
  at: number;
}

/** A queued task's job is added again this long after the last time, in case the queue forgot it. */
const REQUEUE_MS = 3000;

export function createTaskRelay(deps: {
  queue: TaskQueue;
  ledger: TaskLedger;
  /** Starts what the task is going to need beside the queue's work. */
  pool: Pick<ExecutorPool, 'expect'>;
  clock: Clock;
}): TaskRelay {
  const { queue, ledger, pool, clock } = deps;
  const handedOver = new Map<TaskId, HandOver>();
  const underWay = new Map<TaskId, Promise<void>>();

  async function relayOnce(task: Task, isCurrent: boolean): Promise<void> {
    const last = handedOver.get(task.id);
    const phase = last?.job === queueJobId(task) ? last.phase : null;
    if (phase === 'taken') return;
    if (task.enqueued && phase !== 'consumed') {
      if (isDue(task)) await add(task, last?.job === queueJobId(task) ? last.current !== null : isCurrent);
      return;
    }
    if (task.enqueued) await ledger.change(task.id, { kind: 'dequeued' }, 'coordinator');
    const move = await ledger.change(task.id, { kind: 'enqueued' }, 'coordinator');
    if (move.kind === 'moved') await add(move.task, true);
  }

  function isDue(task: Task): boolean {
    const last = handedOver.get(task.id);
    if (last?.job !== queueJobId(task)) return true;
    return last.phase === 'added' && clock.now().getTime() - last.at > REQUEUE_MS;
  }

  /** A worker may take the job before the queue has said that it has it; what it notes then stays. */
  async function add(task: Task, isCurrent: boolean): Promise<void> {
    const { id: taskId, attempt, dispatch, priority } = task;
    const job = queueJobId(task);
    const current = isCurrent ? task : null;
    const handOver: HandOver = { job, phase: 'adding', current, at: clock.now().getTime() };
    handedOver.set(taskId, handOver);
    pool.expect(taskId, 1);
    try {
      await queue.enqueue({ id: job, taskId, attempt, dispatch, priority });
      handOver.phase = 'added';
    } catch (error) {
      if (handedOver.get(taskId) === handOver) handedOver.delete(taskId);
      throw error;
    }
  }

  return {
    async relay(task, known) {
      const before = underWay.get(task.id);
      if (before && known === 'read') return;
      const mine = (before ?? Promise.resolve())
        .catch(() => undefined)
        .then(() => relayOnce(task, known === 'just-written'));
      underWay.set(task.id, mine);
      try {
        await mine;
      } finally {
        if (underWay.get(task.id) === mine) underWay.delete(task.id);
      }
    },
    taken({ taskId, id }) {
      const last = handedOver.get(taskId);
      if (last && last.job !== id) return null;
      handedOver.set(taskId, { job: id, phase: 'taken', current: null, at: last?.at ?? 0 });
      return last?.current ?? null;
    },
    ended({ taskId, id }) {
      const last = handedOver.get(taskId);
      if (last?.job === id) last.phase = 'consumed';
    },
    changed(task) {
      const last = handedOver.get(task.id);
      if (task.state !== 'queued') pool.expect(task.id, 0);
      if (!isLive(task)) handedOver.delete(task.id);
      else if (last && !(task.state === 'queued' && task.enqueued && queueJobId(task) === last.job))
        last.current = null;
    },
  };
}
