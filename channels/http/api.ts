import { OpenAPIHono } from '@hono/zod-openapi';
import {
  type ApprovalDecision,
  type ApprovalScope,
  approvalCodeSchema,
  type Clock,
  type Desk,
  type EventLog,
  type FailureCode,
  type Inbound,
  type Log,
  type Outcome,
  type SecretDesk,
  type Sender,
  taskIdSchema,
} from '@reeve/core';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { addSettings } from './config-routes.ts';
import type { EventStream, Subscriber } from './event-stream.ts';
import { apiEventSchema } from './events.ts';
import { createGuard, problem } from './guard.ts';
import { methodsAt } from './methods-at.ts';
import { addPages, isPagePath, type PageReader } from './pages.ts';
import * as routes from './routes.ts';
import { addSecrets } from './secrets-api.ts';
import { approvalView, conversationView, messageView, statusView, taskUsageView, taskView } from './views.ts';
import { addWeb } from './web-api.ts';
import type { WebSessions } from './web-sessions.ts';

export interface ApiDeps {
  readonly channel: string;
  readonly desk: () => Desk;
  readonly secrets: SecretDesk;
  readonly inbound: () => Inbound;
  readonly events: EventStream;
  readonly eventLog: EventLog;
  readonly pages: PageReader;
  readonly sessions: WebSessions;
  readonly token: string;
  readonly version: string;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly heartbeatMs: number;
}

/** Whoever holds the token is the owner. */
const OWNER: Sender = { externalId: 'owner', name: 'owner' };
const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/openapi.json', '/v1/login']);
const isOpen = (path: string) => OPEN_PATHS.has(path) || isPagePath(path);
/** A JSON body: the longest message takes 64,000 characters of up to 4 bytes, escaped at worst six-fold. */
const JSON_LIMIT = 2 * 1024 * 1024;
const SECRET_LIMIT = 64 * 1024;

/** The local HTTP API; `routes.ts` describes it. */
export function createApi(deps: ApiDeps): OpenAPIHono {
  const api = new OpenAPIHono({
    defaultHook: (result) =>
      result.success ? undefined : problem('request-malformed', firstIssue(result.error.issues)),
  });
  api.use('*', createGuard({ token: deps.token, isOpen, isSession: deps.sessions.isValid }));
  api.use(
    '/v1/conversations/*',
    bodyLimit({ maxSize: JSON_LIMIT, onError: () => problem('message-too-long') }),
  );
  api.use('/v1/choices', bodyLimit({ maxSize: JSON_LIMIT, onError: () => problem('request-malformed') }));
  api.use('/v1/approvals/*', bodyLimit({ maxSize: JSON_LIMIT, onError: () => problem('request-malformed') }));
  api.use(
    '/v1/secrets/*',
    bodyLimit({ maxSize: SECRET_LIMIT, onError: () => problem('secret-value-refused') }),
  );
  api.use('/v1/login', bodyLimit({ maxSize: SECRET_LIMIT, onError: () => problem('request-malformed') }));
  addPages(api, deps.pages);
  addConversations(api, deps);
  addEvents(api, deps);
  addTasks(api, deps);
  addApprovals(api, deps);
  addChoices(api, deps);
  addFiles(api, deps);
  addWeb(api, deps);
  addSettings(api, deps.desk);
  addSecrets(api, deps.secrets, `person:${OWNER.externalId}`);
  api.openapi(routes.checkAudit, async (context) => context.json(await deps.desk().checkAudit(), 200));
  api.openapi(routes.getHealth, (context) =>
    context.json({ status: 'ok' as const, version: deps.version }, 200),
  );
  api.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  api.openAPIRegistry.register('Event', apiEventSchema);
  api.doc31('/openapi.json', { openapi: '3.1.0', info: { title: 'Reeve local API', version: deps.version } });
  api.notFound((context) => {
    const { method, path } = context.req;
    const methods = methodsAt(api.routes, path);
    if (methods.length === 0) return problem('route-unknown', path);
    const answer = problem('method-wrong', `${method} ${path}; it takes ${methods.join(', ')}`);
    answer.headers.set('allow', methods.join(', '));
    return answer;
  });
  api.onError((error, context) => {
    if (error instanceof HTTPException && error.status < 500)
      return problem('request-malformed', 'the body is not JSON, or not sent as application/json');
    const reference = deps.newId().slice(-6);
    deps.log.error({ err: error, path: context.req.path, reference }, 'an API call failed');
    return problem('internal', `reference ${reference}`);
  });
  return api;
}

function firstIssue(issues: readonly { path: readonly PropertyKey[]; message: string }[]): string {
  const [issue] = issues;
  return issue ? `${issue.path.map(String).join('.') || 'body'}: ${issue.message}` : 'unknown';
}

/** A problem where the typed routes expect one of their own answers: problems are every route's `default` answer. */
function refuse(code: FailureCode, about?: string): never {
  return problem(code, about) as never;
}

function valueOr<T>(outcome: Outcome<T>): T | { refused: never } {
  return outcome.kind === 'ok'
    ? outcome.value
    : { refused: refuse(outcome.failure.code, outcome.failure.about) };
}

function addConversations(api: OpenAPIHono, deps: ApiDeps): void {
  api.openapi(routes.postMessage, async (context) => {
    const { text, attachments, clientId, replyTo } = context.req.valid('json');
    const externalId = context.req.valid('param').conversation;
    const accepted = await deps.inbound().receive({
      chat: { channel: deps.channel, externalId },
      updateId: clientId ?? deps.newId(),
      sender: OWNER,
      text,
      attachments,
      ...(replyTo === undefined ? {} : { replyTo }),
    });
    if (accepted.kind === 'refused') return refuse(accepted.failure.code, accepted.failure.about);
    const { turnId, conversationId } = accepted;
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
    const conversations = await deps.desk().listConversations();
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
    const found = (await deps.desk().listConversations()).find(
      (conversation) =>
        conversation.id === name ||
        (conversation.chat.channel === deps.channel && conversation.chat.externalId === name),
    );
    const messages = found ? await deps.desk().listMessages(found.id, before ?? null, limit) : [];
    return context.json({ messages: messages.map(messageView) }, 200);
  });
  api.openapi(routes.getStatus, async (context) => context.json(statusView(await deps.desk().status()), 200));
}

function addEvents(api: OpenAPIHono, deps: ApiDeps): void {
  api.openapi(routes.getEvents, async (context) => {
    const { conversation, own, after } = context.req.valid('query');
    // A client that has seen no event yet may send an empty one.
    const lastEventId = context.req.header('last-event-id') || undefined;
    if (lastEventId !== undefined && !/^\d{1,15}$/.test(lastEventId))
      return refuse('request-malformed', 'Last-Event-ID must be the number of an event');
    const from = after ?? (lastEventId === undefined ? null : Number(lastEventId));
    const subscriber = await deps.events.subscribe({
      conversation: conversation ?? null,
      own: own === 'true',
      after: from,
      version: deps.version,
    });
    const send = (stream: SSEStreamingApi) => sendFrames(stream, subscriber, deps);
    return streamSSE(context, send, async (error) => {
      deps.log.error({ err: error }, 'an event stream broke; its client resumes');
    }) as never;
  });
}

async function sendFrames(stream: SSEStreamingApi, subscriber: Subscriber, deps: ApiDeps): Promise<void> {
  const beating = new AbortController();
  stream.onAbort(() => {
    beating.abort();
    subscriber.close();
  });
  try {
    void beat(stream, deps, beating.signal);
    for await (const { id, event } of subscriber.frames) {
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
  deps: ApiDeps,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await deps.clock.sleep(deps.heartbeatMs, signal).catch(() => undefined);
    if (!signal.aborted) await stream.write(': beat\n\n');
  }
}

function addTasks(api: OpenAPIHono, deps: ApiDeps): void {
  api.openapi(routes.listTasks, async (context) => {
    const { state, limit } = context.req.valid('query');
    const tasks = await deps.desk().listTasks({ ...(state ? { states: [state] } : {}), limit });
    return context.json({ tasks: tasks.map(taskView) }, 200);
  });
  api.openapi(routes.getTask, async (context) => {
    const id = taskIdSchema.safeParse(context.req.valid('param').task);
    if (!id.success) return refuse('task-unknown');
    const found = valueOr(await deps.desk().getTask(id.data));
    if ('refused' in found) return found.refused;
    const { task, steps, approvals, usage } = found;
    const detail = {
      stepList: steps,
      approvals: approvals.map(approvalView),
      sandbox: task.sandbox,
      usage: taskUsageView(usage),
    };
    return context.json({ ...taskView(task), ...detail }, 200);
  });
  api.openapi(routes.cancelTask, async (context) => {
    const id = taskIdSchema.safeParse(context.req.valid('param').task);
    if (!id.success) return refuse('task-unknown');
    const task = valueOr(await deps.desk().cancelTask(id.data, OWNER));
    return 'refused' in task ? task.refused : context.json(taskView(task), 200);
  });
}

function addApprovals(api: OpenAPIHono, deps: ApiDeps): void {
  api.openapi(routes.listApprovals, async (context) =>
    context.json({ approvals: (await deps.desk().pendingApprovals()).map(approvalView) }, 200),
  );
  api.openapi(routes.getApproval, async (context) => {
    const code = approvalCodeSchema.safeParse(context.req.valid('param').code);
    if (!code.success) return refuse('approval-unknown');
    const approval = valueOr(await deps.desk().getApproval(code.data));
    return 'refused' in approval ? approval.refused : context.json(approvalView(approval), 200);
  });
  api.openapi(routes.decideApproval, async (context) => {
    const code = approvalCodeSchema.safeParse(context.req.valid('param').code);
    if (!code.success) return refuse('approval-unknown');
    const { decision, scope, note } = context.req.valid('json');
    if (decision === 'edit' && !note?.trim())
      return problem('request-malformed', 'note: an edit says what to change') as never;
    const result = await deps.inbound().decide({
      code: code.data,
      decision: decisionOf(decision, scope, note ?? null),
      chat: { channel: deps.channel, externalId: 'api' },
      sender: OWNER,
    });
    if (result.kind === 'refused') return refuse(result.failure.code, result.failure.about);
    return context.json({ sentence: result.sentence }, 200);
  });
}

function addChoices(api: OpenAPIHono, deps: ApiDeps): void {
  api.openapi(routes.postChoice, async (context) => {
    const chat = { channel: deps.channel, externalId: 'api' };
    const result = await deps.inbound().choose({ ...context.req.valid('json'), chat, sender: OWNER });
    if (result.kind === 'refused') return refuse(result.failure.code, result.failure.about);
    return context.json({ sentence: result.sentence }, 200);
  });
}

function decisionOf(
  kind: ApprovalDecision['kind'],
  scope: ApprovalScope,
  note: string | null,
): ApprovalDecision {
  switch (kind) {
    case 'approve':
      return { kind, scope };
    case 'deny':
      return { kind, note };
    case 'edit':
      return { kind, note: note ?? '' };
    case 'happened':
      return { kind };
  }
}

function addFiles(api: OpenAPIHono, deps: ApiDeps): void {
  api.openapi(routes.listFiles, async (context) =>
    context.json({ files: await deps.desk().listFiles(context.req.valid('query').prefix) }, 200),
  );
  api.openAPIRegistry.registerPath(routes.downloadFile);
  api.get('/v1/files/*', async (context) => {
    const path = decodePath(context.req.path.slice('/v1/files/'.length));
    if (path === null) return problem('file-name-refused');
    const opened = await deps.desk().openFile(path);
    if (opened.kind === 'failed') return problem(opened.failure.code, opened.failure.about);
    const { entry, content } = opened.value;
    return new Response(ReadableStream.from(content), { headers: downloadHeaders(entry.path, entry.bytes) });
  });
  api.openapi(routes.uploadFile, async (context) => {
    const { body } = context.req.raw;
    const content: AsyncIterable<Uint8Array> = body ?? ReadableStream.from([]);
    const stored = valueOr(await deps.desk().saveUpload(context.req.valid('query').name, content, OWNER));
    return 'refused' in stored
      ? stored.refused
      : context.json(
          { path: stored.path, bytes: stored.bytes, sha256: stored.sha256, modifiedAt: stored.modifiedAt },
          201,
        );
  });
}

function decodePath(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

/** A download that no browser runs or shows in place; the name is encoded as RFC 6266 and RFC 8187 say. */
function downloadHeaders(path: string, bytes: number): Record<string, string> {
  const name = path.split('/').at(-1) ?? 'file';
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return {
    'content-type': 'application/octet-stream',
    'content-length': String(bytes),
    'content-disposition': `attachment; filename="file"; filename*=UTF-8''${encoded}`,
    'content-security-policy': "sandbox; default-src 'none'",
  };
}
