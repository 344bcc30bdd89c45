import type { IncomingMessage } from 'node:http';
import type { BlockList, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type Clock,
  formatHostPort,
  type GatewayStore,
  type HostPort,
  type Log,
  parseHostPort,
  type TaskClaims,
} from '@reeve/core';
import { failureFields } from '../refusal.ts';
import { holderOf } from '../token-holder.ts';
import { checkDestination, noWayTo } from './destination.ts';
import { dial } from './dial.ts';
import type { EgressLimits } from './egress-limits.ts';
import type { Network } from './network.ts';
import { HOW_TO_OPEN } from './proxy-refusal.ts';
import type { RefusalLog } from './refusal-log.ts';
import { createSlots } from './slots.ts';
import { joinEnds } from './tunnel-ends.ts';

export interface TunnelDeps {
  readonly store: Pick<GatewayStore, 'network' | 'audit' | 'isCurrentAttempt'>;
  readonly refusals: RefusalLog;
  readonly tokenKey: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  readonly network: Network;
  readonly privateHosts: readonly HostPort[];
  readonly closedRanges: BlockList;
  readonly limits: EgressLimits;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
}

/** `CONNECT host:port` for the commands of a task, to hosts that were opened to it and nowhere else. */
export interface Tunnels {
  /** For the server's `connect` event; answers on the socket itself. */
  handleConnect(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Lets go of every connection that asked for a tunnel, whatever has become of it. */
  closeAll(): void;
  /** Resolves when all tunnels are closed. */
  settled(): Promise<void>;
}

interface Refusal {
  readonly status: 400 | 403 | 407 | 429 | 502 | 503;
  readonly reason: string;
}

/** In milliseconds, for a client that does not read its refusal. */
const REFUSAL_MS = 2000;

const PHRASES: Readonly<Record<Refusal['status'], string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  407: 'Proxy Authentication Required',
  429: 'Too Many Requests',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

export function createTunnels(deps: TunnelDeps): Tunnels {
  const perTask = deps.limits.tunnelsPerTask;
  const slots = createSlots({ perTask, all: Number.POSITIVE_INFINITY });
  const open = new Set<Promise<void>>();
  /** The server forgets a connection with its CONNECT, and yet waits for its end when it closes. */
  const connections = new Set<Duplex>();

  async function serve(request: IncomingMessage, inner: Duplex, head: Buffer): Promise<void> {
    const claims = await holderOf(request.headers['proxy-authorization'], deps);
    if (claims?.role !== 'task')
      return answerRefusal(inner, deps.clock, {
        status: 407,
        reason: 'The proxy takes the token of a running task.',
      });
    const release = slots.take(claims.task);
    const target = request.url ?? '';
    if (release === null)
      return refuse(claims, target, inner, { status: 429, reason: `A task has at most ${perTask} tunnels.` });
    try {
      const way = await openWay(target, claims, deps);
      if (way.kind === 'refused') return await refuse(claims, target, inner, way.refusal);
      await recordOpening(deps, claims, way);
      inner.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) inner.unshift(head);
      const ended = await joinEnds(inner, way.socket, {
        ...deps,
        isCurrent: () => deps.store.isCurrentAttempt(claims.task, claims.attempt),
      });
      deps.log.info({ task: claims.task, ...way.target, ...ended }, 'a tunnel was closed');
    } finally {
      release();
    }
  }

  async function refuse(claims: TaskClaims, target: string, inner: Duplex, refusal: Refusal): Promise<void> {
    const detail = { target: target.slice(0, 300), reason: refusal.reason };
    await deps.refusals.refused(claims.task, { event: 'tunnel-refused', detail });
    answerRefusal(inner, deps.clock, refusal);
  }

  return {
    handleConnect(request, inner, head) {
      // A socket that breaks is closed, which ends the tunnel; without a listener it would end the process.
      inner.on('error', () => inner.destroy());
      connections.add(inner);
      inner.once('close', () => connections.delete(inner));
      const tunnel = serve(request, inner, head)
        .catch((error: unknown) => {
          deps.log.error(failureFields(error), 'a tunnel could not be decided');
          answerRefusal(inner, deps.clock, { status: 503, reason: 'The gateway cannot decide this now.' });
        })
        .finally(() => open.delete(tunnel));
      open.add(tunnel);
    },
    closeAll() {
      for (const connection of connections) connection.destroy();
    },
    async settled() {
      while (open.size > 0) await Promise.all(open);
    },
  };
}

type Way =
  | { readonly kind: 'open'; readonly target: HostPort; readonly socket: Socket; readonly address: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** From the text after CONNECT to a connection, by way of what was opened to the task and of the address checks. */
async function openWay(text: string, claims: TaskClaims, deps: TunnelDeps): Promise<Way> {
  const parsed = parseHostPort(text);
  if (parsed.kind === 'refused')
    return refused(403, `Not a host that can be opened: ${parsed.reason}. ${HOW_TO_OPEN}`);
  const target = parsed.address;
  const opened = await deps.store.network.openedHosts(claims.task);
  if (!opened.some(({ host, port }) => host === target.host && port === target.port))
    return refused(403, `${formatHostPort(target)} is not open. ${HOW_TO_OPEN}`);
  const check = await checkDestination(target, deps, deps.stopping);
  if (check.kind === 'refused') return refused(403, noWayTo(target, check.reason));
  const dialled = await dial(check.destination, { tls: false }, deps, deps.stopping);
  return dialled.kind === 'open' ? { ...dialled, target } : refused(502, noWayTo(target, dialled.reason));
}

async function recordOpening(
  { store, clock, log }: TunnelDeps,
  { task }: TaskClaims,
  { target, socket, address }: Extract<Way, { kind: 'open' }>,
): Promise<void> {
  const detail = { host: target.host, port: target.port, address };
  try {
    await store.audit.append(
      { event: 'tunnel-opened', actor: 'gateway', subject: task, detail },
      clock.now(),
    );
  } catch (error) {
    socket.destroy();
    throw error;
  }
  log.info({ task, ...detail }, 'a tunnel was opened');
}

/** Answers, and lets go of the connection once the answer is out: whoever was refused may never close its end. */
function answerRefusal(inner: Duplex, clock: Clock, { status, reason }: Refusal): void {
  const gone = new AbortController();
  inner.once('close', () => gone.abort());
  if (inner.closed) gone.abort();
  clock.sleep(REFUSAL_MS, gone.signal).then(
    () => inner.destroy(),
    // Rejects when the connection is gone before, which is the rule.
    () => undefined,
  );
  const body = `${reason}\n`;
  inner.end(
    [
      `HTTP/1.1 ${status} ${PHRASES[status]}`,
      ...(status === 407 ? ['Proxy-Authenticate: Bearer'] : []),
      'Content-Type: text/plain; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
    () => inner.destroy(),
  );
}

function refused(status: Refusal['status'], reason: string): Way {
  return { kind: 'refused', refusal: { status, reason } };
}
