/** An event for the log. */
export interface NewChannelEvent {
  readonly deliveryId: string;
  readonly conversationId: string;
  readonly body: string;
  readonly at: Date;
  /** A later event with the same key takes the place of the earlier one: a card, a title. */
  readonly key?: string;
  /** What search looks through. */
  readonly words?: string;
  /** It is not shown among what was said. */
  readonly isAside?: boolean;
}

export interface ChannelEvent {
  readonly number: number;
  readonly conversationId: string;
  readonly body: string;
  readonly at: Date;
}

/** An event where it stands in its conversation: a changed card stays where it first was. */
export interface PlacedEvent extends ChannelEvent {
  readonly position: number;
}

/** From which position a page reaches, and which way. `newest` is the end of the conversation. */
export type PageFrom =
  | { readonly kind: 'newest' }
  | { readonly kind: 'before' | 'after'; readonly position: number };

/** How a conversation is known to people. */
export interface ThreadSummary {
  readonly conversationId: string;
  /** The newest aside with the key `title`. */
  readonly title: string | null;
  /** The first words in it. */
  readonly opening: string | null;
  readonly lastAt: Date;
}

/** What the local HTTP channel has delivered, so that a client that was away can resume. */
export interface EventLog {
  /** Idempotent by `deliveryId`; returns the event's number, which only grows. */
  append(event: NewChannelEvent): Promise<number>;
  /** Events after a number, oldest first; all conversations when null. */
  after(number: number, conversationId: string | null, limit: number): Promise<ChannelEvent[]>;
  newest(): Promise<number>;
  /** The `limit` places next to `from`, each with its newest event, oldest first. */
  page(conversationId: string, from: PageFrom, limit: number): Promise<PlacedEvent[]>;
  /** Events whose words hold every one of these parts, in any case; newest first; of these conversations alone unless null. */
  find(
    parts: readonly string[],
    limit: number,
    conversationIds: readonly string[] | null,
  ): Promise<PlacedEvent[]>;
  /** Those of the conversations that have events. */
  summaries(conversationIds: readonly string[]): Promise<ThreadSummary[]>;
}
