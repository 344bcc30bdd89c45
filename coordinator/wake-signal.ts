import type { Clock } from '@reeve/core';

/** A latch between one who waits and many who raise: a raise before the wait is not lost. */
export interface WakeSignal {
  raise(): void;
  /** Resolves when raised, after the time, or when aborted; clears the latch. */
  wait(clock: Clock, milliseconds: number, abort: AbortSignal): Promise<void>;
}

export function createSignal(): WakeSignal {
  let raised = false;
  let wake: (() => void) | null = null;
  return {
    raise() {
      raised = true;
      wake?.();
    },
    async wait(clock, milliseconds, abort) {
      if (!raised && !abort.aborted) {
        const timer = new AbortController();
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const slept = clock
          .sleep(milliseconds, AbortSignal.any([abort, timer.signal]))
          .catch(() => undefined);
        await Promise.race([woken, slept]);
        timer.abort();
        wake = null;
      }
      raised = false;
    },
  };
}
