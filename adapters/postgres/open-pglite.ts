import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '@reeve/core';
import pg from 'pg';
import type { DatabaseUnavailableError } from './database-error.ts';
import { createPgliteEngine, type EngineDeadlines, type PgliteEngine } from './pglite-engine.ts';
import { createPgliteSession } from './pglite-session.ts';
import { createSqlPool, type SqlPool, surviveConnectionLoss } from './sql-pool.ts';

export interface PgliteDeadlines extends EngineDeadlines {
  /** The longest a transaction may sit between two statements, in milliseconds, before it is rolled back. */
  readonly idleTransactionMs: number;
}

export interface PglitePool extends SqlPool {
  /**
   * A `pg.Pool` on the same database for libraries that bring their own SQL (BullMQ, mem0); unqualified names
   * resolve in `schema`. Closed together with this pool.
   */
  view(schema: string): pg.Pool;
  /** The whole database as an uncompressed tar that another one can start from; only while nothing else runs. */
  dump(): Promise<Uint8Array<ArrayBuffer>>;
}

export interface PgliteOptions {
  /** A directory (made if missing), or `memory://` for a database that ends with the process. */
  readonly dataDir: string;
  readonly deadlines: PgliteDeadlines;
  readonly log: Log;
  /** What a new database starts from: another one's `dump()`. */
  readonly snapshot?: Uint8Array<ArrayBuffer>;
}

/**
 * Generous for our statements (single milliseconds) and for index builds, short enough for a person to wait: a
 * spinning thread holds up everything.
 */
export const DEFAULT_PGLITE_DEADLINES: PgliteDeadlines = {
  callMs: 15_000,
  openMs: 60_000,
  idleTransactionMs: 10_000,
};

/** Connections are nearly free here; this only bounds how much one caller can queue before it waits in the pool. */
const MAX_CONNECTIONS = 50;
/**
 * Postgres without its background processes never makes a checkpoint by itself: its log would grow, and recovery
 * with it, until a clean close.
 */
const CHECKPOINT_EVERY_MS = 30_000;
const IDENTIFIER = /^[a-z_][a-z0-9_]*$/;

/**
 * Opens the embedded Postgres (with pgvector) in a thread of its own. Take the home lock first: two processes on
 * one data directory destroy it. Files survive `kill -9`; they are not synced, so a power cut may lose the last
 * commits. Rejects with `DatabaseUnavailableError` when the directory cannot be opened.
 */
export async function openPglite({ dataDir, deadlines, log, snapshot }: PgliteOptions): Promise<PglitePool> {
  const onDisk = !dataDir.startsWith('memory://');
  if (onDisk) await mkdir(dataDir, { recursive: true, mode: 0o700 });
  let engine: PgliteEngine | undefined;
  let batchesSinceCheckpoint = 0;
  const session = createPgliteSession({
    execute: async (batch, isAhead) => {
      if (engine === undefined) throw new Error('the embedded database is not open yet');
      batchesSinceCheckpoint += 1;
      return engine.execute(batch, isAhead);
    },
    idleTransactionMs: deadlines.idleTransactionMs,
  });
  const open = (onLost: (reason: DatabaseUnavailableError) => void) =>
    createPgliteEngine({ thread: { dataDir, snapshot }, deadlines, log, onLost });
  // Making a database takes some 350 MB that its thread never gives back: that thread is ended, and another one opens it.
  if (onDisk && !existsSync(join(dataDir, 'PG_VERSION'))) await (await open(() => undefined)).close();
  const opened = await open((reason) => session.reset(reason));
  engine = opened;

  const openPool = (searchPath: string): pg.Pool =>
    new pg.Pool({
      stream: () => session.openConnection(searchPath),
      max: MAX_CONNECTIONS,
      idleTimeoutMillis: 0,
      keepAlive: true,
    });
  const views: pg.Pool[] = [];
  const pool = createSqlPool({
    pool: openPool('public'),
    log,
    async afterClose() {
      clearInterval(checkpoints);
      await Promise.all(views.map((view) => (view.ending ? undefined : view.end())));
      await opened.close();
    },
  });
  const checkpoints = setInterval(() => {
    if (batchesSinceCheckpoint === 0) return;
    batchesSinceCheckpoint = 0;
    pool
      .query('checkpoint')
      .catch((error: unknown) => log.warn({ error }, 'the embedded database made no checkpoint'));
  }, CHECKPOINT_EVERY_MS);
  checkpoints.unref();
  return {
    ...pool,
    view(schema) {
      if (!IDENTIFIER.test(schema)) throw new Error(`not a plain schema name: ${schema}`);
      const view = openPool(schema);
      surviveConnectionLoss(view, log);
      views.push(view);
      return view;
    },
    dump: () => opened.dump(),
  };
}
