import type { Log } from '@reeve/core';
import type pg from 'pg';

/** A payload, or `undefined` when notifications may have been missed: read again. */
export type NotificationHandler = (payload: string | undefined) => void;

export interface SqlListener {
  listen(channel: string, handler: NotificationHandler): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

const RECONNECT_MS = { first: 100, most: 3_000 } as const;

/**
 * One connection that listens for everybody. When it is lost it is replaced (0.1 s after the loss, then waiting
 * twice as long each time, at most 3 s), and every handler is called with `undefined`.
 */
export function createSqlListener(deps: {
  readonly connect: () => Promise<pg.PoolClient>;
  readonly log: Log;
}): SqlListener {
  const handlers = new Map<string, Set<NotificationHandler>>();
  let client: Promise<pg.PoolClient> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  async function open(): Promise<pg.PoolClient> {
    const opened = await deps.connect();
    opened.on('notification', ({ channel, payload }) => {
      for (const handler of handlers.get(channel) ?? []) handler(payload ?? '');
    });
    opened.once('end', () => lost(opened));
    try {
      for (const channel of handlers.keys()) await opened.query(`listen ${quote(channel)}`);
    } catch (error) {
      opened.release(true);
      throw error;
    }
    return opened;
  }

  function current(): Promise<pg.PoolClient> {
    client ??= open().catch((error: unknown) => {
      client = undefined;
      throw error;
    });
    return client;
  }

  function lost(ended: pg.PoolClient): void {
    if (closed) return;
    ended.removeAllListeners('notification');
    ended.release(true);
    client = undefined;
    reconnect(RECONNECT_MS.first);
  }

  function reconnect(delay: number): void {
    if (closed || handlers.size === 0) return;
    retry = setTimeout(() => {
      current().then(
        () => {
          for (const set of handlers.values()) for (const handler of set) handler(undefined);
        },
        (error: unknown) => {
          deps.log.warn({ error }, 'cannot listen for database notifications yet');
          reconnect(Math.min(delay * 2, RECONNECT_MS.most));
        },
      );
    }, delay);
    retry.unref();
  }

  return {
    async listen(channel, handler) {
      const existing = handlers.get(channel);
      const set = existing ?? new Set<NotificationHandler>();
      handlers.set(channel, set.add(handler));
      try {
        const listening = await current();
        if (existing === undefined) await listening.query(`listen ${quote(channel)}`);
      } catch (error) {
        set.delete(handler);
        if (set.size === 0) handlers.delete(channel);
        throw error;
      }
      return async () => {
        set.delete(handler);
        if (set.size > 0 || handlers.get(channel) !== set) return;
        handlers.delete(channel);
        const listening = await client?.catch(() => undefined);
        await listening?.query(`unlisten ${quote(channel)}`).catch((error: unknown) => {
          deps.log.warn({ error, channel }, 'cannot stop listening');
        });
      };
    },
    async close() {
      closed = true;
      clearTimeout(retry);
      const listening = await client?.catch(() => undefined);
      listening?.release(true);
    },
  };
}

function quote(channel: string): string {
  return `"${channel.replaceAll('"', '""')}"`;
}
