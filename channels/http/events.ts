import { z } from '@hono/zod-openapi';
import { aboutSchema, cardSchema, type Outbound } from '@reeve/core';

/** A new message of Reeve. */
const messageEventSchema = z.strictObject({
  kind: z.literal('message'),
  id: z.string(),
  conversation: z.string(),
  markdown: z.string(),
  about: aboutSchema,
  replyTo: z.string().nullable(),
  possibleDuplicate: z.boolean(),
  at: z.iso.datetime(),
});

/** A card, new or changed: the newest one with a key replaces the earlier ones. */
const cardEventSchema = z.strictObject({
  kind: z.literal('card'),
  id: z.string(),
  conversation: z.string(),
  key: z.string(),
  card: cardSchema,
  about: aboutSchema,
  edits: z.boolean(),
  at: z.iso.datetime(),
});

/** An answer as it grows: all of its text so far. Never stored; the final message follows. */
const draftEventSchema = z.strictObject({
  kind: z.literal('draft'),
  conversation: z.string(),
  turnId: z.string(),
  text: z.string(),
});

/** What a person said here, from whichever client: so that all of them agree. Only sent to who asks for `own`. */
const saidEventSchema = z.strictObject({
  kind: z.literal('said'),
  /** The turn that answers it. */
  id: z.string(),
  conversation: z.string(),
  text: z.string(),
  attachments: z.array(z.string()),
  /** The client's own id of it, by which it knows its message again. */
  clientId: z.string().nullable(),
  at: z.iso.datetime(),
});

/** A conversation got another title. Only sent to who asks for `own`. */
const renamedEventSchema = z.strictObject({
  kind: z.literal('renamed'),
  conversation: z.string(),
  title: z.string(),
  at: z.iso.datetime(),
});

/** First event of every stream: the number of the newest stored event. */
const helloEventSchema = z.strictObject({
  kind: z.literal('hello'),
  newest: z.number().int(),
  version: z.string(),
});

/**
 * This stream ends here. A client whose last number is at most `newest` was too slow and resumes after it; one whose
 * number is greater comes from another log: it loads the messages again and resumes after `newest`.
 */
const staleEventSchema = z.strictObject({
  kind: z.literal('stale'),
  newest: z.number().int(),
  reason: z.string(),
});

/** Everything that `GET /v1/events` sends. The SSE `event:` is the kind; `id:` stands on what is stored only. */
export const apiEventSchema = z
  .discriminatedUnion('kind', [
    messageEventSchema,
    cardEventSchema,
    draftEventSchema,
    saidEventSchema,
    renamedEventSchema,
    helloEventSchema,
    staleEventSchema,
  ])
  .openapi('Event');

export type ApiEvent = z.infer<typeof apiEventSchema>;

/** A delivery as the event that clients see. */
export function eventOf(outbound: Outbound, at: Date): ApiEvent {
  const base = {
    id: outbound.id,
    conversation: outbound.chat.externalId,
    about: outbound.about,
    at: at.toISOString(),
  };
  if (outbound.content.kind === 'text') {
    const { replyTo, possibleDuplicate } = outbound;
    return { ...base, kind: 'message', markdown: outbound.content.markdown, replyTo, possibleDuplicate };
  }
  const { card } = outbound.content;
  return { ...base, kind: 'card', key: card.key, card, edits: outbound.edits !== null };
}
