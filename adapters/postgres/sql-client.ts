import type pg from 'pg';
import { DatabaseUnavailableError, toDatabaseError } from './database-error.ts';

export interface SqlResult<T> {
  readonly rows: readonly T[];
  /** Rows returned or changed. */
  readonly rowCount: number;
}

export interface SqlQueryable {
  /**
   * Runs one statement with `$1`-style values (or several statements without values). Rows carry `pg`'s default
   * types: `bigint` as a string, `timestamptz` as a Date, `jsonb` parsed. Throws `DatabaseUnavailableError` when
   * the database is away or too slow, `pg.DatabaseError` when it refuses the statement.
   */
  query<T extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<SqlResult<T>>;
}

export interface SqlClient extends SqlQueryable {
  /** Gives the connection back; an open transaction is rolled back. Later queries throw. */
  release(): void;
}

export interface TransactionClient extends SqlClient {
  /** Throws when the server rolled back instead, because an error inside the transaction was swallowed. */
  commit(): Promise<void>;
}

/** Takes a connection out of the pool, with our error type when there is none to have. */
export async function checkout(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw toDatabaseError(error, 'not-done');
  }
}

/**
 * Wraps a checked-out connection. Queries run one after another, however they are called. A connection that failed
 * or still has a transaction open is destroyed on release, so that the next borrower finds a clean one and the
 * server rolls back.
 */
export function createSqlClient(client: pg.PoolClient): TransactionClient {
  let released = false;
  let broken = false;
  let last: Promise<unknown> = Promise.resolve();
  // A loss between two queries is reported by event only; the next query would not say why.
  let loss: Error | undefined;
  const noteLoss = (error: Error): void => {
    loss ??= error;
  };
  client.on('error', noteLoss);

  async function run<T extends object>(
    text: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<T>> {
    if (released) throw new Error('the database connection was used after its release');
    const inTransaction = client.getTransactionStatus() === 'T';
    const begins = /^begin\b/i.test(text);
    try {
      return await (values === undefined ? client.query<T>(text) : client.query<T>(text, [...values]));
    } catch (error) {
      const known = toDatabaseError(
        loss ?? error,
        (inTransaction && !/^commit$/i.test(text)) || begins ? 'not-done' : 'unknown',
      );
      // The error arrives before the server's word that a transaction is open, and failed.
      broken ||= begins || known instanceof DatabaseUnavailableError;
      throw known;
    }
  }

  function enqueue<T extends object>(text: string, values?: readonly unknown[]): Promise<pg.QueryResult<T>> {
    const result = last.then(() => run<T>(text, values));
    last = result.catch(() => undefined);
    return result;
  }

  return {
    async query<T extends object>(text: string, values?: readonly unknown[]): Promise<SqlResult<T>> {
      const result = await enqueue<T>(text, values);
      // Several statements in one text make `pg` return an array of results.
      const final = Array.isArray(result) ? (result.at(-1) as pg.QueryResult<T>) : result;
      return { rows: final.rows, rowCount: final.rowCount ?? 0 };
    },
    async commit() {
      const { command } = await enqueue('commit');
      if (command !== 'COMMIT')
        throw new Error('the transaction was rolled back: one of its statements had failed');
    },
    release() {
      if (released) return;
      released = true;
      client.removeListener('error', noteLoss);
      client.release(broken || client.getTransactionStatus() !== 'I');
    },
  };
}
