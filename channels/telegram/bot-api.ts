import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { autoRetry } from '@grammyjs/auto-retry';
import type { Delivery } from '@reeve/core';
import { Api, GrammyError, HttpError } from 'grammy';

/** How long the server holds a poll open when there is nothing new, in seconds. */
export const POLL_SECONDS = 30;
/** A poll that is not answered this long after it should have been is dead; the library's default is 500 s. */
const POLL_GRACE_SECONDS = 15;
const CALL_SECONDS = 30;
const UPLOAD_SECONDS = 180;
/**
 * A connection that was idle this long, or almost as long as the server says it keeps one, is not used again: the server
 * may just be closing it, and a message lost there may have arrived or not.
 */
const IDLE_CONNECTION_MS = 20_000;

export interface BotApi {
  readonly polls: Api;
  /** Sends and edits: never repeated here, because a lost answer may mean that it arrived. */
  readonly sends: Api;
  readonly uploads: Api;
  /** Calls that do no harm when they are repeated. */
  readonly asks: Api;
}

/** @param apiRoot without the token, such as `https://api.telegram.org`. */
export function createBotApi(token: string, apiRoot: string): BotApi {
  const agent = apiRoot.startsWith('https:')
    ? new HttpsAgent({ keepAlive: true, timeout: IDLE_CONNECTION_MS })
    : new HttpAgent({ keepAlive: true, timeout: IDLE_CONNECTION_MS });
  const api = (timeoutSeconds: number) =>
    new Api(token, { apiRoot, timeoutSeconds, baseFetchConfig: { agent } });
  const asks = api(CALL_SECONDS);
  asks.config.use(
    autoRetry({
      maxRetryAttempts: 3,
      maxDelaySeconds: 60,
      rethrowHttpErrors: true,
      rethrowInternalServerErrors: true,
    }),
  );
  return {
    polls: new Api(token, { apiRoot, timeoutSeconds: POLL_SECONDS + POLL_GRACE_SECONDS }),
    sends: api(CALL_SECONDS),
    uploads: api(UPLOAD_SECONDS),
    asks,
  };
}

/** What is known about a call that did not go through. */
export type CallFailure =
  | { readonly kind: 'wait'; readonly ms: number; readonly reason: string }
  /** It may have been carried out all the same. */
  | { readonly kind: 'ambiguous'; readonly reason: string }
  | { readonly kind: 'unauthorized'; readonly reason: string }
  | { readonly kind: 'conflict'; readonly reason: string }
  /** The person blocked the bot, or the chat is gone: nobody is there to be told. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** The group is a supergroup now, with another number. */
  | { readonly kind: 'moved'; readonly chatId: number; readonly reason: string }
  /** The same content is there already. */
  | { readonly kind: 'unchanged'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** Nothing was sent: no connection was made. */
const NOT_CONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH']);
const RECONNECT_MS = 2000;
const GONE = /blocked by the user|user is deactivated|chat not found|kicked from|not a member|have no rights/;

/**
 * What an error of the library means.
 *
 * @throws the error itself when it is none of a call: a mistake of ours.
 */
export function callFailure(error: unknown): CallFailure {
  if (error instanceof HttpError) return connectionFailure(error);
  if (!(error instanceof GrammyError)) throw error;
  const { error_code: code, description: reason, parameters } = error;
  if (code === 429) return { kind: 'wait', ms: (parameters.retry_after ?? 1) * 1000, reason };
  if (code === 401) return { kind: 'unauthorized', reason };
  if (code === 409) return { kind: 'conflict', reason };
  if (code >= 500) return { kind: 'ambiguous', reason };
  if (parameters.migrate_to_chat_id !== undefined)
    return { kind: 'moved', chatId: parameters.migrate_to_chat_id, reason };
  if (reason.includes('message is not modified')) return { kind: 'unchanged', reason };
  return { kind: code === 403 || GONE.test(reason) ? 'unreachable' : 'refused', reason };
}

function connectionFailure({ error }: HttpError): CallFailure {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return NOT_CONNECTED.has(code)
    ? { kind: 'wait', ms: RECONNECT_MS, reason: `no connection (${code})` }
    : { kind: 'ambiguous', reason: message.replace(/\/bot[^/\s]+\//g, '/bot…/') };
}

const REVOKED_RETRY_MS = 60_000;

/** The same as what an outbox wants to know of a delivery. */
export function deliveryOf(failure: CallFailure): Exclude<Delivery, { kind: 'sent' }> {
  switch (failure.kind) {
    case 'wait':
      return { kind: 'refused', reason: failure.reason, retryAfterMs: failure.ms };
    case 'unauthorized':
      return { kind: 'refused', reason: failure.reason, retryAfterMs: REVOKED_RETRY_MS };
    case 'ambiguous':
      return { kind: 'unknown' };
    case 'conflict':
    case 'unreachable':
    case 'moved':
    case 'unchanged':
    case 'refused':
      return { kind: 'refused', reason: failure.reason, retryAfterMs: null };
  }
}
