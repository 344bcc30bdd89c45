import { existsSync } from 'node:fs';
import path from 'node:path';
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
    throw error instanceof UserError ? error : opened.explain(error);
  }
  return {
    pool: opened.pool,
    kind: opened.kind,
    async openQueue() {
      try {
        return await createTaskQueue({ backend: redis ?? opened.queueBackend(), name: QUEUE_NAME, log });
      } catch (error) {
        throw redis ? unreachable('Redis (REDIS_URL)', error) : opened.explain(error);
      }
    },
  };
}

interface Opened {
  readonly pool: SqlPool;
  readonly kind: string;
  readonly queueBackend: () => QueueBackend;
  /** What a failure of it means for the person. */
  readonly explain: (error: unknown) => UserError;
}

async function openEmbedded(directory: string, log: Log): Promise<Opened> {
  const isOld = existsSync(path.join(directory, 'PG_VERSION'));
  const explain = (error: unknown) => unusable(directory, isOld, error);
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
      explain,
    };
  } catch (error) {
    throw explain(error);
  }
}

async function openServer(connectionString: string, log: Log): Promise<Opened> {
  const pool = openPostgres({
    connectionString,
    deadlines: DEFAULT_POSTGRES_DEADLINES,
    log,
    maxConnections: SERVER_CONNECTIONS,
  });
  const kind = 'the Postgres server (DATABASE_URL)';
  return {
    pool,
    kind,
    queueBackend: () => ({ kind: 'postgres', connectionString }),
    explain: (error) => unreachable(kind, error),
  };
}

/** A database that was there before and cannot be opened is damaged, unless it lacks room. */
function unusable(directory: string, isOld: boolean, error: unknown): UserError {
  const reason = reasonOf(error)
    .replace(/^The database is not available: /, '')
    .replace(`${directory} cannot be opened: `, '')
    .replace(/\.? Build with -sASSERTIONS.*$/, '');
  if (isOld && !/\b(?:space|full|quota|ENOSPC|EDQUOT)\b/i.test(reason))
    return new UserError(
      `The database folder ${directory} is damaged and cannot be opened: ${reason}. Nothing was started.`,
      'Restore the whole home from a backup; or, to start with an empty database, move that folder away.',
    );
  return new UserError(
    `The embedded database in ${directory} cannot be opened: ${reason}. Nothing was started.`,
    'Make sure that the folder can be written and that its disk has room.',
  );
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.+$/, '');
}

function unreachable(what: string, error: unknown): UserError {
  const reason = reasonOf(error);
  return new UserError(
    `Cannot open ${what}: ${reason}. Nothing was started.`,
    'Check that it runs, that the address and password are right, and that its disk has room.',
  );
}
