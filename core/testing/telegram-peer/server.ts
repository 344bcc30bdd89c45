import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, refusal } from './answer.ts';
import type { Fault, Faults } from './faults.ts';
import { isMethod } from './method-schemas.ts';
import { callMethod } from './methods.ts';
import { type Parameters, readParameters, TooLarge } from './parameters.ts';
import type { RateLimit } from './rate-limit.ts';
import type { World } from './world.ts';

export interface PeerServer {
  readonly url: string;
  close(): Promise<void>;
}

interface ServerDeps {
  readonly world: World;
  readonly faults: Faults;
  readonly rateLimit: RateLimit;
  /** The bot's token; another one is answered as Telegram answers it. Null once it was revoked. */
  readonly token: () => string | null;
  /** What is at any other address. */
  readonly page: (request: IncomingMessage, url: URL) => Promise<{ type: string; body: string } | null>;
}

/** Speaks the Bot API over HTTP on loopback: `/bot<token>/<method>` and `/file/bot<token>/<path>`. */
export async function serveBotApi(deps: ServerDeps, port: number): Promise<PeerServer> {
  const server = createServer((request, response) => {
    handle(deps, request, response).catch((error: unknown) => {
      if (!response.headersSent) reply(response, refusal(500, `Internal Server Error: ${String(error)}`));
      response.end();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function handle(deps: ServerDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const [, isFile, token, rest = ''] = /^(\/file)?\/bot([^/]+)\/(.+)$/.exec(url.pathname) ?? [];
  if (token === undefined) return servePage(deps, request, response, url);
  if (token !== deps.token()) return reply(response, refusal(401, 'Unauthorized'));
  if (isFile !== undefined) return serveFile(deps, response, rest);
  await serveMethod(deps, request, response, { url, method: rest.toLowerCase() });
}

async function servePage(
  deps: ServerDeps,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const page = await deps.page(request, url);
  if (!page) return reply(response, refusal(404, 'Not Found'));
  response.writeHead(200, { 'content-type': page.type }).end(page.body);
}

function serveFile({ world }: ServerDeps, response: ServerResponse, path: string): void {
  const file = world.files.get(path.replace(/^files\//, ''));
  if (!file) return void reply(response, refusal(404, 'Not Found'));
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': file.bytes.length,
  });
  response.end(file.bytes);
}

async function serveMethod(
  deps: ServerDeps,
  request: IncomingMessage,
  response: ServerResponse,
  { url, method }: { url: URL; method: string },
): Promise<void> {
  const { world } = deps;
  const at = world.now();
  const read = await readParameters(request, url).catch((error: unknown) => {
    if (error instanceof TooLarge) return refusal(413, 'Request Entity Too Large');
    return refusal(400, "Bad Request: can't parse the request");
  });
  if ('kind' in read) return reply(response, read);
  const given = Number(read.values['chat_id']);
  const chatId = Number.isFinite(given) ? given : null;
  const note = (status: number) =>
    void world.calls.push({ method, chatId, parameters: read.values, at, status });
  const fault = deps.faults.take(method);
  if (fault?.kind === 'hang') return note(0);
  const answer = await answerOf(deps, read, { method, chatId, at, fault }, goneSignal(response));
  note(answer.kind === 'ok' ? 200 : answer.status);
  if (fault?.kind === 'lost-response') return void response.destroy();
  if (fault?.kind === 'malformed-json')
    return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true,"resu');
  reply(response, answer);
}

async function answerOf(
  deps: ServerDeps,
  read: Parameters,
  call: { method: string; chatId: number | null; at: number; fault: Fault | null },
  signal: AbortSignal,
): Promise<Answer> {
  const { method, chatId, at, fault } = call;
  if (fault?.kind === 'server-error') return refusal(502, 'Bad Gateway');
  const wait = fault?.kind === 'too-many-requests' ? fault.retryAfter : deps.rateLimit(method, chatId, at);
  if (wait > 0) return refusal(429, `Too Many Requests: retry after ${wait}`, wait);
  if (!isMethod(method)) return refusal(404, 'Not Found: method not found');
  return callMethod(deps.world, method, read, signal);
}

function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}

function reply(response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return;
  const body =
    answer.kind === 'ok'
      ? { ok: true, result: answer.result }
      : {
          ok: false,
          error_code: answer.status,
          description: answer.description,
          ...(answer.retryAfter === undefined ? {} : { parameters: { retry_after: answer.retryAfter } }),
          ...(answer.migrateTo === undefined ? {} : { parameters: { migrate_to_chat_id: answer.migrateTo } }),
        };
  response
    .writeHead(answer.kind === 'ok' ? 200 : answer.status, { 'content-type': 'application/json' })
    .end(JSON.stringify(body));
}
