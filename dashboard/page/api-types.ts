/**
 * What the page reads of the local API. A test holds these against the API's own schemas; a page and the server that
 * serves it are of one version, so nothing is checked again here.
 */
export type TaskState =
  | 'queued'
  | 'running'
  | 'waiting'
  | 'paused'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'expired';

export type ApprovalScope = 'once' | 'task' | 'always';

export type CardAction =
  | { readonly kind: 'approve'; readonly code: string; readonly scope: ApprovalScope }
  | { readonly kind: 'deny' | 'happened' | 'deny-saying' | 'edit'; readonly code: string }
  | { readonly kind: 'cancel-task' | 'show-task' | 'note'; readonly task: string }
  | { readonly kind: 'choose'; readonly card: string; readonly option: string };

export interface CardButton {
  readonly label: string;
  readonly style: 'plain' | 'primary' | 'danger';
  readonly action: CardAction;
  /** What does the same when it is typed. */
  readonly typed: string;
}

export type Block =
  | { readonly kind: 'heading' | 'text'; readonly text: string }
  | { readonly kind: 'fields'; readonly fields: readonly { readonly name: string; readonly value: string }[] }
  | {
      readonly kind: 'progress';
      readonly icon: string;
      readonly text: string;
      readonly done: number;
      readonly total: number | null;
    }
  | { readonly kind: 'code'; readonly language: string; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'file'; readonly path: string; readonly bytes: number; readonly sha256: string }
  | { readonly kind: 'actions'; readonly actions: readonly CardButton[] };

export interface Card {
  readonly key: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}

export type About =
  | {
      readonly kind: 'turn';
      readonly turnId: string;
      readonly tasks: readonly string[];
      /** Messages typed in a row that this answers too, by their turns; events of older versions have none. */
      readonly also?: readonly string[] | undefined;
      readonly failure?: string | undefined;
    }
  | { readonly kind: 'command'; readonly turnId: string; readonly failure?: string | undefined }
  | { readonly kind: 'task-result' | 'task-card'; readonly taskId: string; readonly state: TaskState }
  | {
      readonly kind: 'approval-card';
      readonly code: string;
      /** May it be done; or, of something whose outcome is not known: did it happen. */
      readonly question: 'permission' | 'outcome';
      /** Null for a question about a cap of a day or month. */
      readonly taskId: string | null;
      readonly state: string;
    }
  | { readonly kind: 'notice' };

export interface MessageEvent {
  readonly kind: 'message';
  readonly id: string;
  readonly conversation: string;
  readonly markdown: string;
  readonly about: About;
  readonly replyTo: string | null;
  readonly possibleDuplicate: boolean;
  readonly at: string;
}

export interface CardEvent {
  readonly kind: 'card';
  readonly id: string;
  readonly conversation: string;
  readonly key: string;
  readonly card: Card;
  readonly about: About;
  readonly edits: boolean;
  readonly at: string;
}

export interface SaidEvent {
  readonly kind: 'said';
  readonly id: string;
  readonly conversation: string;
  readonly text: string;
  readonly attachments: readonly string[];
  readonly clientId: string | null;
  readonly at: string;
}

export interface RenamedEvent {
  readonly kind: 'renamed';
  readonly conversation: string;
  readonly title: string;
  readonly at: string;
}

export interface DraftEvent {
  readonly kind: 'draft';
  readonly conversation: string;
  readonly turnId: string;
  readonly text: string;
}

export interface HelloEvent {
  readonly kind: 'hello';
  readonly newest: number;
  readonly version: string;
}

export interface StaleEvent {
  readonly kind: 'stale';
  readonly newest: number;
  readonly reason: string;
}

/** Shown in a conversation, at its place. */
export type ShownEvent = MessageEvent | CardEvent | SaidEvent;
export type ApiEvent = ShownEvent | RenamedEvent | DraftEvent | HelloEvent | StaleEvent;

export interface PlacedEvent {
  readonly position: number;
  readonly number: number;
  readonly event: ApiEvent;
}

export interface TimelinePage {
  readonly items: readonly PlacedEvent[];
  readonly hasMore: boolean;
  readonly newest: number;
}

/** Who is signed in. */
export interface MeView {
  readonly id: string;
  readonly name: string;
  readonly role: 'owner' | 'member';
}

export interface ConversationView {
  readonly id: string;
  readonly name: string;
  readonly channel: string;
  readonly createdAt: string;
  readonly title: string | null;
  readonly opening: string | null;
  readonly lastAt: string | null;
}

export interface TaskView {
  readonly id: string;
  readonly title: string;
  readonly goal: string;
  readonly state: TaskState;
  readonly waitingFor: 'approval' | 'input' | 'budget' | null;
  readonly activity: string;
  readonly attempt: number;
  readonly turnId: string;
  readonly capabilities: readonly string[];
  readonly outcome: {
    readonly kind: string;
    readonly summary: string;
    readonly verdict: string | null;
  } | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface ApprovalView {
  readonly code: string;
  readonly task: string | null;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly tier: string;
  readonly state: string;
  readonly askedAt: string;
  readonly decidedAt: string | null;
  readonly decidedBy: string | null;
  readonly scope: string | null;
  readonly note: string | null;
}

export type StepBody =
  | {
      readonly kind: 'model';
      readonly text: string;
      readonly toolCalls: readonly { readonly id: string; readonly function: { readonly name: string } }[];
      readonly usage: {
        readonly inputTokens: number;
        readonly outputTokens: number;
        readonly estimated: boolean;
      } | null;
      readonly model: string;
    }
  | {
      readonly kind: 'intent';
      readonly callId: string;
      readonly tool: string;
      readonly arguments: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'result';
      readonly callId: string;
      readonly tool: string;
      readonly ok: boolean;
      readonly content: string;
      readonly activity: string;
      readonly durationMs: number;
    }
  | { readonly kind: 'note'; readonly text: string };

export interface Step {
  readonly seq: number;
  readonly attempt: number;
  readonly at: string;
  readonly body: StepBody;
}

/** What was used up of what may be; null where there is no cap. */
export interface Spending {
  readonly spent: { readonly tokens: number; readonly usd: number };
  readonly cap: { readonly tokens: number | null; readonly usd: number | null };
}

export interface TaskDetail extends TaskView {
  readonly usage: Spending & { readonly byModel: readonly { readonly unpricedCalls: number }[] };
  readonly stepList: readonly Step[];
  readonly approvals: readonly ApprovalView[];
}

export interface StatusView {
  readonly limit: number;
  readonly running: readonly TaskView[];
  readonly waiting: readonly TaskView[];
  readonly queued: readonly TaskView[];
  readonly approvals: readonly ApprovalView[];
  readonly spending: { readonly day: Spending };
  readonly trouble: readonly string[];
  readonly model: string;
}

export interface TurnView {
  readonly id: string;
  readonly rounds: readonly {
    readonly round: number;
    readonly text: string;
    readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
    readonly results: readonly { readonly callId: string; readonly content: string }[];
    readonly tasks: readonly string[];
  }[];
  readonly calls: readonly {
    readonly at: string;
    readonly durationMs: number;
    readonly model: string;
    readonly inputTokens: number | null;
    readonly outputTokens: number | null;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly tools: readonly string[];
    readonly prompt: string;
  }[];
}

export interface StoredFile {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAt: string;
}
