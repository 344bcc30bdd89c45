import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  ATTACH_POLL_MS,
  appendRequestSchema,
  attachRequestSchema,
  type Clock,
  type ControlMessage,
  declareRequestSchema,
  finishRequestSchema,
  type Log,
  parseToolArguments,
  performRequestSchema,
  StoreUnavailable,
  type TaskClaims,
  verifyToken,
} from '@reeve/core';
import type { z } from 'zod/mini';
import type { ExecutorPool } from './executor-pool.ts';
import type { Assigner } from './link-assignment.ts';
import {
  BadRequest,
  beatsOf,
  createLinkBodies,
  createPlaces,
  JSON_LIMIT,
  type LinkBodies,
  type Places,
} from './link-bodies.ts';
import type { LinkService } from './link-service.ts';

export interface LinkServerDeps {
  readonly service: LinkService;
  readonly pool: ExecutorPool;
  readonly assign: Assigner;
  readonly tokenKey: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly claims: TaskClaims;
  readonly bodies: LinkBodies;
  readonly uploads: Places;
  /** Resolves when the call has been carried out or refused. */
  readonly over: Promise<void>;
}

type Handler = (deps: LinkServerDeps, call: Call) => Promise<void>;

/** A ticket and nothing else. */
const ATTACH_LIMIT = 1024;
/** Files and snapshots of one attempt that come in at the same time; a loop sends one after the other. */
const UPLOADS = 2;

const ROUTES: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  [
    'POST /append',
    async (deps, call) =>
      reply(call, await deps.service.append(call.claims, await body(call, appendRequestSchema))),
  ],
  [
    'POST /declare',
    async (deps, call) =>
      reply(call, await deps.service.declare(call.claims, await body(call, declareRequestSchema))),
  ],
  [
    'POST /finish',
    async (deps, call) =>
      reply(call, await deps.service.finish(call.claims, await body(call, finishRequestSchema))),
  ],
  ['POST /control', control],
  ['GET /files', listFiles],
  ['GET /files/content', readFile],
  [
    'PUT /files/content',
    async (deps, call) =>
      reply(
        call,
        await call.uploads.take(holderOf(call), () =>
          deps.service.putFile(
            call.claims,
            { callId: query(call, 'call'), permit: query(call, 'permit') },
            call.request,
          ),
        ),
      ),
  ],
  ['POST /files/delete', deleteFile],
  ['POST /network/open', openHost],
  ['POST /schedules', createSchedule],
  [
    'PUT /scratch',
    async (deps, call) =>
      reply(
        call,
        await call.uploads.take(holderOf(call), () =>
          deps.service.files.saveScratch(call.claims, sequence(query(call, 'seq')), call.request),
        ),
      ),
  ],
  ['GET /scratch', readScratch],
]);

/**
 * The task link's transport: plain HTTP/1.1 without a framework, because `POST /control` streams both ways on one
 * request and the step path is the system's hottest. See `link.ts` in core for the calls.
 */
export function createLinkServer(deps: LinkServerDeps): Server {
  const room = { bodies: createLinkBodies(), uploads: createPlaces(UPLOADS) };
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 }, (request, response) => {
    serve(deps, room, request, response).catch((error: unknown) => {
      if (error instanceof BadRequest) return refuse(response, error.status, error.message);
      deps.log.error({ err: error, path: request.url }, 'a task link call failed');
      refuse(response, 500, 'internal error');
    });
  });
  return server;
}

async function serve(
  deps: LinkServerDeps,
  room: Pick<Call, 'bodies' | 'uploads'>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://link');
  const route = `${request.method} ${url.pathname}`;
  if (route === 'POST /attach') return attach(deps, room.bodies, request, response);
  const handler = ROUTES.get(route);
  if (!handler) throw new BadRequest(404, `the task link has no ${route}`);
  const check = verifyToken(
    (request.headers.authorization ?? '').replace(/^Bearer /, ''),
    deps.tokenKey,
    deps.clock.now(),
  );
  if (check.kind === 'invalid') throw new BadRequest(401, `the token is ${check.reason}`);
  if (check.claims.role !== 'task') throw new BadRequest(403, 'the task link takes task tokens only');
  const over = Promise.withResolvers<void>();
  try {
    await handler(deps, { request, response, url, claims: check.claims, ...room, over: over.promise });
  } finally {
    over.resolve();
  }
}

async function attach(
  deps: LinkServerDeps,
  bodies: LinkBodies,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Nobody is known yet: what one caller sends must not count against another, and it is short.
  const over = Promise.resolve();
  const text = await bodies.read(request, { holder: 'attach', limit: ATTACH_LIMIT, over });
  const { ticket } = parse(text, attachRequestSchema);
  const slot = deps.pool.byTicket(ticket);
  if (!slot) throw new BadRequest(410, 'this ticket names no slot that waits');
  const task = await deps.pool.waitForTask(slot, ATTACH_POLL_MS);
  if (!task) return void response.writeHead(204).end();
  const assignment = await deps.assign(slot, task);
  if (!assignment) throw new BadRequest(410, 'the task is no longer to be had');
  sendJson(response, assignment);
}

async function control(deps: LinkServerDeps, call: Call): Promise<void> {
  const { request, response, claims } = call;
  const slot = deps.pool.byTask(claims.task);
  if (!slot || slot.attempt !== claims.attempt) throw new BadRequest(409, 'another attempt holds the task');
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  const close = slot.openControl((message: ControlMessage) => response.write(`${JSON.stringify(message)}\n`));
  try {
    for await (const _beat of beatsOf(request)) {
      if (slot.beat() && !(await renew(deps, claims))) slot.send({ kind: 'cancel' });
    }
  } catch (error) {
    deps.log.debug({ err: error, task: claims.task }, 'a control stream broke; the lease decides');
    request.destroy();
  }
  close();
  response.end();
}

/** A database that is away for a moment costs no executor its task: the beat itself is what the pool counts. */
async function renew(deps: LinkServerDeps, claims: TaskClaims): Promise<boolean> {
  try {
    return await deps.service.renew(claims);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    deps.log.warn({ err: error, task: claims.task }, 'a lease could not be renewed; the next beat does it');
    return true;
  }
}

async function listFiles(deps: LinkServerDeps, call: Call): Promise<void> {
  const list = await deps.service.files.list(call.claims, call.url.searchParams.get('prefix') ?? '');
  if (list === 'denied') throw new BadRequest(403, 'this task may not list files');
  sendJson(call.response, list);
}

async function readFile(deps: LinkServerDeps, call: Call): Promise<void> {
  const opened = await deps.service.openFile(call.claims, query(call, 'path'));
  if (opened.kind === 'failed')
    throw new BadRequest(404, 'there is no such file, or this task may not read it');
  await stream(call.response, opened.value.content);
}

async function deleteFile(deps: LinkServerDeps, call: Call): Promise<void> {
  const { callId, permit } = await body(call, performRequestSchema);
  reply(call, await deps.service.deleteFile(call.claims, { callId, permit }));
}

async function openHost(deps: LinkServerDeps, call: Call): Promise<void> {
  const { callId, permit } = await body(call, performRequestSchema);
  reply(call, await deps.service.openHost(call.claims, { callId, permit }));
}

async function createSchedule(deps: LinkServerDeps, call: Call): Promise<void> {
  const { callId, permit } = await body(call, performRequestSchema);
  reply(call, await deps.service.createSchedule(call.claims, { callId, permit }));
}

async function readScratch(deps: LinkServerDeps, call: Call): Promise<void> {
  const content = await deps.service.files.openScratch(call.claims);
  if (!content) throw new BadRequest(404, 'there is no snapshot');
  await stream(call.response, content);
}

async function stream(response: ServerResponse, content: AsyncIterable<Uint8Array>): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/octet-stream' });
  for await (const chunk of content) {
    if (!response.write(chunk)) await drained(response);
    if (response.destroyed) return;
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

/** An attempt that hangs in the middle of a call takes no room from the next one. */
function holderOf({ claims }: Call): string {
  return `${claims.task} ${claims.attempt}`;
}

async function body<Schema extends z.ZodMiniType>(call: Call, schema: Schema): Promise<z.output<Schema>> {
  const { bodies, request, over } = call;
  return parse(await bodies.read(request, { holder: holderOf(call), limit: JSON_LIMIT, over }), schema);
}

/** Reads a body; what no store can keep (NUL, half characters) is replaced, as in a model's arguments. */
function parse<Schema extends z.ZodMiniType>(text: string, schema: Schema): z.output<Schema> {
  const read = parseToolArguments(text);
  if (read.kind === 'not-json') throw new BadRequest(400, 'the body is not JSON');
  const parsed = schema.safeParse(read.value);
  if (!parsed.success)
    throw new BadRequest(400, `the body is not in the expected form: ${parsed.error.message}`);
  return parsed.data;
}

function query(call: Call, name: string): string {
  const value = call.url.searchParams.get(name);
  if (value === null) throw new BadRequest(400, `the query lacks “${name}”`);
  return value;
}

function sequence(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new BadRequest(400, '“seq” is not the number of a step');
  return Number(text);
}

/** Stale answers go out as 409, which ends the executor. */
function reply(call: Call, answer: { readonly kind: string }): void {
  sendJson(call.response, answer, answer.kind === 'stale' ? 409 : 200);
}

function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent) return void response.destroy();
  response
    .writeHead(status, { 'content-type': 'application/json', connection: 'close' })
    .end(JSON.stringify({ kind: 'refused', reason }));
}
