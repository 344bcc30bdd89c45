import { type Clock, createPace, type Pace, type PaceLimits } from '@reeve/core';

/** A pace for each holder, such as a task: none waits for another. */
export interface Paces {
  /** Waits for its turn. `too-long`: nothing was taken, and it must not go on. */
  turn(holder: string, amount?: number): Promise<'at-once' | 'waited' | 'too-long'>;
}

/** Above so many holders those are forgotten who have not used anything for a while. */
const FORGET_ABOVE = 200;

export function createPaces(limits: PaceLimits, clock: Clock): Paces {
  const paces = new Map<string, Pace>();
  return {
    async turn(holder, amount) {
      if (paces.size > FORGET_ABOVE)
        for (const [known, pace] of paces) if (pace.isFull()) paces.delete(known);
      const pace = paces.get(holder) ?? createPace(limits, clock);
      paces.set(holder, pace);
      const began = clock.now().getTime();
      if (!(await pace.take(amount))) return 'too-long';
      return clock.now().getTime() === began ? 'at-once' : 'waited';
    },
  };
}
