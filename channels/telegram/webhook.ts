import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Update, WebhookInfo } from '@grammyjs/types';
import type { Clock, Log } from '@reeve/core';
import { z } from 'zod';
import type { BotApi } from './bot-api.ts';
import { WANTED_UPDATES } from './inbound/handle-update.ts';
import { ReceivingFailed, type Round } from './supervise.ts';

/** Where Telegram is to hand updates, instead of being polled. */
export interface WebhookSettings {
  /** As Telegram calls it; what stands there passes it on to the port. */
  readonly url: string;
  /** On 127.0.0.1. */
  readonly port: number;
  /** What Telegram sends along with each update, so that nobody else can hand in any. */
  readonly secret: string;
  /** How often to ask Telegram whether it reaches us. */
  readonly lookEveryMs: number;
}

const SECRET_HEADER = 'x-telegram-bot-api-secret-token';
/** Updates are some kilobytes; a poll's worth of the longest messages would fit. */
const MOST_BYTES = 1024 * 1024;
const updateSchema = z.looseObject({ update_id: z.number().int() });

export interface WebhookDeps {
  readonly api: BotApi;
  readonly clock: Clock;
  readonly log: Log;
  /** Stores updates; they are acknowledged after it. */
  readonly take: (updates: readonly Update[]) => Promise<void>;
  /** Remembers the address that is set, so that it can be taken back later. */
  readonly onSet: (url: string) => void;
}

/**
 * Receives by a webhook: listens, tells Telegram where, and asks now and then whether Telegram reaches us. Stopping
 * leaves the webhook set, so that Telegram keeps what comes meanwhile; polling takes it back.
 */
export function createWebhook(deps: WebhookDeps, settings: WebhookSettings, signal: AbortSignal): Round {
  let isListening = false;
  let isSet = false;
  return async () => {
    if (!isListening) await listen(createReceivingServer(deps, settings), settings.port, deps.log, signal);
    isListening = true;
    if (isSet) await deps.clock.sleep(settings.lookEveryMs, signal);
    const info = await deps.api.asks.getWebhookInfo();
    if (isSet && info.url === settings.url) return unreached(info, settings);
    await deps.api.asks.setWebhook(settings.url, {
      secret_token: settings.secret,
      allowed_updates: [...WANTED_UPDATES],
      // One after the other, so that what a person says stays in its order.
      max_connections: 1,
    });
    isSet = true;
    deps.onSet(settings.url);
    deps.log.info({ url: settings.url, port: settings.port }, 'Telegram hands updates to the webhook');
    return null;
  };
}

function unreached(
  { pending_update_count: pending, last_error_message: message }: WebhookInfo,
  { url, port }: WebhookSettings,
): string | null {
  return pending > 0 && message !== undefined
    ? `Telegram cannot hand over updates at ${url} (${message}; ${pending} wait). Check that this address leads to port ${port} of 127.0.0.1 on this machine.`
    : null;
}

/** @throws {ReceivingFailed} when the port cannot be had. */
async function listen(server: Server, port: number, log: Log, signal: AbortSignal): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    throw new ReceivingFailed(
      `Port ${port} for Telegram’s webhook cannot be used (${error.code ?? error.message}), so nothing arrives from there. Stop the program that uses it, or set TELEGRAM_WEBHOOK_PORT.`,
    );
  });
  // One connection that cannot be accepted, for want of descriptors, is no reason to end.
  server.on('error', (error) => log.error({ err: error }, 'the webhook could not take a connection'));
  signal.addEventListener(
    'abort',
    () => {
      server.close();
      server.closeAllConnections();
    },
    { once: true },
  );
}

function createReceivingServer(deps: WebhookDeps, settings: WebhookSettings): Server {
  return createServer((request, response) => {
    const answer = (status: number) =>
      void response.writeHead(status, status < 300 ? {} : { connection: 'close' }).end();
    statusFor(deps, settings, request).then(answer, (error: unknown) => {
      deps.log.error({ err: error }, 'an update of the webhook could not be stored; Telegram sends it again');
      answer(503);
    });
  });
}

/** 401 before a byte of the body is read, 200 after the commit. */
async function statusFor(
  deps: WebhookDeps,
  { url, secret }: WebhookSettings,
  request: IncomingMessage,
): Promise<number> {
  if (request.method !== 'POST' || request.url?.split('?')[0] !== new URL(url).pathname) return 404;
  if (!isSecret(request.headers[SECRET_HEADER], secret)) return 401;
  return takeIn(deps, request);
}

function isSecret(given: string | string[] | undefined, secret: string): boolean {
  const [mine, theirs] = [Buffer.from(secret), Buffer.from(String(given ?? ''))];
  return mine.length === theirs.length && timingSafeEqual(mine, theirs);
}

async function takeIn(deps: WebhookDeps, request: IncomingMessage): Promise<200 | 400 | 413> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) return 413;
    pieces.push(piece);
  }
  const update = parseUpdate(Buffer.concat(pieces).toString('utf8'));
  if (!update) return 400;
  await deps.take([update]);
  return 200;
}

function parseUpdate(body: string): Update | null {
  try {
    const parsed = updateSchema.safeParse(JSON.parse(body));
    return parsed.success ? (parsed.data as unknown as Update) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
