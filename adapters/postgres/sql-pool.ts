import { AsyncLocalStorage } from 'node:async_hooks';
import type { Log } from '@reeve/core';
import type pg from 'pg';
import {
  checkout,
  createSqlClient,
  type SqlClient,
  type SqlQueryable,
  type TransactionClient,
} from './sql-client.ts';
import { createSqlListener, type NotificationHandler } from './sql-listener.ts';

export interface TransactionOptions {
  /** Default: the server's, which is `read committed`. */
  readonly isolation?: 'repeatable read' | 'serializable';
  /** A statement without values that travels with BEGIN; what it throws, the transaction throws. */
  readonly first?: string;
}

/** The database, real or embedded. */
export interface SqlPool extends SqlQueryable {
  /** A connection of one's own, for a session-long need. Always `release()` it. */
  connect(): Promise<SqlClient>;
  /**
   * Runs `work` between BEGIN and COMMIT; when it throws, rolls back and rethrows. Inside, only the handle it is
   * given may be used: the pool throws there, because on the embedded database it would wait for itself. Await
   * nothing but the handle. `work` is never repeated (see `retrySerialization`). A COMMIT whose answer was lost
   * throws `DatabaseUnavailableError` with outcome `unknown`; a loss before it has outcome `not-done`.
   */
  transaction<T>(work: (tx: SqlQueryable) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * Calls `handler` for each NOTIFY on `channel`, and with `undefined` after a lost connection came back, because
   * notifications may have been missed. Resolves when listening has begun, with a function that stops it.
   */
  listen(channel: string, handler: NotificationHandler): Promise<() => Promise<void>>;
  /** Ends every connection; later calls throw. Resolves when nothing of the pool is left. */
  close(): Promise<void>;
}

/**
 * Gives a `pg.Pool` our error types, transaction discipline and notifications. `afterClose` ends what the pool's
 * connections ran on.
 */
export function createSqlPool(deps: {
  readonly pool: pg.Pool;
  readonly log: Log;
  readonly afterClose?: () => Promise<void>;
}): SqlPool {
  const { pool, log } = deps;
  const scopes = new AsyncLocalStorage<{ open: boolean }>();
  const listener = createSqlListener({ connect: () => checkout(pool), log });
  let closing: Promise<void> | undefined;
  surviveConnectionLoss(pool, log);

  async function borrow(): Promise<TransactionClient> {
    if (scopes.getStore()?.open === true) {
      throw new Error('the pool was used inside a transaction: use the handle that the transaction gave you');
    }
    return createSqlClient(await checkout(pool));
  }

  async function close(): Promise<void> {
    await listener.close();
    await pool.end();
    await deps.afterClose?.();
  }

  return {
    async query(text, values) {
      const client = await borrow();
      try {
        return await client.query(text, values);
      } finally {
        client.release();
      }
    },
    connect: borrow,
    async transaction(work, { isolation, first } = {}) {
      const client = await borrow();
      const scope = { open: true };
      try {
        const begin = isolation === undefined ? 'begin' : `begin isolation level ${isolation}`;
        await client.query(first === undefined ? begin : `${begin}; ${first}`);
        const result = await scopes.run(scope, () => work({ query: client.query }));
        await client.commit();
        return result;
      } finally {
        scope.open = false;
        client.release();
      }
    },
    listen: (channel, handler) => listener.listen(channel, handler),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/**
 * A `pg` connection that is lost while idle, or between two queries of its borrower, emits `error`; unheard, that
 * ends the process. The pool replaces the connection by itself, and whoever calls meanwhile is told.
 */
export function surviveConnectionLoss(pool: pg.Pool, log: Log): void {
  pool.on('error', (error) => log.debug({ error: error.message }, 'a database connection was lost'));
  pool.on('connect', (client) => {
    client.on('error', (error) => log.debug({ error: error.message }, 'a database connection failed'));
  });
}
