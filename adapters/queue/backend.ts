import type { DispatchJob, Log } from '@reeve/core';
import {
  createPostgresBackend,
  type JobsOptions,
  type JobType,
  type PgPool,
  type PostgresConnectionOptions,
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
const POOL_SIZE = 3;

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
      return connectPostgres(
        { connectionString: backend.connectionString, max: POOL_SIZE, schema: SCHEMA },
        name,
      );
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
      return connectPostgres(pool, name);
    }
  }
}

function connectPostgres(connection: PostgresConnectionOptions, name: string): QueueConnection {
  return {
    queue: new Queue(name, { connection }, createPostgresBackend),
    openWorker: (processor, options) =>
      new Worker(name, processor, { ...options, connection }, createPostgresBackend),
    close: async () => undefined,
  };
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
