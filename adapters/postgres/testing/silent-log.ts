import type { Log } from '@reeve/core';

const drop = (): void => undefined;

/** A log that nobody reads. */
export const silentLog: Log = { debug: drop, info: drop, warn: drop, error: drop };
