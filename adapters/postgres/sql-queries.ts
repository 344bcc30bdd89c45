import { CoordinatorFenced, StoreUnavailable } from '@reeve/core';
import pg from 'pg';
import { DatabaseUnavailableError, isSerializationFailure } from './database-error.ts';
import type { SqlQueryable } from './sql-client.ts';

/** What records are written with: the pool or a transaction's handle, speaking the store's errors. */
export interface SqlQueries {
  rows<Row extends object>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** The first row. */
  row<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row | undefined>;
  /** Runs a statement and returns how many rows it changed (or returned). */
  change(text: string, values?: readonly unknown[]): Promise<number>;
}

/** SQLSTATE that `hold_epoch()` raises. */
const FENCED = 'RV001';

/**
 * Gives a pool or transaction handle the store's errors (`StoreUnavailable`, `CoordinatorFenced`). Postgres text
 * holds no NUL; free text from models and tools may, so it is stored as U+FFFD.
 */
export function createSqlQueries(queryable: SqlQueryable): SqlQueries {
  async function run<Row extends object>(text: string, values: readonly unknown[] = []) {
    return withStoreErrors(() => queryable.query<Row>(text, values.map(withoutNul)));
  }
  return {
    rows: async <Row extends object>(text: string, values?: readonly unknown[]) =>
      (await run<Row>(text, values)).rows,
    row: async <Row extends object>(text: string, values?: readonly unknown[]) =>
      (await run<Row>(text, values)).rows[0],
    change: async (text, values) => (await run(text, values)).rowCount,
  };
}

/** Runs database work and rethrows what the database is to blame for as the store's own errors. */
export async function withStoreErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(error);
  }
}

function toStoreError(error: unknown): unknown {
  if (error instanceof DatabaseUnavailableError) return new StoreUnavailable(error.message, error);
  if (isSerializationFailure(error))
    return new StoreUnavailable('The database gave way to another transaction; nothing was done', error);
  if (error instanceof pg.DatabaseError && error.code === FENCED) {
    const [held, current] = (error.detail ?? '').split(' ');
    return new CoordinatorFenced(Number(held), Number(current));
  }
  return error;
}

function withoutNul(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\u{FFFD}') : value;
}
