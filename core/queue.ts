import type { TaskId } from './ids.ts';

/** A hand-over of one task's next attempt to the dispatcher. */
export interface DispatchJob {
  /** Unique per dispatch (`queueJobId`); a used id is ignored by the queue. */
  readonly id: string;
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly dispatch: number;
  /** 1 = most urgent, 5 = least. */
  readonly priority: number;
}
