import type { BlockList } from 'node:net';
import type { Clock, Log } from '@reeve/core';
import { startDeadline } from '../egress/deadline.ts';
import { checkDestination } from '../egress/destination.ts';
import { dial } from '../egress/dial.ts';
import type { EgressLimits } from '../egress/egress-limits.ts';
import { exchange } from '../egress/exchange.ts';
import type { Network } from '../egress/network.ts';

/** A POST to a speech provider. */
export interface SpeechRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export type SpeechAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly bytes: Uint8Array;
      /** More followed than is read, or it broke off. */
      readonly isCut: boolean;
    }
  /** Nothing of the request went out. `reason` is a clause. */
  | { readonly kind: 'not-sent'; readonly reason: string }
  | { readonly kind: 'unanswered'; readonly reason: string };

export interface SpeechClientDeps {
  readonly network: Network;
  readonly clock: Clock;
  readonly limits: EgressLimits;
  readonly log: Log;
  readonly closedRanges: BlockList;
}

/** Recordings take a while to go up and to be listened to. Times in milliseconds. */
const SPEECH_LIMITS = { requestMs: 120_000, firstByteMs: 110_000, answerBytes: 20_000_000 };

/**
 * Sends to one provider and nowhere else: its address may be private, as a model's may, and what it answers is not
 * followed.
 */
export function createSpeechClient(
  deps: SpeechClientDeps,
): (request: SpeechRequest, signal: AbortSignal) => Promise<SpeechAnswer> {
  return async ({ url: address, headers, body }, outer) => {
    const url = new URL(address);
    const tls = url.protocol === 'https:';
    const own = { host: url.hostname, port: Number(url.port) || (tls ? 443 : 80) };
    const limits = { ...deps.limits, ...SPEECH_LIMITS };
    const bounded = { ...deps, limits, privateHosts: [own] };
    const deadline = startDeadline(deps.clock, limits.requestMs, outer);
    try {
      const check = await checkDestination(own, bounded, deadline.signal);
      if (check.kind === 'refused') return { kind: 'not-sent', reason: check.reason };
      const dialled = await dial(check.destination, { tls }, bounded, deadline.signal);
      if (dialled.kind === 'failed') return { kind: 'not-sent', reason: dialled.reason };
      const request = { method: 'POST', url, headers, body } as const;
      const exchanged = await exchange(request, dialled.socket, bounded, deadline.signal);
      outer.throwIfAborted();
      if (exchanged.kind === 'unanswered') return exchanged;
      const { status, body: read } = exchanged.answer;
      return { kind: 'answer', status, bytes: read.bytes, isCut: read.truncated };
    } catch (error) {
      outer.throwIfAborted();
      if (!deadline.signal.aborted) throw error;
      return { kind: 'not-sent', reason: 'there was no connection in time' };
    } finally {
      deadline.clear();
    }
  };
}
