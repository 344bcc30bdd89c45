import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, Ids } from '@reeve/core';
import { uuidv7 } from 'uuidv7';

/** The machine's own clock. */
export function createSystemClock(): Clock {
  return {
    now: () => new Date(),
    sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal ? { signal } : undefined),
  };
}

/** Ids that sort by time (UUID version 7, RFC 9562) and bytes from the system's random source. */
export function createSystemIds(): Ids {
  return { newId: () => uuidv7(), randomBytes: (count) => randomBytes(count) };
}
