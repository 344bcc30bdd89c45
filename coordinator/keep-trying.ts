import { type Clock, type Log, StoreUnavailable } from '@reeve/core';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;

/**
 * Does something again, with growing pauses, for as long as the database is away: for what must be written once it has
 * happened. Rejects with any other error at once, and with the last one when the signal aborts.
 */
export async function keepTrying<T>(
  work: () => Promise<T>,
  deps: { clock: Clock; log: Log; signal: AbortSignal; what: string },
): Promise<T> {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || deps.signal.aborted) throw error;
      deps.log.warn({ err: error, what: deps.what }, 'the database is away; trying again');
      await deps.clock.sleep(wait, deps.signal).catch(() => undefined);
    }
  }
}
