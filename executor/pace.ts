import type { Clock } from '@reeve/core';

/** How often something may happen: at once a number of times, then at a steady rate. */
export interface Pace {
  /** Waits for its turn. False when too many wait before it; then it must not happen. */
  take(): Promise<boolean>;
}

/** `burst` times at once, `perSecond` after that; nobody waits longer than `patienceMs`. */
export function createPace(limits: {
  readonly burst: number;
  readonly perSecond: number;
  readonly patienceMs: number;
  readonly clock: Clock;
}): Pace {
  const { burst, perSecond, patienceMs, clock } = limits;
  const millisecondsEach = 1000 / perSecond;
  /** Below none: turns that are promised to those who wait. */
  let left = burst;
  let countedAt = clock.now().getTime();
  return {
    async take() {
      const now = clock.now().getTime();
      // A clock that was set back gives nothing.
      left = Math.min(burst, left + Math.max(0, now - countedAt) / millisecondsEach);
      countedAt = now;
      const waitMs = Math.max(0, 1 - left) * millisecondsEach;
      if (waitMs > patienceMs) return false;
      left -= 1;
      if (waitMs > 0) await clock.sleep(waitMs);
      return true;
    },
  };
}
