import type { Log, TaskQueue } from '@reeve/core';
import {
  DEFAULT_PGLITE_DEADLINES,
  DEFAULT_POSTGRES_DEADLINES,
  MIGRATIONS_DIRECTORY,
  migrate,
  openPglite,
  openPostgres,
  type SqlPool,
} from '@reeve/postgres';
import { createTaskQueue, type QueueBackend } from '@reeve/queue';
import type { HomePaths } from '../home.ts';
import type { Settings } from '../settings.ts';
import { UserError } from '../user-error.ts';

export interface Database {
  readonly pool: SqlPool;
  /** In words, for doctor and the log. */
  readonly kind: string;
  openQueue(): Promise<TaskQueue>;
}

const SERVER_CONNECTIONS = 20;
const QUEUE_NAME = 'tasks';

/**
 * Opens the embedded database, or the server of `DATABASE_URL`, and brings its schema up to date.
 *
 * @throws {UserError} when it cannot be reached or was written by a newer Reeve.
 */
export async function openDatabase(settings: Settings, paths: HomePaths, log: Log): Promise<Database> {
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = settings;
  const opened = databaseUrl ? await openServer(databaseUrl, log) : await openEmbedded(paths.database, log);
  const redis: QueueBackend | null = redisUrl ? { kind: 'redis', url: redisUrl } : null;
  try {
    const outcome = await migrate(opened.pool, MIGRATIONS_DIRECTORY);
    if (outcome.kind === 'refused')
      throw new UserError(
        `${outcome.message} Nothing was started.`,
        'Use the Reeve that wrote it, or another REEVE_HOME or DATABASE_URL.',
      );
  } catch (error) {
    await opened.pool.close();
    throw error instanceof UserError ? error : unreachable(opened.kind, error);
  }
  return {
    pool: opened.pool,
    kind: opened.kind,
    async openQueue() {
      try {
        return await createTaskQueue({ backend: redis ?? opened.queueBackend(), name: QUEUE_NAME, log });
      } catch (error) {
        throw unreachable(redis ? 'Redis (REDIS_URL)' : opened.kind, error);
      }
    },
  };
}

interface Opened {
  readonly pool: SqlPool;
  readonly kind: string;
  readonly queueBackend: () => QueueBackend;
}

async function openEmbedded(directory: string, log: Log): Promise<Opened> {
  try {
    const pool = await openPglite({
      dataDir: directory,
      deadlines: DEFAULT_PGLITE_DEADLINES,
      log,
    });
    return {
      pool,
      kind: 'the embedded database',
      queueBackend: () => ({ kind: 'pglite', pool: pool.view('bullmq') }),
    };
  } catch (error) {
    throw unreachable('the embedded database', error);
  }
}

async function openServer(connectionString: string, log: Log): Promise<Opened> {
  const pool = openPostgres({
    connectionString,
    deadlines: DEFAULT_POSTGRES_DEADLINES,
    log,
    maxConnections: SERVER_CONNECTIONS,
  });
  return {
    pool,
    kind: 'the Postgres server (DATABASE_URL)',
    queueBackend: () => ({ kind: 'postgres', connectionString }),
  };
}

function unreachable(what: string, error: unknown): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError(
    `Cannot open ${what}: ${reason}. Nothing was started.`,
    'Check that it runs, that the address and password are right, and that its disk has room.',
  );
}
