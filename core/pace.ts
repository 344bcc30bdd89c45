import type { Clock } from './ports.ts';

/** How fast something may be used: at once up to a store, then at the rate at which the store fills again. */
export interface Pace {
  /** Waits until there is so much (1 unless given). False when that would take too long; then it must not be used. */
  take(amount?: number): Promise<boolean>;
  /** Whether the store is full, as if nothing had ever been taken. */
  isFull(): boolean;
}

export interface PaceLimits {
  /** What the store holds. */
  readonly burst: number;
  readonly perSecond: number;
  /** The longest wait; without it everybody waits as long as it takes. */
  readonly patienceMs?: number;
}

/** A token bucket. Whoever waits has taken already, so that turns come in order. */
export function createPace(
  { burst, perSecond, patienceMs = Number.POSITIVE_INFINITY }: PaceLimits,
  clock: Pick<Clock, 'now' | 'sleep'>,
): Pace {
  /** Below none: what is promised to those who wait. */
  let left = burst;
  let countedAt = clock.now().getTime();

  function count(): number {
    const now = clock.now().getTime();
    // A clock that was set back gives nothing.
    left = Math.min(burst, left + (Math.max(0, now - countedAt) / 1000) * perSecond);
    countedAt = now;
    return left;
  }

  return {
    async take(amount = 1) {
      const waitMs = (Math.max(0, amount - count()) / perSecond) * 1000;
      if (waitMs > patienceMs) return false;
      left -= amount;
      if (waitMs > 0) await clock.sleep(waitMs);
      return true;
    },
    isFull: () => count() === burst,
  };
}
