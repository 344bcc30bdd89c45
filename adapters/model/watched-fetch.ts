import { ModelError } from '@reeve/core';
import { badAnswer } from './completion-reader.ts';

/** How long a provider may take, in milliseconds. */
export interface ModelTimeouts {
  /** Until the first byte of the answer's body. */
  readonly firstByteMs: number;
  /** Between two pieces of it. Keep-alive comments count as pieces. */
  readonly idleMs: number;
  /** For the whole answer. */
  readonly totalMs: number;
}

/** Bytes of one answer on the wire: envelopes are some twenty times the text that they carry. */
const MAX_WIRE_BYTES = 64 * 1024 * 1024;

/** The deadlines of one call. */
export interface Watch {
  /** Aborts with the caller's reason, or with a `model-timeout`. */
  readonly signal: AbortSignal;
  /** Tells that a piece has arrived. */
  arrived(): void;
  /** Ends all timers. */
  stop(): void;
}

export function startWatch(timeouts: ModelTimeouts, caller: AbortSignal): Watch {
  const late = new AbortController();
  const expire = (what: string, afterMs: number) => () =>
    late.abort(
      new ModelError('model-timeout', `${what} after ${Math.round(afterMs / 1000)} s`, { retryable: true }),
    );
  const total = setTimeout(expire('the answer was not complete', timeouts.totalMs), timeouts.totalMs);
  let next = setTimeout(expire('no answer had begun', timeouts.firstByteMs), timeouts.firstByteMs);
  return {
    signal: AbortSignal.any([caller, late.signal]),
    arrived() {
      clearTimeout(next);
      next = setTimeout(expire('the answer had stalled', timeouts.idleMs), timeouts.idleMs);
    },
    stop() {
      clearTimeout(total);
      clearTimeout(next);
    },
  };
}

/**
 * A `fetch` for the provider's client that feeds the watch, refuses bytes that are not UTF-8 (the client would turn
 * them into replacement characters), bodies without end and answers that are no event stream, and follows no redirect:
 * a POST with a key belongs to the address that was configured.
 */
export function createWatchedFetch(watch: Watch): typeof fetch {
  return async (url, init) => {
    const response = await fetch(url, { ...init, redirect: 'manual' });
    if (!response.ok || !response.body) return response;
    const type = response.headers.get('content-type') ?? '';
    if (/\b(json|html)\b/.test(type)) {
      await response.body.cancel();
      throw badAnswer(`the provider answered with ${type.slice(0, 60)} instead of an event stream`);
    }
    return new Response(response.body.pipeThrough(watchedBody(watch)), response);
  };
}

function watchedBody(watch: Watch): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  const check = (piece?: Uint8Array) => {
    try {
      decoder.decode(piece, { stream: piece !== undefined });
    } catch {
      throw badAnswer('the answer is not valid UTF-8');
    }
  };
  return new TransformStream({
    transform(piece, controller) {
      watch.arrived();
      bytes += piece.length;
      if (bytes > MAX_WIRE_BYTES) throw badAnswer('the answer is far too long');
      check(piece);
      controller.enqueue(piece);
    },
    flush: () => check(),
  });
}
