import { type Clock, ModelError } from '@reeve/core';
import type { CallMeter } from './usage-meter.ts';

/** One call on its way through the gateway. */
export interface Call {
  readonly id: string;
  readonly startedAt: Date;
  readonly meter: CallMeter;
  /** Aborts when the caller goes away, the gateway stops, or the deadline passes (a `model-timeout`). */
  readonly signal: AbortSignal;
  /** True when nobody waits for the answer any more. */
  isGone(): boolean;
  /**
   * Ends whatever still runs. Usage is written, unless the provider refused before its first token (`failed`); when
   * nobody waited for that token any longer, the provider may have worked all the same: that counts. Idempotent.
   */
  end(how: 'answered' | 'broken' | 'failed'): void;
}

export function startCall(deps: {
  meter: CallMeter;
  clock: Clock;
  deadlineMs: number;
  id: string;
  gone: readonly AbortSignal[];
}): Call {
  const over = new AbortController();
  const gone = AbortSignal.any([...deps.gone]);
  deps.clock.sleep(deps.deadlineMs, over.signal).then(
    () => over.abort(new ModelError('model-timeout', 'the call ran past its deadline', { retryable: true })),
    // Rejects when the call ends first, which is the rule.
    () => undefined,
  );
  const signal = AbortSignal.any([gone, over.signal]);
  let isOver = false;
  const end: Call['end'] = (how) => {
    if (isOver) return;
    isOver = true;
    if (how === 'failed' && !signal.aborted) deps.meter.release();
    else deps.meter.settle();
    over.abort(new Error('the call is over'));
  };
  // Also for a caller that reads no further and stays: what it holds of the budget, others wait for.
  signal.addEventListener('abort', () => end('broken'), { once: true });
  return {
    id: deps.id,
    startedAt: deps.clock.now(),
    meter: deps.meter,
    signal,
    isGone: () => gone.aborted,
    end,
  };
}
