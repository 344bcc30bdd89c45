import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod/mini';
import { Agent, doorOf, httpRequest } from './node-http.ts';

/** This executor does not hold the task any more and must end without another word. */
export class Superseded extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Superseded';
  }
}

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly body?: string | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
  /** Called when all of the request is on its way. */
  readonly onSent?: () => void;
}

/** The coordinator's database may be away for a while: some 25 s of tries. Every call with a JSON body is safe to repeat. */
const MAX_TRIES = 8;
const FIRST_WAIT_MS = 200;

/** HTTP to the coordinator over its Unix socket, with the task token once it is known. */
export interface LinkTransport {
  useToken(token: string): void;
  /** The raw response, whatever its status. */
  send(exchange: Exchange): Promise<IncomingMessage>;
  /** The parsed body of a 200. */
  call<Schema extends z.ZodMiniType>(exchange: Exchange, schema: Schema): Promise<z.output<Schema>>;
  /** The body of a 200 as a stream; null for a 404. */
  download(path: string): Promise<AsyncIterable<Uint8Array> | null>;
  /** A request whose body stays open. */
  open(path: string): ReturnType<typeof httpRequest>;
}

export function createLinkTransport(socketPath: string): LinkTransport {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  let token = '';

  function send({ method, path, body, signal, onSent }: Exchange): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
      };
      const outgoing = httpRequest(
        { ...doorOf(socketPath), agent, method, path, headers, ...(signal ? { signal } : {}) },
        resolve,
      );
      outgoing.on('error', reject);
      if (onSent) outgoing.once('finish', onSent);
      if (body === undefined || typeof body === 'string') outgoing.end(body);
      else
        pump(body, outgoing).catch((error: unknown) =>
          outgoing.destroy(error instanceof Error ? error : new Error(String(error))),
        );
    });
  }

  async function call<Schema extends z.ZodMiniType>(
    exchange: Exchange,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    for (let tries = 1; ; tries += 1) {
      const response = await send(exchange);
      const text = await readText(response);
      refuseStale(response.statusCode, text);
      if (response.statusCode === 200) return schema.parse(JSON.parse(text));
      const mayTryAgain =
        response.statusCode === 500 && typeof exchange.body === 'string' && tries < MAX_TRIES;
      if (!mayTryAgain)
        throw new Error(`${exchange.method} ${exchange.path} answered ${response.statusCode}: ${text}`);
      await delay(FIRST_WAIT_MS * 2 ** (tries - 1));
    }
  }

  async function download(path: string): Promise<AsyncIterable<Uint8Array> | null> {
    const response = await send({ method: 'GET', path });
    if (response.statusCode === 200) return response;
    const text = await readText(response);
    refuseStale(response.statusCode, text);
    if (response.statusCode === 404) return null;
    throw new Error(`GET ${path} answered ${response.statusCode}: ${text}`);
  }

  return {
    useToken(known) {
      token = known;
    },
    send,
    call,
    download,
    open: (path) =>
      httpRequest({
        ...doorOf(socketPath),
        method: 'POST',
        path,
        headers: { authorization: `Bearer ${token}` },
      }),
  };
}

/** 401 and 409 say that somebody else holds the task, or that it is over. */
function refuseStale(status: number | undefined, text: string): void {
  if (status === 401 || status === 409) throw new Superseded(text);
}

async function pump(content: AsyncIterable<Uint8Array>, outgoing: NodeJS.WritableStream): Promise<void> {
  for await (const chunk of content) {
    if (!outgoing.write(chunk)) await untilDrained(outgoing);
  }
  outgoing.end();
}

/** Leaves no listener behind: a large file waits thousands of times. */
async function untilDrained(outgoing: NodeJS.WritableStream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  outgoing.once('drain', resolve).once('close', resolve);
  await promise;
  outgoing.off('drain', resolve).off('close', resolve);
}

export async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
