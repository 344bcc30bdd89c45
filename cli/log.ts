import type { Log } from '@reeve/core';
import pino from 'pino';

/** Appends structured lines to a file; keys and tokens are redacted wherever they stand. */
export function createFileLog(file: string, level: string): Log & { flush(): void } {
  const destination = pino.destination({ dest: file, mkdir: true, sync: false, append: true });
  // A full disk must cost log lines, not the process: what cannot be written is dropped, and work says so elsewhere.
  destination.on('error', () => undefined);
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      redact: {
        paths: [
          '*.authorization',
          '*.apiKey',
          '*.token',
          '*.headers',
          'err.headers',
          'err.request',
          'err.config',
        ],
        censor: '[hidden]',
      },
    },
    destination,
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    flush() {
      try {
        destination.flushSync();
      } catch {
        // The same: the process ends all the same.
      }
    },
  };
}
