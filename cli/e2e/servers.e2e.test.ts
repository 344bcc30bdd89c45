import { startPostgres, startRedis } from '@reeve/postgres/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, makeEmptyHome, say, startReeve } from '../testing/reeve-process.ts';

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
    await using home = await makeEmptyHome();
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

  it('a second Reeve on the same database takes it over, and the first says so and ends', async () => {
    await using firstHome = await makeEmptyHome();
    await using secondHome = await makeEmptyHome();
    const servers = { DATABASE_URL: postgres.connectionString, REDIS_URL: redis.url };
    await using first = await startReeve(firstHome, servers);
    await using second = await startReeve(secondHome, servers);
    const ended = await first.ended;
    expect(ended.stderr).toContain('Another Reeve has taken this database over');
    expect(ended.stderr).not.toMatch(/\n\s+at /);
    expect(ended.code).toBe(1);
    const sent = await second.call('POST', '/v1/conversations/main/messages', { text: '/status' });
    expect(sent.status).toBe(202);
  });

  it('a database that goes away refuses messages plainly and is back by itself', async () => {
    await using home = await makeEmptyHome();
    await using reeve = await startReeve(home, { DATABASE_URL: postgres.connectionString });
    await postgres.crash();
    const refused = await reeve.call('POST', '/v1/conversations/main/messages', { text: 'hello' });
    expect(refused).toMatchObject({ status: 503, body: { code: 'database-away' } });
    await postgres.start();
    await eventually('an accepted message', async () => {
      const sent = await reeve.call('POST', '/v1/conversations/main/messages', {
        text: 'run echo back again',
      });
      return sent.status === 202;
    });
    await eventually('its task’s end', async () => {
      const { body } = await reeve.call('GET', '/v1/tasks?state=succeeded&limit=1');
      return (body['tasks'] as { title: string }[])[0]?.title.includes('echo back');
    });
  });
});
