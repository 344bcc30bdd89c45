import type { ChatAddress, Clock, Conversation, Desk, EventLog, PageFrom, PlacedEvent } from '@reeve/core';
import { shorten } from '@reeve/core';
import type { Context } from 'hono';
import type { EventStream } from './event-stream.ts';
import type { ApiEvent } from './events.ts';
import { type Api, problem } from './guard.ts';
import { sessionCookie } from './session-cookie.ts';
import { turnView } from './views.ts';
import { eventFor, HOME_OWNER, type Visitor, visitorOf } from './visitor.ts';
import * as routes from './web-routes.ts';
import type { WebSessions } from './web-sessions.ts';

export interface WebApiDeps {
  readonly channel: string;
  readonly desk: () => Desk;
  readonly events: EventStream;
  readonly eventLog: EventLog;
  readonly sessions: WebSessions;
  readonly newId: () => string;
  readonly clock: Clock;
}

const TITLE_GRAPHEMES = 80;
const SEARCH_WORDS = 8;

/** Adds what the web chat needs beside sending and listening: signing in, pages of a conversation, search, titles. */
export function addWeb(api: Api, deps: WebApiDeps): void {
  addSigningIn(api, deps);
  addReading(api, deps);
  api.openapi(routes.setTitle, async (context) => {
    const { title } = context.req.valid('json');
    const { conversation: name } = context.req.valid('param');
    if (title.trim() === '' || shorten(title, TITLE_GRAPHEMES) !== shorten(title, title.length))
      return refuse('title-refused');
    const { visitor } = context.var;
    const conversation = await findConversation(visitor, { channel: deps.channel, externalId: name });
    if (!conversation) return refuse('conversation-unknown');
    const at = deps.clock.now();
    const kept = visitor.keptName(name);
    const body = { kind: 'renamed' as const, conversation: kept, title: shorten(title, TITLE_GRAPHEMES) };
    await deps.events.publish({
      deliveryId: deps.newId(),
      conversationId: conversation.id,
      body: { ...body, at: at.toISOString() },
      at,
    });
    return context.json({ title: body.title }, 200);
  });
}

function addSigningIn(api: Api, { channel, desk, sessions }: WebApiDeps): void {
  api.openapi(routes.createLink, (context) => {
    const person = context.req.valid('json').person ?? HOME_OWNER.externalId;
    if (visitorOf(desk(), channel, person) === null) return refuse('person-unknown');
    const { token, expiresAt } = sessions.newLink(person);
    const url = webLink(`http://${hostOf(context)}`, token);
    return context.json({ url, expiresAt: expiresAt.toISOString() }, 201);
  });
  api.openapi(routes.login, (context) => {
    const redeemed = sessions.redeem(context.req.valid('json').token);
    if (redeemed.kind !== 'signed-in') return refuse(`link-${redeemed.kind}`);
    context.header('set-cookie', sessionCookie(hostOf(context), redeemed.session));
    return context.body(null, 204);
  });
  api.openapi(routes.logout, (context) => {
    context.header('set-cookie', sessionCookie(hostOf(context), null));
    return context.body(null, 204);
  });
}

/** The link that signs a browser in. What stands behind `#` is sent to nobody and written to no log. */
export function webLink(url: string, token: string): string {
  return `${url}/#login=${token}`;
}

function addReading(api: Api, deps: WebApiDeps): void {
  api.openapi(routes.getTimeline, async (context) => {
    const { before, after, limit } = context.req.valid('query');
    const { visitor } = context.var;
    const newest = await deps.eventLog.newest();
    const found = await findConversation(visitor, {
      channel: deps.channel,
      externalId: context.req.valid('param').conversation,
    });
    if (!found) return context.json({ items: [], hasMore: false, newest }, 200);
    const from = pageFrom(before, after);
    const rows = await deps.eventLog.page(found.id, from, limit + 1);
    const kept = from.kind === 'after' ? rows.slice(0, limit) : rows.slice(-limit);
    return context.json(
      { items: kept.flatMap((placed) => placedFor(visitor, placed)), hasMore: rows.length > limit, newest },
      200,
    );
  });
  api.openapi(routes.search, async (context) => {
    const { q, limit } = context.req.valid('query');
    const parts = q.split(/\s+/).filter(Boolean).slice(0, SEARCH_WORDS);
    const { visitor } = context.var;
    const ids =
      visitor.role === 'owner' ? null : (await visitor.desk.listConversations()).map(({ id }) => id);
    const found = parts.length === 0 ? [] : await deps.eventLog.find(parts, limit, ids);
    return context.json({ hits: found.flatMap((placed) => placedFor(visitor, placed)) }, 200);
  });
  api.openapi(routes.getTurn, async (context) => {
    const { turn } = context.req.valid('param');
    const { desk } = context.var.visitor;
    const [rounds, exchanges] = await Promise.all([desk.listRounds(turn), desk.listExchanges(turn)]);
    return context.json(turnView(turn, rounds, exchanges), 200);
  });
}

function pageFrom(before: number | undefined, after: number | undefined): PageFrom {
  if (after !== undefined) return { kind: 'after', position: after };
  return before === undefined ? { kind: 'newest' } : { kind: 'before', position: before };
}

/** A conversation of this channel by the name that the visitor has for it. */
async function findConversation({ desk }: Visitor, wanted: ChatAddress): Promise<Conversation | undefined> {
  const conversations = await desk.listConversations();
  return conversations.find(
    ({ chat }) => chat.channel === wanted.channel && chat.externalId === wanted.externalId,
  );
}

function placedFor(visitor: Visitor, { position, number, body }: PlacedEvent) {
  const event = eventFor(visitor, JSON.parse(body) as ApiEvent);
  return event === null ? [] : [{ position, number, event }];
}

function hostOf(context: Context): string {
  return context.req.header('host') ?? '';
}

/** Problems are every route's `default` answer, which the typed routes do not know. */
function refuse(code: Parameters<typeof problem>[0]): never {
  return problem(code) as never;
}
