import type { Approval, EffectCall, Grant } from './approval.ts';
import type { AuditAnchor, AuditEntry, AuditEvent } from './audit.ts';
import type { BudgetRecords } from './budget.ts';
import type { About, ChatAddress, OutboundContent, Sender } from './channel.ts';
import type { HostPort } from './host.ts';
import type { TaskId } from './ids.ts';
import type { FileEntry, Step, TaskInput } from './link.ts';
import type { ChatAnswer, ChatMessage, ChatTool, ModelRole, ToolCall } from './model.ts';
import type { Origin, SeenContent } from './origin.ts';
import type { ConfigRecords } from './owner-settings.ts';
import type { PeopleRecords, PersonKey } from './person.ts';
import type { ScheduleRecords } from './schedule.ts';
import type { Task, TaskState } from './task.ts';
import type { TourRecords } from './tour.ts';

export interface Conversation {
  readonly id: string;
  readonly chat: ChatAddress;
  readonly createdAt: Date;
}

/** Where a conversation's messages go. */
export type ConversationPlace = Pick<Conversation, 'id' | 'chat'>;

/** `command` entries are handled at once and without a model; `turn` entries one after the other. */
export type InboxLane = 'command' | 'turn';

export interface InboxEntry {
  /** Also the id of the turn that answers it. */
  readonly id: string;
  readonly conversationId: string;
  readonly chat: ChatAddress;
  readonly updateId: string;
  readonly sender: Sender;
  readonly lane: InboxLane;
  readonly text: string;
  readonly attachments: readonly string[];
  /** Who wrote it first, when its sender only passed it on. */
  readonly forwardedFrom?: string;
  readonly tries: number;
  readonly receivedAt: Date;
}

export type InboxAcceptance =
  | { readonly kind: 'accepted'; readonly entry: InboxEntry }
  /** The same (channel, update id) was accepted before. */
  | { readonly kind: 'duplicate'; readonly turnId: string; readonly conversationId: string };

export interface InboxRecords {
  /**
   * Stores an entry once per (channel, update id); with an origin its words become a message of the conversation in the
   * same step. `begins`: a turn that nothing of its conversation stands before counts its first try at once, as `begin`
   * would. A superseded coordinator accepts nothing.
   */
  accept(entry: Omit<InboxEntry, 'tries'>, said: Origin | null, begins?: boolean): Promise<InboxAcceptance>;
  /** Entries not yet handled, in the order of their arrival. */
  pending(conversationId: string, lane: InboxLane): Promise<InboxEntry[]>;
  /** The channel's update id of an entry, for replies to it; null when there is none. */
  updateIdOf(id: string): Promise<string | null>;
  /** The channel's id of who sent an entry; null when there is no such entry. */
  senderOf(id: string): Promise<string | null>;
  /** Conversations that have such entries; for the start after a crash. */
  pendingConversations(): Promise<string[]>;
  /**
   * The turns not yet handled, in the order of their arrival, after counting one more try for the first of them; a
   * superseded coordinator counts none.
   */
  begin(conversationId: string): Promise<InboxEntry[]>;
  /** Takes a try back that an orderly stop broke off: it was nobody's fault. */
  lowerTries(id: string): Promise<void>;
  markHandled(ids: readonly string[], at: Date): Promise<void>;
  /** Handled without an answer after too many tries. */
  setAside(id: string, at: Date): Promise<void>;
}

export interface ConversationRecords {
  /** Finds or creates the conversation of a chat. */
  ensure(chat: ChatAddress, newId: string, at: Date): Promise<Conversation>;
  get(id: string): Promise<Conversation | null>;
  list(): Promise<Conversation[]>;
}

export interface Message {
  readonly sequence: number;
  readonly conversationId: string;
  readonly turnId: string | null;
  readonly taskId: TaskId | null;
  /** `event` is something that happened (a task's result, a decision), told to the model as such. */
  readonly role: 'user' | 'assistant' | 'event';
  readonly origin: Origin;
  readonly text: string;
  readonly attachments: readonly string[];
  readonly at: Date;
}

export interface MessageRecords {
  append(message: Omit<Message, 'sequence'>): Promise<number>;
  /** The newest `limit` messages before sequence number `before` (all when null), oldest first. */
  recent(conversationId: string, limit: number, before?: number | null): Promise<Message[]>;
  /** The oldest `limit` messages after a sequence number, oldest first. */
  after(conversationId: string, sequence: number, limit: number): Promise<Message[]>;
  /**
   * Messages up to a sequence number that hold some of these words (lower case, letters and digits), the best first:
   * rare words count more than common ones.
   */
  search(conversationId: string, words: readonly string[], upTo: number, limit: number): Promise<Message[]>;
}

/** What the older messages of a conversation came to, up to and including one of them. */
export interface Summary {
  readonly conversationId: string;
  /** Sequence number of the newest message that it covers. */
  readonly upTo: number;
  /** What stays true, a line each, word for word from one summary to the next until it is taken back. */
  readonly facts: readonly string[];
  /** What went on, retold shorter each time. */
  readonly story: string;
  readonly model: string;
  readonly at: Date;
}

export interface SummaryRecords {
  newest(conversationId: string): Promise<Summary | null>;
  /** Idempotent by (conversation, upTo). */
  insert(summary: Summary): Promise<void>;
}

/** One completed round of a coordinator turn: what the model answered and what its calls returned. */
export interface TurnRound {
  readonly round: number;
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  readonly results: readonly { readonly callId: string; readonly content: string }[];
  readonly tasks: readonly TaskId[];
}

/** One model call of a turn exactly as it was made. */
export interface ModelExchange {
  readonly at: Date;
  readonly durationMs: number;
  readonly prompt: { readonly messages: readonly ChatMessage[]; readonly tools: readonly ChatTool[] };
  readonly answer: ChatAnswer;
}

export interface TurnRecords {
  /** Idempotent by (turn, round). */
  appendRound(turnId: string, round: TurnRound): Promise<void>;
  rounds(turnId: string): Promise<TurnRound[]>;
  /** Keeps a model call for people who look into the run, and forgets all but the newest thousand. */
  recordExchange(turnId: string, exchange: ModelExchange): Promise<void>;
  /** The model calls of a turn that are still kept, oldest first. */
  exchanges(turnId: string): Promise<ModelExchange[]>;
}

export interface OutboxEntry {
  readonly id: string;
  readonly conversationId: string;
  readonly chat: ChatAddress;
  readonly content: OutboundContent;
  readonly about: About;
  readonly replyTo: string | null;
  /** Answers and approvals go before progress. */
  readonly urgency: 'answer' | 'progress';
  /** Set for cards: the newest content replaces what is not yet sent, and later ones edit the first. */
  readonly cardKey: string | null;
  /** Not to be delivered earlier; replacing its content leaves this as it was. */
  readonly notBefore?: Date;
}

export interface DueDelivery {
  readonly entry: OutboxEntry;
  readonly sequence: number;
  /** The reference of the message to edit, for a card that was sent before. */
  readonly edits: string | null;
  /** A delivery of it was begun before and its fate is unknown. */
  readonly mayHaveArrived: boolean;
  readonly tries: number;
}

export type HeldDelivery = Pick<OutboxEntry, 'id' | 'conversationId' | 'chat' | 'about'>;

export interface OutboxRecords {
  /** Adds an entry; for a card that still waits to be sent, replaces its content instead. */
  add(entry: OutboxEntry, at: Date): Promise<void>;
  /** What to deliver now: per conversation the first due entry, answers before progress, then in order. */
  due(now: Date, limit: number): Promise<DueDelivery[]>;
  /** When the next postponed entry falls due; null when none waits. */
  nextDueAt(): Promise<Date | null>;
  /** Written before the channel is called. */
  markSending(id: string, at: Date): Promise<void>;
  markSent(id: string, reference: string, at: Date): Promise<void>;
  /** Sets the entry aside for good. */
  markRefused(id: string, reason: string, at: Date): Promise<void>;
  /** Tries again at `notBefore`; `mayHaveArrived` when the channel could not tell. */
  postpone(id: string, notBefore: Date, mayHaveArrived: boolean): Promise<void>;
  /** Keeps an entry back until it is released; what stands behind it goes past it. */
  hold(id: string): Promise<void>;
  /** What is kept back, in order. */
  held(): Promise<HeldDelivery[]>;
  /** Lets entries go that were kept back, in their order; a card that changed meanwhile goes only as it is now. */
  release(ids: readonly string[], at: Date): Promise<void>;
  /** What a sent message is about, by the channel's reference or by its card's key; the newest that fits. */
  aboutSent(conversationId: string, referenceOrKey: string): Promise<About | null>;
  /** The conversation in which a menu (a card whose key begins with `connect:`) was last shown; null when it never was. */
  placeOfMenu(channel: string, key: string): Promise<ConversationPlace | null>;
  /** Entries that are neither sent, refused nor kept back, by conversation. */
  unsent(conversationId: string): Promise<number>;
}

export type NewTask = Pick<
  Task,
  'conversationId' | 'turnId' | 'title' | 'goal' | 'origin' | 'priority' | 'createdAt' | 'deadline'
> & {
  /** Receives the new task's id: a capability may name the task's own folder. */
  readonly capabilities: (id: TaskId) => readonly string[];
};

export type AppendOutcome = 'appended' | 'repeated' | 'stale' | 'out-of-order';

export interface TaskRecords {
  /** A new task counts as handed to the queue for the first time; whoever finds that its job is missing adds it. */
  create(task: NewTask): Promise<Task>;
  get(id: TaskId): Promise<Task | null>;
  /** Newest first. */
  list(filter: {
    readonly states?: readonly TaskState[];
    readonly conversationId?: string;
    readonly limit: number;
  }): Promise<Task[]>;
  /** Every task that is not over, oldest first. */
  live(): Promise<Task[]>;
  /** Writes a moved record if the stored version is still `task.version - 1`; false when somebody was faster. */
  update(task: Task): Promise<boolean>;
  /**
   * The same with the task's card and the audit entry of the move, in one trip to the database; a superseded coordinator
   * is refused. All of it or nothing is written.
   */
  move(
    task: Task,
    told: { readonly card: OutboxEntry; readonly event: AuditEvent },
    at: Date,
  ): Promise<boolean>;
  /** Extends the lease of the attempt that holds the task; false when it no longer does. */
  renewLease(id: TaskId, attempt: number, until: Date): Promise<boolean>;
  addInput(id: TaskId, input: TaskInput, at: Date): Promise<void>;
  /** What a task has read so far. Noted where it is handed out, beside moves and without a version; it never shrinks. */
  seen(id: TaskId): Promise<SeenContent>;
  noteSeen(id: TaskId, more: SeenContent): Promise<void>;
  /** Inputs that no step has taken up yet, in order. */
  pendingInputs(id: TaskId): Promise<TaskInput[]>;
}

export interface StepRecords {
  /**
   * Appends a step of the attempt that holds the task, and with it the task's step count, activity line (when given)
   * and a reset of its crash count; marks the input of a `note` step as taken up. One statement.
   * `repeated`: the same (task, seq) is there already. `stale`: another attempt holds the task or it is over.
   */
  append(id: TaskId, step: Step, activity: string | null): Promise<AppendOutcome>;
  list(id: TaskId): Promise<Step[]>;
  recordSnapshot(id: TaskId, seq: number, key: string, at: Date): Promise<void>;
  newestSnapshot(id: TaskId): Promise<{ readonly seq: number; readonly key: string } | null>;
  /** Forgets all but the newest snapshot and returns the forgotten keys. */
  pruneSnapshots(id: TaskId, keep: 'newest' | 'none'): Promise<string[]>;
}

export interface ApprovalRecords {
  /** False when the same is asked already about a cap that belongs to no task; nothing is written then. */
  insert(approval: Approval): Promise<boolean>;
  get(code: string): Promise<Approval | null>;
  /** All approvals asked for this call, newest first; `task` is null for questions that belong to none. */
  forCall(task: TaskId | null, callId: string): Promise<Approval[]>;
  /** All approvals of a task, oldest first. */
  forTask(task: TaskId): Promise<Approval[]>;
  pending(): Promise<Approval[]>;
  /** Pending ones whose time is up, oldest first. */
  overdue(now: Date): Promise<Approval[]>;
  pendingForTask(task: TaskId): Promise<Approval[]>;
  /** Writes a moved record if the stored one is still pending; false when another decision won. */
  settle(approval: Approval): Promise<boolean>;
}

export interface GrantRecords {
  insert(grant: Grant): Promise<void>;
  active(tool: string, now: Date): Promise<Grant[]>;
  /** All that still hold, the next to lapse first. */
  list(now: Date): Promise<Grant[]>;
  /**
   * Ends what was granted under an approval's code, the permits of it that were not used, and the hosts and repositories
   * that were opened by it; returns what held.
   */
  revoke(approval: string, now: Date): Promise<Grant[]>;
}

/** A single-use licence for one declared call. */
export interface Permit {
  readonly id: string;
  /** Exactly what may run; `digest` is its SHA-256. */
  readonly call: EffectCall;
  readonly digest: string;
  readonly approval: string | null;
  readonly expiresAt: Date;
  /** How many uses of earlier permits for this call came to nobody knows what. Each (digest, retry) is used once. */
  readonly retry: number;
}

/** What a permitted call came to; `ok` null: nobody knows whether it happened, and `content` says why. */
export interface EffectResult {
  readonly ok: boolean | null;
  readonly content: string;
}

export interface PermitUse {
  readonly usedAt: Date;
  /** Null while the call is under way. */
  readonly settled: EffectResult | null;
}

export interface PermitRecords {
  insert(permit: Permit): Promise<void>;
  /** The newest permit for a call, with its use if it was used. */
  forCall(
    task: TaskId,
    callId: string,
  ): Promise<{ readonly permit: Permit; readonly use: PermitUse | null } | null>;
  /** The newest permit for exactly what this digest names; a worker may have declared several calls under one id. */
  forDigest(task: TaskId, callId: string, digest: string): Promise<Permit | null>;
  get(id: string): Promise<Permit | null>;
  /** Commits the use before the effect; false when it was used before or does not exist. */
  consume(id: string, at: Date): Promise<boolean>;
  /** Settles the use of the permit's call, whichever of its permits was used. The first known result stays; it may still replace an unknown one. */
  settle(id: string, result: EffectResult, at: Date): Promise<void>;
  /** Uses that are still open count as unknown: whoever had begun them is gone. Returns how many there were. */
  abandonOpenUses(reason: string, at: Date): Promise<number>;
  /** A task's calls that were begun and of which nobody knows whether they happened. */
  unknownUses(task: TaskId): Promise<EffectCall[]>;
}

export interface StoredFile extends FileEntry {
  /** The object store's key of the content. */
  readonly blob: string;
  readonly version: number;
  /** A name for people to read; it may be anybody's. */
  readonly writtenBy: string;
  /** Who handed it over, as their channel knows them; absent for what tasks wrote. */
  readonly uploader?: PersonKey;
}

export interface FileRecords {
  list(prefix: string, limit: number): Promise<StoredFile[]>;
  get(path: string): Promise<StoredFile | null>;
  /** What this person handed over and nobody has written since. */
  uploadsOf(person: PersonKey, prefix: string, limit: number): Promise<StoredFile[]>;
  /** Those of these paths that exist. */
  find(paths: readonly string[]): Promise<StoredFile[]>;
  /** Adds a version; earlier ones are kept. */
  put(file: Omit<StoredFile, 'version' | 'modifiedAt'>, at: Date): Promise<StoredFile>;
  /** Hides a file; its versions are kept. False when there is none. */
  remove(path: string, removedBy: string, at: Date): Promise<boolean>;
  /** Brings back what was there before the last overwrite or removal, as a new version; null when nothing was. */
  restore(path: string, restoredBy: string, at: Date): Promise<StoredFile | null>;
  /**
   * Forgets versions that were overwritten before this time, and files that were removed before it. Returns how many
   * versions, and the blobs to which no version refers any more.
   */
  forget(before: Date): Promise<{ readonly versions: number; readonly unused: readonly string[] }>;
}

/** What was overwritten or removed can be brought back for so long; cards say so. */
export const FILE_UNDO_DAYS = 30;

/** A host that a person has opened to the commands of one task. */
export interface OpenedHost extends HostPort {
  readonly task: TaskId;
  readonly approval: string | null;
}

/** A repository that the Git commands of one task may read. */
export interface OpenedRepository {
  readonly task: TaskId;
  /** As `parseRepository` names it. */
  readonly repository: string;
  readonly approval: string | null;
}

export interface NetworkRecords {
  openHost(opened: OpenedHost, at: Date): Promise<void>;
  openedHosts(task: TaskId): Promise<OpenedHost[]>;
  openRepository(opened: OpenedRepository, at: Date): Promise<void>;
  openedRepositories(task: TaskId): Promise<OpenedRepository[]>;
}

export interface AuditRecords {
  /** Appends to the tenant's one chain; locks its head, so call it last in a transaction. */
  append(event: AuditEvent, at: Date): Promise<AuditEntry>;
  entries(from?: number): AsyncIterable<AuditEntry>;
  /** Where the chain ends now; sequence 0 before the first entry. */
  head(): Promise<AuditAnchor>;
  /** Newest entries about a subject, oldest first. */
  about(subject: string, limit: number): Promise<AuditEntry[]>;
}

/** What one role used of one model for one task; `task` is null for the coordinator's own turns. */
export interface UsageShare {
  readonly task: TaskId | null;
  readonly role: ModelRole;
  readonly model: string;
  readonly calls: number;
  /** Of them, those whose figures are estimates. */
  readonly estimatedCalls: number;
  /** Of them, those that money could not be counted for. */
  readonly unpricedCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Millionths of a US dollar, of the calls that have a price. */
  readonly micros: number;
}

/** Read only: usage is written by `BudgetRecords.settle`. */
export interface UsageRecords {
  /** By task, role and model, the largest first; of one day (`2026-11-21`, the owner's) or one task when named. */
  shares(filter: { readonly day?: string; readonly task?: TaskId }): Promise<UsageShare[]>;
  totals(filter: {
    readonly since?: Date;
    readonly task?: TaskId;
  }): Promise<{ calls: number; inputTokens: number; outputTokens: number }>;
}

/** The tenant's records; each method is one statement or an atomic few. */
export interface Records {
  readonly inbox: InboxRecords;
  readonly conversations: ConversationRecords;
  readonly messages: MessageRecords;
  readonly summaries: SummaryRecords;
  readonly turns: TurnRecords;
  readonly outbox: OutboxRecords;
  readonly tasks: TaskRecords;
  readonly steps: StepRecords;
  readonly approvals: ApprovalRecords;
  readonly grants: GrantRecords;
  readonly permits: PermitRecords;
  readonly files: FileRecords;
  readonly network: NetworkRecords;
  readonly audit: AuditRecords;
  readonly usage: UsageRecords;
  readonly budget: BudgetRecords;
  readonly config: ConfigRecords;
  readonly people: PeopleRecords;
  readonly tours: TourRecords;
  readonly schedules: ScheduleRecords;
}

/** Another coordinator has taken the tenant over; this one must stop. */
export class CoordinatorFenced extends Error {
  constructor(mine: number, current: number) {
    super(`coordinator epoch ${mine} was superseded by ${current}`);
    this.name = 'CoordinatorFenced';
  }
}

/** The database does not answer or a deadline passed; the work was not committed, or nobody can tell. Retryable. */
export class StoreUnavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'StoreUnavailable';
  }
}

/**
 * The coordinator's store. `transaction` commits all or nothing; inside it only `records` is used and nothing else is
 * awaited. After `takeOver` each transaction checks the epoch.
 *
 * @throws {CoordinatorFenced} from `transaction` when a newer coordinator took over.
 * @throws {StoreUnavailable} when the database is away or out of time.
 */
export interface Store extends Records {
  /** Raises the coordinator epoch and makes this process its holder. */
  takeOver(holder: string, at: Date): Promise<number>;
  transaction<T>(work: (records: Records) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** What the gateway may do with the database: reserve and count usage, use permits, log, read what was decided. */
export interface GatewayStore {
  readonly budget: Pick<BudgetRecords, 'reserve' | 'settle' | 'release' | 'abandonOpen'>;
  readonly permits: Pick<PermitRecords, 'get' | 'consume' | 'settle' | 'abandonOpenUses'>;
  readonly network: Pick<NetworkRecords, 'openedHosts' | 'openedRepositories'>;
  readonly audit: Pick<AuditRecords, 'append'>;
  /** True while the attempt holds the task. */
  isCurrentAttempt(task: TaskId, attempt: number): Promise<boolean>;
}
