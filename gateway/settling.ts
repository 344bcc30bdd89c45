import type { Clock, Log } from '@reeve/core';
import { failureFields } from './refusal.ts';

/**
 * Writes what calls came to. What the database does not take is tried again until it does: a call that is over would
 * otherwise hold its reservation, and what it kept free beside it, for as long as this process lives.
 */
export interface Settling {
  /** `work` must be safe to repeat. Resolves after the first try, whatever came of it; never rejects. */
  write(work: () => Promise<unknown>, fields: object): Promise<void>;
  /** Waits for first tries under way, not for what is tried again. */
  triedOnce(): Promise<void>;
  /** Tries what is unwritten at once: somebody has just found the database there. */
  tryNow(): void;
  /** Resolves when everything is written or, once the gateway stops and after one last try, in the log. */
  settled(): Promise<void>;
}

export interface SettlingDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
}

interface Writing {
  readonly work: () => Promise<unknown>;
  readonly fields: object;
}

/** Between two rounds, in milliseconds; doubles from the first to the longest. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5000;

export function createSettling({ clock, log, stopping }: SettlingDeps): Settling {
  const firstTries = new Set<Promise<void>>();
  /** In the order in which they came. */
  const unwritten = new Set<Writing>();
  let trying: Promise<void> | null = null;
  let found = Promise.withResolvers<void>();

  async function tryFirst(writing: Writing): Promise<void> {
    try {
      await writing.work();
    } catch (error) {
      const fields = { ...failureFields(error), ...writing.fields };
      log.warn(fields, 'a call could not be settled; until it is, all that it reserved counts');
      unwritten.add(writing);
      trying ??= tryOn();
    }
  }

  /** One after the other, past those that fail: what the database will never take holds up nothing else. */
  async function tryAll(): Promise<void> {
    for (const writing of [...unwritten]) {
      try {
        await writing.work();
        unwritten.delete(writing);
        log.info(writing.fields, 'a call was settled late');
      } catch (error) {
        log.debug({ ...failureFields(error), ...writing.fields }, 'a call could not be settled yet');
      }
    }
  }

  async function tryOn(): Promise<void> {
    for (let wait = FIRST_WAIT_MS; unwritten.size > 0; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      await pause(wait);
      const isLast = stopping.aborted;
      await tryAll();
      if (isLast) break;
    }
    for (const { fields } of unwritten)
      log.error(fields, 'a call could not be settled; all that it reserved counts');
    unwritten.clear();
    trying = null;
  }

  async function pause(milliseconds: number): Promise<void> {
    const enough = new AbortController();
    const time = clock.sleep(milliseconds, AbortSignal.any([enough.signal, stopping]));
    await Promise.race([time.catch(() => undefined), found.promise]);
    enough.abort();
  }

  return {
    write(work, fields) {
      const first = tryFirst({ work, fields }).finally(() => firstTries.delete(first));
      firstTries.add(first);
      return first;
    },
    async triedOnce() {
      await Promise.all(firstTries);
    },
    tryNow() {
      if (unwritten.size === 0) return;
      found.resolve();
      found = Promise.withResolvers();
    },
    async settled() {
      while (firstTries.size > 0 || trying !== null) await Promise.all([...firstTries, trying]);
    },
  };
}
