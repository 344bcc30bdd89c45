import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, egressCallSchema, type GatewayStore, type HostPort, type Log } from '@reeve/core';
import type { Context, Next } from 'hono';
import type { SecretFiller } from '../secret-filler.ts';
import { createTaskCallHandler } from '../task-call-handler.ts';
import type { EgressLimits } from './egress-limits.ts';
import type { Network } from './network.ts';
import { refuseProxying } from './proxy-refusal.ts';
import type { RefusalLog } from './refusal-log.ts';
import { createRequestDesk } from './request-desk.ts';
import { createTunnels } from './tunnels.ts';
import { createWebClient } from './web-client.ts';

export interface EgressDeps {
  readonly store: Pick<GatewayStore, 'permits' | 'network' | 'audit' | 'isCurrentAttempt'>;
  readonly tokenKey: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  readonly privateHosts: readonly HostPort[];
  readonly closedRanges: BlockList;
  readonly secrets?: SecretFiller;
  readonly network: Network;
  readonly limits: EgressLimits;
  readonly refusals: RefusalLog;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
}

/** The ways out for workers: requests that the gateway makes, and tunnels to opened hosts. */
export interface Egress {
  /** `POST /request`. */
  readonly handleRequest: (context: Context) => Promise<Response>;
  /** The server's `connect` event. */
  readonly handleConnect: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Lets go of the connections that came by `handleConnect`; a server that closes waits for them. */
  readonly closeTunnels: () => void;
  /** Middleware that answers requests in proxy form, which nobody else may. */
  readonly refuseProxying: (context: Context, next: Next) => Promise<Response | undefined>;
  /** Resolves when what was under way has ended and is settled. */
  settled(): Promise<void>;
}

export function createEgress(deps: EgressDeps): Egress {
  const desk = createRequestDesk({ ...deps, client: createWebClient(deps) });
  const tunnels = createTunnels(deps);
  return {
    handleRequest: createTaskCallHandler(deps, egressCallSchema, desk.request),
    handleConnect: tunnels.handleConnect,
    closeTunnels: tunnels.closeAll,
    refuseProxying,
    settled: async () => {
      await Promise.all([desk.settled(), tunnels.settled()]);
    },
  };
}
