import type { IncomingMessage } from 'node:http';
import type { Permit } from '@reeve/core';
import {
  connect,
  declaredBy,
  type GitDoorDeps,
  type GitExchange,
  GitRefusal,
  passOn,
} from './git-exchange.ts';
import { askRemote, type OpenRemote } from './git-remote.ts';
import { type PushHead, readPushHead } from './push-commands.ts';
import { createPushDesk, type DeclaredPush, type PushDesk } from './push-desk.ts';
import { readPushReport } from './push-report.ts';

/** Of a report; refs are few and their lines short. */
const MOST_REPORT_BYTES = 1024 ** 2;

type Commands = Extract<PushHead, { kind: 'commands' }>;

/**
 * Admits a push when its commands are exactly those of its permit, which it uses up; then sends it, and settles it with
 * what the remote reports. Not one byte reaches the remote before that.
 */
export function createPusher(deps: GitDoorDeps): (exchange: GitExchange) => Promise<void> {
  const desk = createPushDesk(deps);
  return async (exchange) => {
    const { claims, request, incoming, outgoing } = exchange;
    if (incoming.headers['content-encoding'] !== undefined)
      throw new GitRefusal(403, 'Not pushed: a packed request hides its commands.');
    const pieces = piecesOf(exchange, deps);
    const head = await readPushHead(pieces);
    if (head.kind === 'refused') throw new GitRefusal(403, head.reason);
    if (head.kind === 'probe') {
      outgoing.writeHead(200, { 'content-type': 'application/x-git-receive-pack-result' }).end();
      return;
    }
    const push: DeclaredPush = { claims, request, ...declaredBy(incoming), commands: head.commands };
    const check = await desk.admit(push);
    if (check.kind === 'refused')
      throw new GitRefusal(403, `Not pushed. ${check.reason} Push with the tool git_push.`);
    await send({ exchange, push, permit: check.permit, head, pieces }, desk, deps);
  };
}

function piecesOf({ incoming, watch }: GitExchange, { gitLimits }: GitDoorDeps): AsyncGenerator<Buffer> {
  watch.signal.addEventListener('abort', () => incoming.destroy(), { once: true });
  return watch.upTo(gitLimits.packBytes)(incoming as AsyncIterable<Buffer>);
}

interface AdmittedPush {
  readonly exchange: GitExchange;
  readonly push: DeclaredPush;
  readonly permit: Permit;
  readonly head: Commands;
  readonly pieces: AsyncGenerator<Buffer>;
}

async function send(admitted: AdmittedPush, desk: PushDesk, deps: GitDoorDeps): Promise<void> {
  const { exchange, push, permit } = admitted;
  let remote: OpenRemote;
  try {
    remote = await connect(exchange, deps);
  } catch (error) {
    const content = error instanceof GitRefusal ? error.message : 'There was no connection in time.';
    await desk.settle(push, permit, { ok: false, content });
    throw error;
  }
  try {
    await desk.recordDeparture(push, permit, remote.address);
    await exchangePack(admitted, remote, desk, deps);
  } finally {
    remote.socket.destroy();
  }
}

async function exchangePack(
  { exchange, push, permit, head, pieces }: AdmittedPush,
  remote: OpenRemote,
  desk: PushDesk,
  deps: GitDoorDeps,
): Promise<void> {
  const { request, incoming, watch } = exchange;
  const { 'content-length': length } = incoming.headers;
  const headers = {
    'content-type': 'application/x-git-receive-pack-request',
    accept: 'application/x-git-receive-pack-result',
    ...(length === undefined ? {} : { 'content-length': length }),
  };
  const report: Buffer[] = [];
  let reported = 0;
  const keep = (piece: Buffer) => {
    reported += piece.length;
    if (reported <= MOST_REPORT_BYTES) report.push(piece);
  };
  let response: IncomingMessage | null = null;
  try {
    const body = { headers, pieces: withHead(head, pieces) };
    response = await askRemote(request, remote, { headers: {}, body }, watch.signal);
    await passOn(exchange, remote, response, deps, keep);
  } finally {
    const status = response?.statusCode ?? 0;
    const outcome = hasRefused(status)
      ? { ok: false, content: `The remote refused the push with status ${status}.` }
      : readPushReport(Buffer.concat(report), push.commands);
    await desk.settle(push, permit, outcome);
  }
}

/** Statuses with which a server says that it has not even begun; after a 5xx nobody knows. */
function hasRefused(status: number): boolean {
  return status >= 300 && status < 500;
}

async function* withHead(
  { section, rest }: Commands,
  pieces: AsyncGenerator<Buffer>,
): AsyncGenerator<Buffer> {
  yield section;
  if (rest.length > 0) yield rest;
  yield* pieces;
}
