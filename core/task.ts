import type { TaskId } from './ids.ts';
import type { Origin } from './origin.ts';
import type { SandboxLevel } from './sandbox-level.ts';

export const TASK_STATES = [
  'queued',
  'running',
  'waiting',
  'paused',
  'succeeded',
  'failed',
  'cancelled',
  'expired',
] as const;
export type TaskState = (typeof TASK_STATES)[number];
export type WaitingFor = 'approval' | 'input' | 'budget';

/** What a task came to. `evidence` names the steps (sequence numbers) that prove the summary. */
export interface TaskOutcome {
  readonly kind: 'succeeded' | 'failed' | 'cancelled' | 'expired';
  readonly summary: string;
  readonly evidence: readonly number[];
  /**
   * What the steps say of a success: proved, not proved by any, or that everything it wanted from outside the sandbox was
   * denied by policy or a person, or refused by whoever was to do it.
   */
  readonly verdict?: 'proved' | 'unverified' | 'denied' | 'refused';
  /** A code of the failure catalogue when the task did not succeed. */
  readonly failure?: string;
}

/** Delegated work. The coordinator is its only writer, and `moveTask` the only function that changes its state. */
export interface Task {
  readonly id: TaskId;
  readonly conversationId: string;
  /** The inbox entry whose turn started it; its result replies to that message. */
  readonly turnId: string;
  readonly title: string;
  readonly goal: string;
  readonly origin: Origin;
  readonly capabilities: readonly string[];
  readonly state: TaskState;
  readonly waitingFor: WaitingFor | null;
  /** Counts executors bound to it, from 1; what an older attempt writes is refused. 0 before the first. */
  readonly attempt: number;
  /** Counts hand-overs to the queue; with the attempt it makes each queue job id unique. */
  readonly dispatch: number;
  /** True while a queue job for the current dispatch is believed to exist. */
  readonly enqueued: boolean;
  /** Executors lost in a row without a new step in between. */
  readonly crashes: number;
  /** Until when the bound executor's lease runs; null when no executor holds the task. */
  readonly leaseUntil: Date | null;
  /** What walls the newest attempt's commands had; null before the first. */
  readonly sandbox: SandboxLevel | null;
  /** 1 = most urgent, 5 = least. */
  readonly priority: number;
  /** One plain line saying what it does now, for cards and `/status`. */
  readonly activity: string;
  readonly steps: number;
  readonly outcome: TaskOutcome | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly deadline: Date;
  /** Compare-and-swap counter: an update names the version it read. */
  readonly version: number;
}

export type TaskEvent =
  | { readonly kind: 'enqueued' }
  | { readonly kind: 'dequeued' }
  | { readonly kind: 'attached'; readonly leaseUntil: Date; readonly sandbox: SandboxLevel }
  | { readonly kind: 'asked'; readonly waitingFor: WaitingFor }
  | { readonly kind: 'answered' }
  | { readonly kind: 'released' }
  /** `blamed` is false when the executor ended because its coordinator did; that does not count as a crash. */
  | { readonly kind: 'executor-lost'; readonly blamed: boolean }
  | { readonly kind: 'paused' }
  | { readonly kind: 'resumed' }
  | { readonly kind: 'finished'; readonly outcome: TaskOutcome }
  | { readonly kind: 'cancelled'; readonly outcome: TaskOutcome }
  | { readonly kind: 'expired'; readonly outcome: TaskOutcome }
  /** A task is given up: it cannot be started, or gets no more budget. */
  | { readonly kind: 'set-aside'; readonly outcome: TaskOutcome };

export type TaskMove =
  | { readonly kind: 'moved'; readonly task: Task }
  | { readonly kind: 'refused'; readonly reason: string };

/** Executors lost in a row, with no step between, after which a task is set aside as failed. */
export const POISON_AFTER_CRASHES = 3;

const LIVE: ReadonlySet<TaskState> = new Set(['queued', 'running', 'waiting', 'paused']);

/** True while a task can still do something; the other states are final. */
export function isLive(task: Pick<Task, 'state'>): boolean {
  return LIVE.has(task.state);
}

/**
 * Moves a task by one event. The only function that changes a task's state.
 *
 * ```
 * queued ──attached──► running ──asked──► waiting ──answered──► running (executor still there)
 *    ▲                    │ executor-lost    │  ▲ released (executor gone, stays waiting)
 *    ├────────────────────┘                  └──answered──► queued (no executor)
 *    └──resumed── paused ◄──paused── queued | running | waiting
 * running ──finished──► succeeded | failed      any live ──cancelled──► cancelled
 * running ──executor-lost ×3──► failed          any live ──expired──► expired, ──set-aside──► failed
 * ```
 *
 * Lease renewals and steps change no state; the store writes them beside it, fenced by the attempt.
 *
 * Pure: takes the time as an argument and returns a new record with a raised version, or the reason why the event
 * does not fit the state.
 */
export function moveTask(task: Task, event: TaskEvent, now: Date): TaskMove {
  if (!isLive(task)) return refuse(task, event);
  switch (event.kind) {
    case 'enqueued':
      return task.state === 'queued' && !task.enqueued
        ? move(task, { enqueued: true, dispatch: task.dispatch + 1 })
        : refuse(task, event);
    case 'dequeued':
      return task.state === 'queued' ? move(task, { enqueued: false }) : refuse(task, event);
    case 'attached':
      return task.state === 'queued' ? move(task, attach(task, event, now)) : refuse(task, event);
    case 'asked':
      return task.state === 'running'
        ? move(task, { state: 'waiting', waitingFor: event.waitingFor })
        : refuse(task, event);
    case 'answered':
      return task.state === 'waiting' ? move(task, answer(task)) : refuse(task, event);
    case 'released':
      return release(task, event);
    case 'executor-lost':
      return loseExecutor(task, event, now);
    case 'paused':
      return task.state === 'paused'
        ? refuse(task, event)
        : move(task, { ...WITHOUT_EXECUTOR, state: 'paused' });
    case 'resumed':
      return task.state === 'paused'
        ? move(task, { ...WITHOUT_EXECUTOR, state: 'queued' })
        : refuse(task, event);
    case 'finished':
      return task.state === 'running' ? end(task, event.outcome, now) : refuse(task, event);
    case 'cancelled':
    case 'expired':
    case 'set-aside':
      return end(task, event.outcome, now);
  }
}

const WITHOUT_EXECUTOR = { waitingFor: null, leaseUntil: null, enqueued: false } as const;

function attach(
  task: Task,
  { leaseUntil, sandbox }: Extract<TaskEvent, { kind: 'attached' }>,
  now: Date,
): Partial<Task> {
  return {
    state: 'running',
    attempt: task.attempt + 1,
    enqueued: false,
    leaseUntil,
    sandbox,
    startedAt: task.startedAt ?? now,
  };
}

function answer(task: Task): Partial<Task> {
  return task.leaseUntil === null
    ? { ...WITHOUT_EXECUTOR, state: 'queued' }
    : { state: 'running', waitingFor: null };
}

/** An executor leaves while its task waits; when the answer came in the same moment, the task goes on with the next. */
function release(task: Task, event: TaskEvent): TaskMove {
  if (task.leaseUntil === null) return refuse(task, event);
  return task.state === 'waiting'
    ? move(task, { leaseUntil: null })
    : move(task, { ...WITHOUT_EXECUTOR, state: 'queued' });
}

function loseExecutor(task: Task, event: Extract<TaskEvent, { kind: 'executor-lost' }>, now: Date): TaskMove {
  if (task.leaseUntil === null) return refuse(task, event);
  if (task.state === 'waiting') return move(task, { leaseUntil: null });
  const crashes = task.crashes + (event.blamed ? 1 : 0);
  if (crashes < POISON_AFTER_CRASHES) return move(task, { ...WITHOUT_EXECUTOR, state: 'queued', crashes });
  const summary = `Its worker was lost ${crashes} times in a row without getting further, so it was set aside.`;
  return end({ ...task, crashes }, { kind: 'failed', summary, evidence: [], failure: 'task-poisoned' }, now);
}

function end(task: Task, outcome: TaskOutcome, now: Date): TaskMove {
  return move(task, { ...WITHOUT_EXECUTOR, state: outcome.kind, outcome, endedAt: now });
}

function move(task: Task, patch: Partial<Task>): TaskMove {
  return { kind: 'moved', task: { ...task, ...patch, version: task.version + 1 } };
}

function refuse(task: Task, event: TaskEvent): TaskMove {
  return { kind: 'refused', reason: `${task.id} is ${task.state}; “${event.kind}” does not apply` };
}

/** The queue job id of a task's current dispatch, such as `T142-1-1`; BullMQ ignores ids it has seen. */
export function queueJobId(task: Pick<Task, 'id' | 'attempt' | 'dispatch'>): string {
  return `${task.id.replace('-', '')}-${task.attempt}-${task.dispatch}`;
}
