import { taskQueueContract } from '@reeve/core/testing';
import {
  type FreshDatabase,
  openFreshDatabase,
  silentLog,
  startPostgres,
  startRedis,
  type TestPostgres,
  type TestRedis,
} from '@reeve/postgres/testing';
import { afterAll, beforeAll, describe } from 'vitest';
import type { QueueBackend } from './backend.ts';
import { createTaskQueue } from './create-task-queue.ts';

const nothing = async (): Promise<void> => undefined;

function contractOn(name: string, backend: () => QueueBackend): void {
  let number = 0;
  taskQueueContract(name, async () => {
    number += 1;
    return {
      queue: await createTaskQueue({ backend: backend(), name: `contract-${number}`, log: silentLog }),
      dispose: nothing,
    };
  });
}

describe('embedded database', () => {
  let database: FreshDatabase;
  beforeAll(async () => {
    database = await openFreshDatabase();
  });
  afterAll(() => database.close());
  contractOn('PGlite', () => ({ kind: 'pglite', pool: database.view('bullmq') }));
});

describe('real Postgres', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  contractOn('Postgres', () => ({ kind: 'postgres', connectionString: server.connectionString }));
});

describe('Redis', () => {
  let server: TestRedis;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  contractOn('Redis', () => ({ kind: 'redis', url: server.url }));
});
