import type { Clock, Log, UpdateBox } from '@reeve/core';
import { CHANNEL } from '../chat-address.ts';

const RETRY_MS = 500;

/**
 * Marks updates as handled, those that end while a mark is being written together with the next one. Resolves once
 * theirs is committed, however long the database is away.
 *
 * @returns a function that rejects with the signal's reason when the channel stops first.
 */
export function createSettler(deps: {
  box: UpdateBox;
  clock: Clock;
  log: Log;
  signal: () => AbortSignal;
}): (ids: readonly number[]) => Promise<void> {
  const { box, clock, log } = deps;
  let waiting: number[] = [];
  let writing = Promise.resolve();
  /** The write that takes all that waits; begins when the one before has ended. */
  let next: Promise<void> | null = null;

  async function write(): Promise<void> {
    next = null;
    const ids = waiting;
    waiting = [];
    for (;;) {
      try {
        return await box.markHandled(CHANNEL, ids, clock.now());
      } catch (error) {
        deps.signal().throwIfAborted();
        log.error({ err: error }, 'handled updates could not be marked; trying again');
        await clock.sleep(RETRY_MS, deps.signal());
      }
    }
  }

  return (ids) => {
    waiting.push(...ids);
    if (next) return next;
    next = writing.then(write);
    // Whoever waits hears of its failure; the next write begins all the same.
    writing = next.catch(() => undefined);
    return next;
  };
}
