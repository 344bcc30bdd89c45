import type { Log } from '@reeve/core';
import pino from 'pino';

/** Appends structured lines to a file; keys and tokens are redacted wherever they stand. */
export function createFileLog(file: string, level: string): Log & { flush(): void } {
  const destination = pino.destination({ dest: file, mkdir: true, sync: false, append: true });
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
    flush: () => destination.flushSync(),
  };
}
