import { once } from 'node:events';
import { connect } from 'node:net';
import { type Clock, createPace } from '@reeve/core';
import { createGitDoor, type GitDoorOptions, TOO_OFTEN } from './git-door.ts';
import { joinSocket, type TunnelStream } from './shim/tunnel-streams.ts';

const maxHeadBytes = 16 * 1024;
const headWithinMs = 10_000;
/** Package managers open hundreds at once and keep them; what goes on like this costs the gateway a core. */
const connections = { burst: 500, perSecond: 50, patienceMs: 1000 };
const lingerMs = 2000;
const headEnd = '\r\n\r\n';
const howToOpen =
  'Only https leaves this sandbox, to hosts that were opened for it. Ask with the tool network_open(host, port); ' +
  'or make a single request with http_fetch.';

/**
 * Takes connections of commands to their proxy on to the gateway. Only `CONNECT` goes through, of whose head only the
 * target counts, and Git's own requests: the loop writes every head itself, so nothing that a command says can pass
 * for the token or reach any other door of the gateway. What is open is the gateway's to say. It is asked at a bounded
 * rate.
 */
export function createCommandDoor({
  clock,
  ...door
}: Omit<GitDoorOptions, 'pace'> & { readonly clock: Clock }): (tunnel: TunnelStream) => void {
  const options = { ...door, pace: createPace(connections, clock) };
  const git = createGitDoor(options);
  return (tunnel) => {
    void passOn(tunnel, options, git);
  };
}

async function passOn(
  tunnel: TunnelStream,
  { socketPath, token, pace }: GitDoorOptions,
  git: ReturnType<typeof createGitDoor>,
): Promise<void> {
  const chunks = tunnel.received[Symbol.asyncIterator]();
  try {
    const head = await readHead(tunnel, chunks);
    if (head.kind === 'refused') return await refuse(tunnel, chunks, head);
    if (head.kind === 'git')
      return git({ ...tunnel, received: { [Symbol.asyncIterator]: () => chunks } }, head.read);
    if (!(await pace.take()))
      return await refuse(tunnel, chunks, refused('429 Too Many Requests', TOO_OFTEN));
    const gateway = connect({ path: socketPath, allowHalfOpen: true });
    try {
      await once(gateway, 'connect');
    } catch {
      return await refuse(tunnel, chunks, refused('502 Bad Gateway', 'The gateway cannot be reached now.'));
    }
    const { target } = head;
    gateway.write(
      `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\nProxy-Authorization: Bearer ${token()}${headEnd}`,
    );
    if (head.rest.length > 0) gateway.write(head.rest);
    await joinSocket({ ...tunnel, received: { [Symbol.asyncIterator]: () => chunks } }, gateway);
  } catch {
    // Cut by the command, or with the sandbox; there is nobody left to tell.
    tunnel.cut();
  }
}

interface Refused {
  readonly kind: 'refused';
  readonly status: string;
  readonly reason: string;
}

type Head =
  | { readonly kind: 'connect'; readonly target: string; readonly rest: Uint8Array }
  /** What was read so far, whole. */
  | { readonly kind: 'git'; readonly read: Uint8Array }
  | Refused;

async function readHead(tunnel: TunnelStream, chunks: AsyncIterator<Uint8Array>): Promise<Head> {
  const timer = setTimeout(tunnel.cut, headWithinMs);
  try {
    let held = Buffer.alloc(0);
    for (;;) {
      const end = held.indexOf(headEnd);
      if (end >= 0 && /^(?:GET|POST) \/git\//.test(held.toString('latin1', 0, 10)))
        return { kind: 'git', read: held };
      if (end >= 0) return parseHead(held.toString('latin1', 0, end), held.subarray(end + headEnd.length));
      if (held.length > maxHeadBytes)
        return refused(
          '431 Request Header Fields Too Large',
          `Its head is longer than ${maxHeadBytes} bytes.`,
        );
      const next = await chunks.next();
      if (next.done === true) return refused('400 Bad Request', 'The request ended before its head did.');
      held = Buffer.concat([held, next.value]);
    }
  } finally {
    clearTimeout(timer);
  }
}

function parseHead(head: string, rest: Uint8Array): Head {
  const line = head.split('\r\n', 1)[0] ?? '';
  const target = /^CONNECT ([A-Za-z0-9.:[\]_-]{1,300}) HTTP\/1\.[01]$/.exec(line)?.[1];
  if (target !== undefined) return { kind: 'connect', target, rest };
  return /^CONNECT /.test(line)
    ? refused('400 Bad Request', 'CONNECT takes host:port.')
    : refused('403 Forbidden', howToOpen);
}

function refused(status: string, reason: string): Refused {
  return { kind: 'refused', status, reason };
}

/** Answers, and gives the command a moment to read it and to close; one that does not would hold one of few places. */
async function refuse(
  tunnel: TunnelStream,
  chunks: AsyncIterator<Uint8Array>,
  { status, reason }: Refused,
): Promise<void> {
  const body = `${reason}\n`;
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  const timer = setTimeout(tunnel.cut, lingerMs);
  try {
    await tunnel.send(Buffer.from(`${head.join('\r\n')}${headEnd}${body}`));
    await tunnel.end();
    while ((await chunks.next()).done !== true);
  } finally {
    clearTimeout(timer);
  }
}
