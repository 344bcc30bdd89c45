import { OpenAPIHono } from '@hono/zod-openapi';
import type { Clock, Desk, EventLog, Inbound, Log, SecretDesk } from '@reeve/core';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { addSettings } from './config-routes.ts';
import { addConversations } from './conversation-api.ts';
import type { EventStream } from './event-stream.ts';
import { apiEventSchema } from './events.ts';
import { addFiles } from './file-api.ts';
import { type Api, createGuard, type Guarded, problem } from './guard.ts';
import { methodsAt } from './methods-at.ts';
import { addPages, isPagePath, type PageReader } from './pages.ts';
import * as routes from './routes.ts';
import { addSecrets } from './secrets-api.ts';
import { addTasks } from './task-api.ts';
import { HOME_OWNER, visitorOf } from './visitor.ts';
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

const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/openapi.json', '/v1/login']);
const isOpen = (path: string) => OPEN_PATHS.has(path) || isPagePath(path);
/** A JSON body: the longest message takes 64,000 characters of up to 4 bytes, escaped at worst six-fold. */
const JSON_LIMIT = 2 * 1024 * 1024;
const SECRET_LIMIT = 64 * 1024;

/** The local HTTP API; `routes.ts` describes it. */
export function createApi(deps: ApiDeps): Api {
  const api = new OpenAPIHono<Guarded>({
    defaultHook: (result) =>
      result.success ? undefined : problem('request-malformed', firstIssue(result.error.issues)),
  });
  const visitor = (person: string) => visitorOf(deps.desk(), deps.channel, person);
  api.use(
    '*',
    createGuard({ token: deps.token, isOpen, personOf: deps.sessions.personOf, visitorOf: visitor }),
  );
  api.use(
    '/v1/conversations/*',
    bodyLimit({ maxSize: JSON_LIMIT, onError: () => problem('message-too-long') }),
  );
  api.use('/v1/choices', bodyLimit({ maxSize: JSON_LIMIT, onError: () => problem('request-malformed') }));
  api.use('/v1/approvals/*', bodyLimit({ maxSize: JSON_LIMIT, onError: () => problem('request-malformed') }));
  api.use(
    '/v1/secrets/*',
    bodyLimit({
      maxSize: SECRET_LIMIT,
      onError: () => problem('secret-value-refused', 'the request is longer than any secret'),
    }),
  );
  api.use('/v1/login', bodyLimit({ maxSize: SECRET_LIMIT, onError: () => problem('request-malformed') }));
  addPages(api, deps.pages);
  addConversations(api, { ...deps, isKnown: ({ externalId }) => visitor(externalId) !== null });
  addTasks(api, deps);
  addFiles(api, deps);
  addWeb(api, deps);
  addSettings(api);
  addSecrets(api, deps.secrets, `person:${HOME_OWNER.externalId}`);
  api.openapi(routes.checkAudit, async (context) =>
    context.json(await context.var.visitor.desk.checkAudit(), 200),
  );
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
