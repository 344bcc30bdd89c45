import type { Clock } from '@reeve/core';

/** How fast each holder may use something: freely up to a store, then at the rate at which the store fills again. */
export interface Pace {
  /** Takes `amount` (1 unless given); resolves at once while the store has it, else as soon as it would have had it. */
  turn(holder: string, amount?: number): Promise<void>;
}

/** Above so many holders those are forgotten whose store is full. */
const FORGET_ABOVE = 200;

/** A token bucket for each holder. `perSecond` fills a store of `atOnce` again. */
export function createPace(
  { atOnce, perSecond }: { readonly atOnce: number; readonly perSecond: number },
  clock: Clock,
): Pace {
  const stores = new Map<string, { left: number; at: number }>();

  function leftNow({ left, at }: { left: number; at: number }, now: number): number {
    return Math.min(atOnce, left + (Math.max(0, now - at) / 1000) * perSecond);
  }

  return {
    async turn(holder, amount = 1) {
      const now = clock.now().getTime();
      if (stores.size > FORGET_ABOVE)
        for (const [known, store] of stores) if (leftNow(store, now) === atOnce) stores.delete(known);
      const store = stores.get(holder);
      const left = (store ? leftNow(store, now) : atOnce) - amount;
      stores.set(holder, { left, at: now });
      if (left < 0) await clock.sleep((-left / perSecond) * 1000);
    },
  };
}
