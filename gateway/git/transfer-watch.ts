import type { Clock } from '@reeve/core';
import type { GitLimits } from './git-limits.ts';

/** Looks after one exchange while bytes go through it. */
export interface TransferWatch {
  /** Aborts when time or patience is over, the attempt is, or the gateway stops; its reason says which. */
  readonly signal: AbortSignal;
  /** For a pipeline: passes bytes on and throws past so many. */
  upTo(bytes: number): (source: AsyncIterable<Buffer>) => AsyncGenerator<Buffer>;
  /** Rejects as soon as the signal aborts: a pipeline does not always notice (Node 24). */
  readonly aborted: Promise<never>;
  end(): void;
}

export function watchTransfer(deps: {
  readonly clock: Clock;
  readonly limits: GitLimits;
  /** When nobody can say whether the attempt is over, it counts as over. */
  readonly isCurrent: () => Promise<boolean>;
  readonly stopping: AbortSignal;
}): TransferWatch {
  const { clock, limits } = deps;
  const over = new AbortController();
  const ended = new AbortController();
  const startedAt = clock.now().getTime();
  let lastPassed = startedAt;

  async function watch(): Promise<never> {
    for (;;) {
      await clock.sleep(limits.checkMs, ended.signal);
      const now = clock.now().getTime();
      if (now - startedAt > limits.totalMs) throw new Error('it took too long');
      if (now - lastPassed > limits.idleMs) throw new Error('nothing went through it for too long');
      if (!(await deps.isCurrent())) throw new Error('the attempt is over');
    }
  }
  // Once the exchange has ended there is nothing left to abort.
  watch().catch((error: unknown) => {
    if (!ended.signal.aborted) over.abort(error);
  });

  const signal = AbortSignal.any([over.signal, deps.stopping]);
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
  // Handled here too, for an abort after the exchange has ended.
  aborted.catch(() => undefined);

  return {
    signal,
    aborted,
    upTo: (bytes) =>
      async function* count(source) {
        let passed = 0;
        for await (const piece of source) {
          lastPassed = clock.now().getTime();
          passed += piece.length;
          if (passed > bytes) throw new Error(`it was larger than ${bytes} bytes`);
          yield piece;
        }
      },
    end: () => ended.abort(new Error('the exchange has ended')),
  };
}
