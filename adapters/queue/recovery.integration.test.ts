import { type DispatchJob, formatTaskId, type TaskQueue } from '@reeve/core';
import { openFreshDatabase, silentLog, startPostgres, startRedis } from '@reeve/postgres/testing';
import { describe, expect, it } from 'vitest';
import type { QueueBackend } from './backend.ts';
import { createTaskQueue } from './create-task-queue.ts';

const job = (number: number): DispatchJob => ({
  id: `T${number}-1-1`,
  taskId: formatTaskId(number),
  attempt: 1,
  dispatch: 1,
  priority: 3,
});

async function openQueue(backend: QueueBackend): Promise<{ queue: TaskQueue; seen: string[] }> {
  const queue = await createTaskQueue({ backend, name: 'recovery', log: silentLog, callMs: 2_000 });
  const seen: string[] = [];
  await queue.work(async ({ id }) => void seen.push(id), { concurrency: 2 });
  await queue.enqueue(job(1));
  await expect.poll(() => seen).toEqual([job(1).id]);
  return { queue, seen };
}

/** Adds the job as the relay does: again and again until the queue takes it. */
async function enqueueUntilTaken(queue: TaskQueue, added: DispatchJob): Promise<void> {
  await expect.poll(() => queue.enqueue(added).then(() => 'taken')).toBe('taken');
}

describe('a backend that goes away', () => {
  it('Redis: callers are told, and the same worker goes on when it is back', async () => {
    const server = await startRedis();
    const { queue, seen } = await openQueue({ kind: 'redis', url: server.url });
    await server.crash();
    await expect(queue.enqueue(job(2))).rejects.toMatchObject({
      name: 'QueueUnavailableError',
      retryable: true,
    });
    await server.start();
    await enqueueUntilTaken(queue, job(3));
    await expect.poll(() => seen).toContain(job(3).id);
    await queue.close();
    await server.stop();
  });

  it('Postgres: callers are told, and the same worker goes on when it is back', async () => {
    const server = await startPostgres();
    const { queue, seen } = await openQueue({ kind: 'postgres', connectionString: server.connectionString });
    await server.crash();
    await expect(queue.enqueue(job(2))).rejects.toMatchObject({
      name: 'QueueUnavailableError',
      retryable: true,
    });
    await server.start();
    await enqueueUntilTaken(queue, job(3));
    await expect.poll(() => seen).toContain(job(3).id);
    await queue.close();
    await server.stop();
  });

  it('embedded database: the same worker goes on after its thread was replaced', async () => {
    const database = await openFreshDatabase({ callMs: 3_000 });
    const { queue, seen } = await openQueue({ kind: 'pglite', pool: database.view('bullmq') });
    await expect(database.query('do $$ begin loop end loop; end $$')).rejects.toMatchObject({
      reason: 'deadline',
    });
    await enqueueUntilTaken(queue, job(3));
    await expect.poll(() => seen).toContain(job(3).id);
    await queue.close();
    await database.close();
  });

  it('refuses to start without its backend', async () => {
    const backend: QueueBackend = { kind: 'redis', url: 'redis://127.0.0.1:1' };
    await expect(
      createTaskQueue({ backend, name: 'absent', log: silentLog, callMs: 500 }),
    ).rejects.toMatchObject({
      name: 'QueueUnavailableError',
    });
  });
});
