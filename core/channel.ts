import { z } from 'zod';
import type { ApprovalDecision } from './approval.ts';
import { cardSchema } from './card.ts';
import type { Failure } from './failure.ts';
import { taskIdStrictSchema } from './ids.ts';
import { TASK_STATES } from './task.ts';

/** Who sent something, as the channel knows it. The coordinator maps it to owner, member or stranger. */
export interface Sender {
  /** Stable id within the channel; numeric ids as decimal text. */
  readonly externalId: string;
  readonly name: string;
}

/** A chat thread as the channel names it. */
export interface ChatAddress {
  readonly channel: string;
  readonly externalId: string;
}

/** One inbound message. `updateId` is unique within its channel: the same one twice is stored once. */
export interface InboundMessage {
  readonly chat: ChatAddress;
  readonly updateId: string;
  readonly sender: Sender;
  readonly text: string;
  /** Paths among the owner's files of what came with it. */
  readonly attachments: readonly string[];
  /** The message it replies to: a delivery's reference, or a card's key. Replying to a task's card steers the task. */
  readonly replyTo?: string;
  /** Who wrote it first, when the sender only passes it on: it is then untrusted, whoever the sender is. */
  readonly forwardedFrom?: string;
  /** The text is what was heard in a recording, not what was typed: it is marked as that, and is never a command. */
  readonly isHeard?: boolean;
}

export type Accepted =
  | { readonly kind: 'accepted'; readonly turnId: string; readonly conversationId: string }
  | { readonly kind: 'duplicate'; readonly turnId: string; readonly conversationId: string }
  | { readonly kind: 'refused'; readonly failure: Failure };

export interface DecisionRequest {
  readonly code: string;
  readonly decision: ApprovalDecision;
  readonly chat: ChatAddress;
  readonly sender: Sender;
}

export type DecisionResult =
  | { readonly kind: 'decided'; readonly sentence: string }
  | { readonly kind: 'refused'; readonly failure: Failure };

/** A tap on one of the answers that a card offers, by the card's key. */
export interface ChoiceRequest {
  readonly card: string;
  readonly option: string;
  readonly chat: ChatAddress;
  readonly sender: Sender;
}

/** What a channel may call on the coordinator. `receive` resolves after the commit: only then may a channel acknowledge. */
export interface Inbound {
  receive(message: InboundMessage): Promise<Accepted>;
  decide(request: DecisionRequest): Promise<DecisionResult>;
  choose(request: ChoiceRequest): Promise<DecisionResult>;
}

/** What an outbound message is about, for clients that follow a turn or a task to its end. */
export const aboutSchema = z.discriminatedUnion('kind', [
  /** The answer that ends a turn, and the tasks the turn started. */
  z.strictObject({
    kind: z.literal('turn'),
    turnId: z.string(),
    /** Messages typed in a row that this answers too, by their turn ids. */
    also: z.array(z.string()),
    tasks: z.array(taskIdStrictSchema),
    /** A code of the failure catalogue when the turn came to nothing; its text says so in words. */
    failure: z.string().optional(),
  }),
  /** The answer to a slash command or a decision; it may have ended tasks but starts none. */
  z.strictObject({ kind: z.literal('command'), turnId: z.string(), failure: z.string().optional() }),
  z.strictObject({ kind: z.literal('task-result'), taskId: taskIdStrictSchema, state: z.enum(TASK_STATES) }),
  z.strictObject({ kind: z.literal('task-card'), taskId: taskIdStrictSchema, state: z.enum(TASK_STATES) }),
  z.strictObject({
    kind: z.literal('approval-card'),
    code: z.string(),
    question: z.enum(['permission', 'outcome']),
    /** Null for a question about a cap of a day or month. */
    taskId: taskIdStrictSchema.nullable(),
    state: z.string(),
  }),
  z.strictObject({ kind: z.literal('notice') }),
]);

export const outboundContentSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), markdown: z.string() }),
  z.strictObject({ kind: z.literal('card'), card: cardSchema }),
]);

export type About = z.infer<typeof aboutSchema>;
export type OutboundContent = z.infer<typeof outboundContentSchema>;

export interface Outbound {
  /** Unique; a delivery that is repeated with the same id is the same message. */
  readonly id: string;
  readonly conversationId: string;
  readonly chat: ChatAddress;
  readonly content: OutboundContent;
  readonly about: About;
  /** The inbound update it replies to. */
  readonly replyTo: string | null;
  /** The channel's reference of the message this edits; null for a new one. */
  readonly edits: string | null;
  /** Set when an earlier try may have arrived: the channel says so to the person. */
  readonly possibleDuplicate: boolean;
}

export type Delivery =
  | { readonly kind: 'sent'; readonly reference: string }
  /** The channel cannot tell whether it arrived. */
  | { readonly kind: 'unknown' }
  /** For good when it names no time; with one it is tried again then, for as long as it is refused like this. */
  | { readonly kind: 'refused'; readonly reason: string; readonly retryAfterMs: number | null };

/** An answer as it grows. Best effort, never stored; the final message follows through `deliver`. */
export interface Draft {
  readonly conversationId: string;
  readonly chat: ChatAddress;
  readonly turnId: string;
  /** All of the text so far. */
  readonly text: string;
}

export interface ChannelAdapter {
  readonly name: string;
  /** Cards are edited no faster than this, in milliseconds. */
  readonly editIntervalMs: number;
  /** Starts receiving; resolves once it listens. Ends when the signal aborts. */
  start(inbound: Inbound, signal: AbortSignal): Promise<void>;
  deliver(outbound: Outbound): Promise<Delivery>;
  draft(draft: Draft): void;
}
