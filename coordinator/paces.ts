import { type Clock, createPace, type Pace, type PaceLimits } from '@reeve/core';

/** A pace for each holder, such as a task: none waits for another. */
export interface Paces {
  turn(holder: string, amount?: number): Promise<void>;
}

/** Above so many holders those are forgotten who have not used anything for a while. */
const FORGET_ABOVE = 200;

export function createPaces(limits: Omit<PaceLimits, 'patienceMs'>, clock: Clock): Paces {
  const paces = new Map<string, Pace>();
  return {
    async turn(holder, amount) {
      if (paces.size > FORGET_ABOVE)
        for (const [known, pace] of paces) if (pace.isFull()) paces.delete(known);
      const pace = paces.get(holder) ?? createPace(limits, clock);
      paces.set(holder, pace);
      await pace.take(amount);
    },
  };
}
