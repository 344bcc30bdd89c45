import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '@reeve/core';
import type { EgressLimits } from './egress-limits.ts';

/** How a tunnel ended, and what went through it. */
export interface TunnelEnd {
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly because: string;
}

export interface JoinOptions {
  readonly clock: Clock;
  readonly limits: EgressLimits;
  /** Whether the attempt that opened the tunnel still holds its task. */
  readonly isCurrent: () => Promise<boolean>;
  readonly stopping: AbortSignal;
}

/**
 * Carries bytes between both ends until one has ended, too much has passed, nothing has for too long, or the attempt is
 * over; then both are closed. When nobody can say whether the attempt is over, it counts as over.
 */
export async function joinEnds(inner: Duplex, outer: Socket, options: JoinOptions): Promise<TunnelEnd> {
  const { clock, limits, stopping } = options;
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, stopping]);
  const passed = { out: 0, in: 0 };
  let lastPassed = clock.now().getTime();
  const counting = (direction: keyof typeof passed) =>
    async function* count(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const piece of source) {
        passed[direction] += piece.length;
        lastPassed = clock.now().getTime();
        if (passed.out + passed.in > limits.tunnelBytes) throw new Error('too much went through it');
        yield piece;
      }
    };

  async function watch(): Promise<never> {
    for (;;) {
      await clock.sleep(limits.tunnelCheckMs, signal);
      if (clock.now().getTime() - lastPassed > limits.tunnelIdleMs)
        throw new Error('nothing went through it');
      if (!(await options.isCurrent())) throw new Error('the attempt is over');
    }
  }

  const outward = pipeline(inner, counting('out'), outer, { signal });
  const inward = pipeline(outer, counting('in'), inner, { signal });
  // Nothing more can go where an end is closed; a pipeline does not always notice (Node 24).
  const carried = Promise.all([
    Promise.race([outward, closingOf(outer)]),
    Promise.race([inward, closingOf(inner)]),
  ]);
  let because = 'one end has closed it';
  try {
    await Promise.race([carried, watch()]);
  } catch (error) {
    because = stopping.aborted
      ? 'the gateway is stopping'
      : String(error instanceof Error ? error.message : error);
  } finally {
    over.abort(new Error('the tunnel is over'));
    inner.destroy();
    outer.destroy();
    // What the abort and the closing raise in the carriers is how they end, soon or never: nothing waits for them.
    for (const carrier of [outward, inward, carried]) carrier.catch(() => undefined);
  }
  return { bytesOut: passed.out, bytesIn: passed.in, because };
}

function closingOf(end: Duplex): Promise<void> {
  return new Promise((resolve) => {
    end.once('close', resolve);
    if (end.closed) resolve();
  });
}
