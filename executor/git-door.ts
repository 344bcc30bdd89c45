import type { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pace, PUSH_HEADERS } from '@reeve/core';
import { createServer, httpRequest } from './node-http.ts';
import type { PushLicence } from './push-licence.ts';
import type { TunnelStream } from './shim/tunnel-streams.ts';

export interface GitDoorOptions {
  /** The gateway's Unix socket. */
  readonly socketPath: string;
  /** The task's token, which commands never see. */
  readonly token: () => string;
  readonly pushes: Pick<PushLicence, 'current'>;
  /** How often the gateway is asked. */
  readonly pace: Pace;
}

export const TOO_OFTEN = 'Too many connections at once leave this sandbox; try again in a second.';

/** Repositories, refs and packs; nothing else of the gateway is below this path. */
const TARGET =
  /^\/git\/[\w.~+:[\]/-]{1,600}\/(?:info\/refs\?service=git-(?:upload|receive)-pack|git-(?:upload|receive)-pack)$/;
const ASKED_HEADERS = [
  'accept',
  'accept-encoding',
  'git-protocol',
  'content-type',
  'content-encoding',
  'content-length',
  'transfer-encoding',
];
const SHOWN_HEADERS = ['content-type', 'content-length', 'content-encoding', 'cache-control'];

/**
 * Takes requests of Git in the sandbox on to the gateway's `/git/`. Node's own parser reads them and the loop writes new
 * ones, with the token and with the permit of a push that is under way; of the command's headers only a few that cannot
 * carry either go along.
 */
export function createGitDoor(options: GitDoorOptions): (tunnel: TunnelStream, read: Uint8Array) => void {
  const server = createServer((incoming, outgoing) => {
    if (!TARGET.test(incoming.url ?? '') || !/^(?:GET|POST)$/.test(incoming.method ?? ''))
      return answer(outgoing, 403, 'Only Git’s own requests go to this path.');
    passOn(incoming, outgoing, options).catch(() => {
      if (outgoing.headersSent) outgoing.destroy();
      else answer(outgoing, 502, 'The gateway cannot be reached now.');
    });
  });
  return (tunnel, read) => {
    server.emit('connection', asDuplex(tunnel, read));
  };
}

async function passOn(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { socketPath, token, pushes, pace }: GitDoorOptions,
): Promise<void> {
  if (!(await pace.take())) return answer(outgoing, 429, TOO_OFTEN);
  const isPush = incoming.method === 'POST' && incoming.url?.endsWith('/git-receive-pack');
  const push = isPush ? pushes.current() : null;
  const request = httpRequest({
    socketPath,
    method: incoming.method,
    path: incoming.url,
    headers: {
      ...pick(incoming, ASKED_HEADERS),
      authorization: `Bearer ${token()}`,
      ...(push ? { [PUSH_HEADERS.callId]: push.callId, [PUSH_HEADERS.permit]: push.permit } : {}),
    },
  });
  outgoing.on('close', () => request.destroy());
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject);
  });
  // A refusal may come before all was sent, and closes the connection: then the answer is what counts.
  pipeline(incoming, request).catch((error: Error) => request.destroy(error));
  const response = await answered;
  outgoing.writeHead(response.statusCode ?? 502, pick(response, SHOWN_HEADERS));
  await pipeline(response, outgoing);
}

function pick(from: IncomingMessage, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = from.headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

function answer(outgoing: ServerResponse, status: number, text: string): void {
  outgoing
    .writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
    .end(`${text}\n`);
}

function asDuplex(tunnel: TunnelStream, read: Uint8Array): Duplex {
  async function* received(): AsyncGenerator<Uint8Array> {
    yield read;
    yield* tunnel.received;
  }
  const duplex = Duplex.from({
    readable: Readable.from(received(), { objectMode: false }),
    writable: new Writable({
      write: (chunk: Buffer, _encoding, done) => void tunnel.send(chunk).then(() => done(), done),
      final: (done) => void tunnel.end().then(() => done(), done),
    }),
  });
  return duplex.on('error', tunnel.cut).on('close', tunnel.cut);
}
