import type { Clock } from '@reeve/core';

/** A latch between one who waits and many who raise: a raise before the wait is not lost. */
export interface WakeSignal {
  raise(): void;
  /** Raises after the time; what is asked for until then is the same one raise. */
  raiseIn(clock: Clock, milliseconds: number): void;
  /** Resolves when raised, after the time, or when aborted; clears the latch. */
  wait(clock: Clock, milliseconds: number, abort: AbortSignal): Promise<void>;
}

export function createSignal(): WakeSignal {
  let raised = false;
  let wake: (() => void) | null = null;
  let isRaising = false;
  const raise = (): void => {
    raised = true;
    wake?.();
  };
  return {
    raise,
    raiseIn(clock, milliseconds) {
      if (isRaising) return;
      isRaising = true;
      void clock.sleep(milliseconds).then(() => {
        isRaising = false;
        raise();
      });
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
