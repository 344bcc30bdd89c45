import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import type { ChannelAdapter, Clock, Desk, EventLog, Inbound, Log, SecretDesk } from '@reeve/core';
import { createApi } from './api.ts';
import { createEventStream } from './event-stream.ts';
import { eventOf } from './events.ts';
import type { PageReader } from './pages.ts';
import { HOME_OWNER } from './visitor.ts';
import { webLink } from './web-api.ts';
import { createWebSessions } from './web-sessions.ts';

export interface HttpChannelOptions {
  readonly eventLog: EventLog;
  readonly desk: () => Desk;
  /** Behind it is the gateway: values of secrets pass through here and never through the coordinator. */
  readonly secrets: SecretDesk;
  readonly token: string;
  /** The files of the web chat. */
  readonly pages: PageReader;
  /** Signs the sessions of browsers; see `WebSessionDeps`. */
  readonly webKey: Uint8Array;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
  readonly version: string;
  /** Between two heartbeats on an idle event stream, in milliseconds. */
  readonly heartbeatMs: number;
}

export interface ListeningHttp {
  readonly url: string;
  readonly port: number;
  /** A new link to the web chat; it signs one browser in. */
  newWebLink(): string;
  close(): Promise<void>;
}

export interface HttpChannel extends ChannelAdapter {
  /** Listens on loopback only; rejects with the system's error when the port is taken. Port 0 takes a free one. */
  listen(address: { host: '127.0.0.1'; port: number }): Promise<ListeningHttp>;
}

const NAME = 'http';
/** Clients on this machine redraw as fast as they like. */
const EDIT_INTERVAL_MS = 0;

/**
 * The local API as a channel: web, terminal and scripts are its clients. What it delivers goes into the event log
 * first, so a client that was away gets it all the same; delivering the same outbound twice stores it once.
 */
export function createHttpChannel(options: HttpChannelOptions): HttpChannel {
  const events = createEventStream({ log: options.eventLog });
  const sessions = createWebSessions({ ...options, key: options.webKey });
  let inbound: Inbound | null = null;
  const api = createApi({
    ...options,
    channel: NAME,
    events,
    sessions,
    inbound: () => {
      if (!inbound) throw new Error('the channel was used before it was started');
      return inbound;
    },
  });

  return {
    name: NAME,
    editIntervalMs: EDIT_INTERVAL_MS,
    async start(receiver, signal) {
      inbound = receiver;
      signal.addEventListener('abort', () => events.closeAll(), { once: true });
    },
    async deliver(outbound) {
      const at = options.clock.now();
      const number = await events.publish({
        deliveryId: outbound.id,
        conversationId: outbound.conversationId,
        body: eventOf(outbound, at),
        at,
      });
      return { kind: 'sent', reference: String(number) };
    },
    draft(draft) {
      events.publishDraft({
        kind: 'draft',
        conversation: draft.chat.externalId,
        turnId: draft.turnId,
        text: draft.text,
      });
    },
    async listen({ host, port }) {
      const server = await startServer(api.fetch, host, port);
      const { port: actual } = server.address() as AddressInfo;
      const url = `http://${host}:${actual}`;
      return {
        url,
        port: actual,
        newWebLink: () => webLink(url, sessions.newLink(HOME_OWNER.externalId).token),
        close: () => stopServer(server),
      };
    },
  };
}

/** Longer than clients keep an idle connection, so that none is closed just as a client uses it again. */
const KEEP_ALIVE_MS = 75_000;

function startServer(
  fetch: ReturnType<typeof createApi>['fetch'],
  hostname: string,
  port: number,
): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname, port, serverOptions: { keepAliveTimeout: KEEP_ALIVE_MS } });
    server.once('error', reject);
    server.once('listening', () => resolve(server));
  });
}

function stopServer(server: ServerType): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
}
