import type { Clock } from '@reeve/core';

export interface Deadline {
  /** Aborts when the time is over or the outer signal does. */
  readonly signal: AbortSignal;
  /** Lets go of the timer; the signal stays as it is. */
  clear(): void;
}

/** A time limit in milliseconds below an outer signal; `clear` it in a `finally`. */
export function startDeadline(clock: Clock, milliseconds: number, outer: AbortSignal): Deadline {
  const over = new AbortController();
  const cleared = new AbortController();
  clock.sleep(milliseconds, cleared.signal).then(
    () => over.abort(new Error(`${milliseconds / 1000} s are over`)),
    // Rejects when the deadline is cleared first, which is the rule.
    () => undefined,
  );
  return {
    signal: AbortSignal.any([outer, over.signal]),
    clear: () => cleared.abort(new Error('the deadline was cleared')),
  };
}

/** The outcome of work that cannot be aborted, unless the time or the signal ends first: then rejects with the reason. */
export async function within<T>(
  work: Promise<T>,
  clock: Clock,
  milliseconds: number,
  outer: AbortSignal,
): Promise<T> {
  const deadline = startDeadline(clock, milliseconds, outer);
  try {
    return await new Promise<T>((resolve, reject) => {
      deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason), { once: true });
      if (deadline.signal.aborted) reject(deadline.signal.reason);
      work.then(resolve, reject);
    });
  } finally {
    deadline.clear();
  }
}
