import { startPostgres, startRedis } from '@reeve/postgres/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, makeTestHome, say, startReeve } from '../testing/reeve-process.ts';

describe('on a Postgres server and Redis', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let redis: Awaited<ReturnType<typeof startRedis>>;
  beforeAll(async () => {
    postgres = await startPostgres();
    redis = await startRedis();
  });
  afterAll(async () => {
    await redis.stop();
    await postgres.stop();
  });

  it('the same job runs, and survives a queue that lost everything', async () => {
    await using home = await makeTestHome();
    const servers = { DATABASE_URL: postgres.connectionString, REDIS_URL: redis.url };
    const made = await say(home, 'Make a CSV of the first 10 primes and tell me their sum', 'none', servers);
    expect(made.stderr).toBe('');
    expect(made.code).toBe(0);
    expect(JSON.stringify(made.events)).toContain('129');

    await using reeve = await startReeve(home, servers);
    await reeve.call('POST', '/v1/conversations/main/messages', {
      text: 'work 2 seconds seven times at once',
    });
    await eventually(
      'queued tasks',
      async () => ((await reeve.call('GET', '/v1/status')).body['queued'] as unknown[]).length > 0,
    );
    await redis.crash();
    await redis.start();
    await eventually('the end of all', async () => {
      const { body } = await reeve.call('GET', '/v1/tasks?state=succeeded');
      return (body['tasks'] as unknown[]).length === 8;
    });
  });
});
