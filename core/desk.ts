import type { Approval } from './approval.ts';
import type { AuditCheck } from './audit.ts';
import type { Amount, Cap } from './budget.ts';
import type { Sender } from './channel.ts';
import type { Failure } from './failure.ts';
import type { TaskId } from './ids.ts';
import type { FileEntry, Step } from './link.ts';
import type { ConfigRevision, OwnerSettingName, SettingSource } from './owner-settings.ts';
import type { PersonKey, Role } from './person.ts';
import type { Schedule } from './schedule.ts';
import type { Conversation, Message, ModelExchange, TurnRound, UsageShare } from './store.ts';
import type { Task, TaskState } from './task.ts';

export type Outcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface TaskView {
  readonly task: Task;
  /** The queue position of a queued task, from 1; null otherwise. */
  readonly position: number | null;
}

/** What has been spent under a cap, raises of people included in the cap. */
export interface CapView {
  readonly spent: Amount;
  readonly cap: Cap;
}

/** What models have used today (the owner's day), of which caps, and for whom. */
export interface SpendingView {
  readonly day: CapView & { readonly of: string };
  readonly month: CapView & { readonly of: string };
  /** Today's, by role and model, the largest first; `task` is null in all. */
  readonly shares: readonly UsageShare[];
  /** Today's dearest tasks in tokens. */
  readonly topTasks: readonly Pick<
    UsageShare & { readonly task: TaskId },
    'task' | 'calls' | 'inputTokens' | 'outputTokens' | 'micros'
  >[];
  /** Models that were used today and have no price: money cannot be counted for them. */
  readonly unpricedModels: readonly string[];
}

/** A task as the counter shows it whole. */
export interface TaskFile {
  readonly task: Task;
  readonly steps: Step[];
  readonly approvals: Approval[];
  /** What it has used so far, by model, and its own cap. */
  readonly usage: CapView & { readonly shares: readonly UsageShare[] };
}

/** A schedule and when it runs, in words: `every Monday at 09:00, Europe/Paris`. */
export interface ScheduleView {
  readonly schedule: Schedule;
  readonly when: string;
}

/** What runs, waits and is queued, as `/status` shows it. */
export interface StatusView {
  readonly limit: number;
  readonly running: readonly Task[];
  readonly waiting: readonly Task[];
  readonly queued: readonly Task[];
  readonly paused: readonly Task[];
  readonly approvals: readonly Approval[];
  /** The next of what starts by itself, the first to come first. */
  readonly scheduled: readonly ScheduleView[];
  /** Answers that are being made, oldest first. */
  readonly answering: readonly { readonly conversationId: string; readonly since: Date }[];
  readonly today: {
    readonly finished: number;
    readonly failed: number;
    readonly modelCalls: number;
    readonly inputTokens: number;
    readonly outputTokens: number;
  };
  readonly spending: SpendingView;
  /** Health lines, only when something is wrong; each says the fix. */
  readonly trouble: readonly string[];
  /** How the model is set, in words: `rehearsal`, or names by role. */
  readonly model: string;
  /** How the web is searched, or “off” and what to set. */
  readonly webSearch: string;
  /** Who listens to voice notes, or “off” and what to set. */
  readonly hearing: string;
  /** Who reads answers out, or “off” and what to set. */
  readonly speaking: string;
}

/** What one layer says of a setting, as people type it. */
export interface SettingLayer {
  readonly source: Exclude<SettingSource, 'unset'>;
  readonly value: string;
}

/** One setting that the owner may change, as people see it. */
export interface SettingView {
  readonly name: OwnerSettingName;
  /** As people type it. */
  readonly value: string;
  readonly source: SettingSource;
  /** What each layer says by itself, from the weakest to the strongest; the last counts. */
  readonly layers: readonly SettingLayer[];
  /** The owner's newest change of it, whether it counts or not. */
  readonly revision: ConfigRevision | null;
}

/** What an API client may read and do beside sending messages: the counter of the house. Served by the coordinator. */
export interface Desk {
  status(): Promise<StatusView>;
  /** What the owner may change, and what holds now. */
  listSettings(): SettingView[];
  listTasks(filter: { readonly states?: readonly TaskState[]; readonly limit: number }): Promise<Task[]>;
  getTask(id: TaskId): Promise<Outcome<TaskFile>>;
  /** For a member: only what their own messages started. */
  cancelTask(id: TaskId, by: Sender, channel: string): Promise<Outcome<Task>>;
  /** What somebody may do, and the name that the owner gave them; the same answer as for messages and decisions. */
  whoIs(sender: Sender, channel: string): { readonly role: Role; readonly name: string };
  /** Schedules that have not ended, oldest first. */
  listSchedules(): Promise<ScheduleView[]>;
  pendingApprovals(): Promise<Approval[]>;
  getApproval(code: string): Promise<Outcome<Approval>>;
  listConversations(): Promise<Conversation[]>;
  listMessages(conversationId: string, before: number | null, limit: number): Promise<Message[]>;
  /** The completed rounds of a turn, oldest first; none when there is no such turn. */
  listRounds(turnId: string): Promise<TurnRound[]>;
  /** The model calls of a turn exactly as they were made, oldest first; older ones are forgotten. */
  listExchanges(turnId: string): Promise<ModelExchange[]>;
  listFiles(prefix: string): Promise<FileEntry[]>;
  openFile(path: string): Promise<Outcome<{ entry: FileEntry; content: AsyncIterable<Uint8Array> }>>;
  /** Reads the whole audit chain and recomputes every hash. */
  checkAudit(): Promise<AuditCheck>;
  /** Stores what a person attaches; a taken name gets a number, nothing is overwritten. */
  saveUpload(
    name: string,
    content: AsyncIterable<Uint8Array>,
    by: Sender,
    channel: string,
  ): Promise<Outcome<FileEntry>>;
  /** What this person handed over, and nobody has written since. */
  listUploads(person: PersonKey, prefix: string): Promise<FileEntry[]>;
  /** The same as `openFile`, for one of these only: anything else does not exist for them. */
  openUpload(
    path: string,
    person: PersonKey,
  ): Promise<Outcome<{ entry: FileEntry; content: AsyncIterable<Uint8Array> }>>;
}
