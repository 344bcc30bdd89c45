import { existsSync } from 'node:fs';
import type { SqlPool } from '@reeve/postgres';
import { DEFAULT_POSTGRES_DEADLINES, openPostgres } from '@reeve/postgres';
import { silentLog, startPostgres, startRedis } from '@reeve/postgres/testing';

/** A real Postgres and a real Redis, started when the first section asks for them. */
export interface Servers extends AsyncDisposable {
  /** An empty database and an empty Redis; null when this machine has not both servers. */
  fresh(): Promise<FreshServers | null>;
}

export interface FreshServers {
  /** `DATABASE_URL` and `REDIS_URL` for a Reeve. */
  readonly settings: { readonly DATABASE_URL: string; readonly REDIS_URL: string };
  openPool(): SqlPool;
}

/** The figures on servers say how they were set. */
export const SERVER_NOTE = 'a local Postgres with fsync off';

const POSTGRES_HOME = '/usr/lib/postgresql';
const REDIS = '/usr/bin/redis-server';
const CONNECTIONS = 20;

/** Whether this machine has both servers. */
export function hasServers(): boolean {
  return existsSync(POSTGRES_HOME) && existsSync(REDIS);
}

export function createServers(): Servers {
  const opened = new AsyncDisposableStack();
  let postgres: Promise<string> | undefined;
  let databases = 0;

  async function start(): Promise<string> {
    const server = await startPostgres();
    opened.defer(() => server.stop());
    return server.connectionString;
  }

  return {
    async fresh() {
      if (!hasServers()) return null;
      postgres ??= start();
      const administration = poolOf(await postgres);
      databases += 1;
      const name = `bench_${databases}`;
      await administration.query(`create database ${name}`);
      await administration.close();
      const redis = await startRedis();
      opened.defer(() => redis.stop());
      const url = new URL(await postgres);
      url.pathname = name;
      return {
        settings: { DATABASE_URL: url.href, REDIS_URL: redis.url },
        openPool: () => poolOf(url.href),
      };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function poolOf(connectionString: string): SqlPool {
  return openPostgres({
    connectionString,
    deadlines: DEFAULT_POSTGRES_DEADLINES,
    log: silentLog,
    maxConnections: CONNECTIONS,
  });
}
