import type { Log } from '@reeve/core';
import pg from 'pg';
import { createSqlPool, type SqlPool } from './sql-pool.ts';

export interface PostgresDeadlines {
  /** The longest one statement may run, in milliseconds. */
  readonly callMs: number;
  /** The longest to wait for a connection, in milliseconds. */
  readonly connectMs: number;
  /** The longest a transaction may sit between two statements, in milliseconds. */
  readonly idleTransactionMs: number;
}

export interface PostgresOptions {
  readonly connectionString: string;
  readonly deadlines: PostgresDeadlines;
  readonly log: Log;
  /** Most connections held at once. */
  readonly maxConnections: number;
}

export const DEFAULT_POSTGRES_DEADLINES: PostgresDeadlines = {
  callMs: 15_000,
  connectMs: 5_000,
  idleTransactionMs: 10_000,
};

/** How much longer than the server's own limit we wait before the connection itself is given up. */
const GRACE_MS = 2_000;

/**
 * A pool on a Postgres server (15 or newer). Connects on first use: while the server is away calls throw
 * `DatabaseUnavailableError`, and they work again when it is back.
 */
export function openPostgres({ connectionString, deadlines, log, maxConnections }: PostgresOptions): SqlPool {
  const pool = new pg.Pool({
    connectionString,
    max: maxConnections,
    connectionTimeoutMillis: deadlines.connectMs,
    statement_timeout: deadlines.callMs,
    query_timeout: deadlines.callMs + GRACE_MS,
    idle_in_transaction_session_timeout: deadlines.idleTransactionMs,
    keepAlive: true,
    application_name: 'reeve',
  });
  return createSqlPool({ pool, log });
}
