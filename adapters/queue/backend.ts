import type { DispatchJob, Log } from '@reeve/core';
import {
  createPostgresBackend,
  type JobsOptions,
  type JobType,
  type PgPool,
  Queue,
  runMigrations,
  Worker,
} from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';

/** Where the queue lives. `pool` is a view of the embedded database on the schema `bullmq`. */
export type QueueBackend =
  | { readonly kind: 'redis'; readonly url: string }
  | { readonly kind: 'postgres'; readonly connectionString: string }
  | { readonly kind: 'pglite'; readonly pool: pg.Pool };

/** What we use of BullMQ's Queue. */
export interface DispatchQueue {
  add(name: string, job: DispatchJob, options: JobsOptions): Promise<unknown>;
  getJobCounts(...states: JobType[]): Promise<{ [state: string]: number }>;
  remove(jobId: string): Promise<number>;
  obliterate(options: { force: boolean }): Promise<void>;
  resume(): Promise<void>;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** What we use of BullMQ's Worker. */
export interface DispatchWorker {
  concurrency: number;
  waitUntilReady(): Promise<void>;
  cancelJob(jobId: string, reason: string): boolean;
  close(force: boolean): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'failed', listener: (job: { readonly id?: string } | undefined, error: Error) => void): unknown;
  on(event: 'lockRenewalFailed', listener: (jobIds: string[]) => void): unknown;
}

export type DispatchProcessor = (
  job: { readonly data: DispatchJob },
  token?: string,
  signal?: AbortSignal,
) => Promise<void>;

export interface DispatchWorkerOptions {
  readonly concurrency: number;
  /** How long a worker waits, in milliseconds, before it asks a lost backend again. */
  readonly runRetryDelay: number;
}

/** BullMQ's classes, connected. */
export interface QueueConnection {
  readonly queue: DispatchQueue;
  openWorker(processor: DispatchProcessor, options: DispatchWorkerOptions): DispatchWorker;
  /** Ends what `queue` and the workers do not own. */
  close(): Promise<void>;
}

const SCHEMA = 'bullmq';
/** Each Queue and each Worker has a pool of its own on a real Postgres, and a worker pins one client to listen. */
const POOL_SIZE = 4;

/** Connects to the backend and, on Postgres, brings BullMQ's own tables up to date. */
export async function connectQueue(backend: QueueBackend, name: string, log: Log): Promise<QueueConnection> {
  switch (backend.kind) {
    case 'redis':
      return connectRedis(backend.url, name, log);
    case 'postgres': {
      const client = new pg.Client({ connectionString: backend.connectionString });
      client.on('error', (error) => log.debug({ error: error.message }, 'the queue connection was lost'));
      try {
        await client.connect();
        await runMigrations(client, SCHEMA);
      } finally {
        await client.end();
      }
      return connectPostgres(() => openGuardedPool(backend.connectionString, log), name);
    }
    case 'pglite': {
      // BullMQ describes the events of a `pg` pool more loosely than `pg` does.
      const pool = backend.pool as unknown as PgPool;
      const client = await pool.connect();
      try {
        await runMigrations(client, SCHEMA);
      } finally {
        client.release();
      }
      return connectPostgres(() => ({ pool, end: async () => undefined }), name);
    }
  }
}

/** A pool for one Queue or Worker, and how to end it. */
interface QueuePool {
  readonly pool: PgPool;
  end(): Promise<void>;
}

function connectPostgres(openPool: () => QueuePool, name: string): QueueConnection {
  const opened: QueuePool[] = [];
  const open = () => {
    const one = openPool();
    opened.push(one);
    return one.pool;
  };
  return {
    queue: new Queue(name, { connection: open() }, createPostgresBackend),
    openWorker: (processor, options) =>
      new Worker(name, processor, { ...options, connection: open() }, createPostgresBackend),
    async close() {
      await Promise.all(opened.splice(0).map((one) => one.end()));
    },
  };
}

/**
 * A pool whose every client has someone who hears its errors. BullMQ's own (made from a configuration) leaves moments
 * without, and a server that goes away in one of them ends the process.
 */
function openGuardedPool(connectionString: string, log: Log): QueuePool {
  const lost = (error: Error) => log.debug({ error: error.message }, 'a queue connection was lost');
  const pool = new pg.Pool({
    connectionString,
    max: POOL_SIZE,
    keepAlive: true,
    options: `-c search_path=${SCHEMA}`,
  });
  pool.on('error', lost).on('connect', (client) => client.on('error', lost));
  // BullMQ describes the events of a `pg` pool more loosely than `pg` does.
  return { pool: pool as unknown as PgPool, end: () => pool.end() };
}

function connectRedis(url: string, name: string, log: Log): QueueConnection {
  // A producer that is told at once can try again; a worker must wait for Redis however long it is away.
  const producer = new Redis(url, { maxRetriesPerRequest: 1 });
  const consumer = new Redis(url, { maxRetriesPerRequest: null });
  for (const connection of [producer, consumer]) {
    connection.on('error', (error) => log.debug({ error: error.message }, 'the queue connection was lost'));
  }
  const prefix = 'reeve';
  return {
    queue: new Queue(name, { connection: producer, prefix }),
    openWorker: (processor, options) =>
      new Worker(name, processor, { ...options, connection: consumer, prefix }),
    async close() {
      producer.disconnect();
      consumer.disconnect();
    },
  };
}
