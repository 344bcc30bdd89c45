import { setImmediate } from 'node:timers/promises';
import type { Clock, EventLog, Inbound, Log, Sender } from '@reeve/core';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { EventStream, Subscriber } from './event-stream.ts';
import type { Api } from './guard.ts';
import { refuse } from './refusal.ts';
import * as routes from './routes.ts';
import { conversationView, messageView, statusView } from './views.ts';
import { eventFor, type Visitor } from './visitor.ts';

export interface ConversationApiDeps {
  readonly channel: string;
  readonly inbound: () => Inbound;
  readonly events: EventStream;
  readonly eventLog: EventLog;
  /** False once the owner has removed somebody. */
  readonly isKnown: (sender: Sender) => boolean;
  readonly version: string;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly heartbeatMs: number;
}

/** Adds sending, reading and following of conversations. */
export function addConversations(api: Api, deps: ConversationApiDeps): void {
  api.openapi(routes.postMessage, async (context) => {
    const { text, attachments, clientId, replyTo } = context.req.valid('json');
    const { visitor } = context.var;
    const externalId = visitor.keptName(context.req.valid('param').conversation);
    const accepted = await deps.inbound().receive({
      chat: { channel: deps.channel, externalId },
      updateId: visitor.updateId(clientId ?? deps.newId()),
      sender: visitor.sender,
      text,
      attachments,
      ...(replyTo === undefined ? {} : { replyTo }),
    });
    if (accepted.kind === 'refused') return refuse(accepted.failure.code, accepted.failure.about);
    const { turnId, conversationId } = accepted;
    // The message is being answered by now, and that comes before what other pages show of it.
    await setImmediate();
    const at = deps.clock.now();
    const said = { id: turnId, conversation: externalId, text, attachments, clientId: clientId ?? null };
    // When this fails the client sends it again: it is a duplicate then, and said once all the same.
    await deps.events.publish({
      deliveryId: `said:${turnId}`,
      conversationId,
      body: { kind: 'said', ...said, at: at.toISOString() },
      at,
    });
    return context.json({ turnId, conversationId, duplicate: accepted.kind === 'duplicate' }, 202);
  });
  api.openapi(routes.listConversations, async (context) => {
    const conversations = await context.var.visitor.desk.listConversations();
    const summaries = await deps.eventLog.summaries(conversations.map(({ id }) => id));
    const byId = new Map(summaries.map((summary) => [summary.conversationId, summary]));
    return context.json(
      { conversations: conversations.map((each) => conversationView(each, byId.get(each.id))) },
      200,
    );
  });
  api.openapi(routes.listMessages, async (context) => {
    const { before, limit } = context.req.valid('query');
    const name = context.req.valid('param').conversation;
    const found = (await context.var.visitor.desk.listConversations()).find(
      (conversation) =>
        conversation.id === name ||
        (conversation.chat.channel === deps.channel && conversation.chat.externalId === name),
    );
    const messages = found
      ? await context.var.visitor.desk.listMessages(found.id, before ?? null, limit)
      : [];
    return context.json({ messages: messages.map(messageView) }, 200);
  });
  api.openapi(routes.getMe, (context) => {
    const { sender, role } = context.var.visitor;
    return context.json({ id: sender.externalId, name: sender.name, role }, 200);
  });
  api.openapi(routes.getStatus, async (context) =>
    context.json(statusView(await context.var.visitor.desk.status()), 200),
  );
  addEvents(api, deps);
}

function addEvents(api: Api, deps: ConversationApiDeps): void {
  api.openapi(routes.getEvents, async (context) => {
    const { conversation, own, after } = context.req.valid('query');
    const { visitor } = context.var;
    // A client that has seen no event yet may send an empty one.
    const lastEventId = context.req.header('last-event-id') || undefined;
    if (lastEventId !== undefined && !/^\d{1,15}$/.test(lastEventId))
      return refuse('request-malformed', 'Last-Event-ID must be the number of an event');
    const from = after ?? (lastEventId === undefined ? null : Number(lastEventId));
    const subscriber = await deps.events.subscribe({
      conversation: conversation === undefined ? null : visitor.keptName(conversation),
      own: own === 'true',
      after: from,
      version: deps.version,
    });
    const send = (stream: SSEStreamingApi) => sendFrames(stream, { subscriber, visitor, deps });
    return streamSSE(context, send, async (error) => {
      deps.log.error({ err: error }, 'an event stream broke; its client resumes');
    }) as never;
  });
}

async function sendFrames(
  stream: SSEStreamingApi,
  { subscriber, visitor, deps }: { subscriber: Subscriber; visitor: Visitor; deps: ConversationApiDeps },
): Promise<void> {
  const beating = new AbortController();
  stream.onAbort(() => {
    beating.abort();
    subscriber.close();
  });
  try {
    void beat(stream, deps, beating.signal);
    for await (const { id, event: kept } of subscriber.frames) {
      // Somebody who was removed hears nothing more, however long the stream stays open.
      const event = deps.isKnown(visitor.sender) ? eventFor(visitor, kept) : null;
      if (event === null) continue;
      await stream.writeSSE({
        event: event.kind,
        data: JSON.stringify(event),
        ...(id === null ? {} : { id: String(id) }),
      });
    }
  } finally {
    beating.abort();
  }
}

/** A comment now and then, so that both ends notice a dead connection. */
async function beat(
  stream: { write(text: string): Promise<unknown> },
  deps: ConversationApiDeps,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await deps.clock.sleep(deps.heartbeatMs, signal).catch(() => undefined);
    if (!signal.aborted) await stream.write(': beat\n\n');
  }
}
