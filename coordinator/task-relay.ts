import {
  type Clock,
  type DispatchJob,
  queueJobId,
  type Task,
  type TaskId,
  type TaskQueue,
} from '@reeve/core';
import type { TaskLedger } from './task-ledger.ts';

/** Hands queued tasks to the queue, and again when the queue forgot them. */
export interface TaskRelay {
  /** Sees to it that a queued task has a job: a first one, the forgotten one again, or the next one. */
  relay(task: Task): Promise<void>;
  /** Notes that the queue gave out a job, so that the same id is not added again: queues ignore ids they have seen. */
  taken(job: DispatchJob): void;
  /** Notes that a job's handling has ended, whatever came of it. */
  ended(id: TaskId): void;
}

/** A queued task's job is added again this long after the last time, in case the queue forgot it. */
const REQUEUE_MS = 3000;

export function createTaskRelay(deps: { queue: TaskQueue; ledger: TaskLedger; clock: Clock }): TaskRelay {
  const { queue, ledger, clock } = deps;
  const addedAt = new Map<TaskId, number>();
  const inHand = new Set<TaskId>();
  const lastTaken = new Map<TaskId, string>();

  async function add(task: Task): Promise<void> {
    const { id: taskId, attempt, dispatch, priority } = task;
    await queue.enqueue({ id: queueJobId(task), taskId, attempt, dispatch, priority });
    addedAt.set(task.id, clock.now().getTime());
  }

  return {
    async relay(task) {
      if (inHand.has(task.id) && lastTaken.get(task.id) === queueJobId(task)) return;
      if (task.enqueued && lastTaken.get(task.id) === queueJobId(task)) {
        await ledger.change(task.id, { kind: 'dequeued' }, 'coordinator');
      }
      const move = await ledger.change(task.id, { kind: 'enqueued' }, 'coordinator');
      if (move.kind === 'moved') await add(move.task);
      else if (task.enqueued && clock.now().getTime() - (addedAt.get(task.id) ?? 0) > REQUEUE_MS)
        await add(task);
    },
    taken(job) {
      inHand.add(job.taskId);
      lastTaken.set(job.taskId, job.id);
    },
    ended(id) {
      inHand.delete(id);
      addedAt.delete(id);
    },
  };
}
