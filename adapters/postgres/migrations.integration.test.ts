import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEventLog } from './event-log.ts';
import { migrate } from './migrate.ts';
import { createPostgresStore, MIGRATIONS_DIRECTORY } from './postgres-store.ts';
import type { SqlPool } from './sql-pool.ts';
import { openFreshDatabase } from './testing/index.ts';

const FIRST = '0001_spine.sql';

/** The name of a migration that would come after all that there are. */
async function nextName(directory: string, name: string): Promise<string> {
  const count = (await readdir(directory)).length;
  return `${String(count + 1).padStart(4, '0')}_${name}.sql`;
}

describe('the migrations of the store', () => {
  let pool: SqlPool;
  let directory: string;
  beforeAll(async () => {
    pool = await openFreshDatabase();
  });
  afterAll(() => pool.close());
  beforeEach(async () => {
    await pool.query('drop schema public cascade; create schema public');
    directory = await mkdtemp(join(tmpdir(), 'reeve-migrations-'));
    await cp(MIGRATIONS_DIRECTORY, directory, { recursive: true });
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('bring an empty database up to date, once, and keep what is in it', async () => {
    expect(await migrate(pool, directory)).toMatchObject({
      kind: 'ready',
      applied: (await readdir(directory)).sort(),
    });
    const store = createPostgresStore({ pool });
    await store.conversations.ensure({ channel: 'http', externalId: '1' }, 'c1', new Date());
    expect(await migrate(pool, directory)).toMatchObject({ kind: 'ready', applied: [] });
    expect(await store.conversations.list()).toHaveLength(1);
  });

  it('are refused by name when one was edited after it was applied', async () => {
    await migrate(pool, directory);
    const file = join(directory, FIRST);
    await writeFile(file, `${await readFile(file, 'utf8')}\n-- edited`);
    expect(await migrate(pool, directory)).toMatchObject({
      kind: 'refused',
      reason: 'drift',
      message: expect.stringContaining(FIRST),
    });
  });

  it('are refused when a newer Reeve has written the database', async () => {
    await writeFile(join(directory, await nextName(directory, 'future')), 'create table future (id text);');
    await migrate(pool, directory);
    expect(await migrate(pool, MIGRATIONS_DIRECTORY)).toMatchObject({
      kind: 'refused',
      reason: 'newer-database',
      message: expect.stringContaining('newer Reeve'),
    });
  });

  it('leave nothing behind when one fails half way', async () => {
    const name = await nextName(directory, 'bad');
    await writeFile(join(directory, name), 'create table half (id text); select nonsense();');
    await expect(migrate(pool, directory)).rejects.toThrow(`${name} failed and was rolled back`);
    expect((await pool.query(`select to_regclass('half') as half`)).rows).toEqual([{ half: null }]);
    expect(await migrate(pool, MIGRATIONS_DIRECTORY)).toMatchObject({ kind: 'ready' });
  });

  it('place the events of an older Reeve, words that JSON functions refuse included', async () => {
    const all = await readdir(directory);
    const own = all.find((name) => name.endsWith('_web.sql')) ?? '';
    const newer = all.filter((name) => name >= own);
    for (const name of newer) await rm(join(directory, name));
    await migrate(pool, directory);
    const bodies = [
      { kind: 'card', key: 'task:T-1' },
      { kind: 'message', markdown: 'the sum is 639' },
      { kind: 'message', markdown: 'a NUL: \0, half a character: \ud800' },
      { kind: 'card', key: 'task:T-1' },
    ];
    for (const [index, body] of bodies.entries())
      await pool.query(
        `insert into channel_events (number, delivery_id, conversation_id, body, at) values ($1, $2, 'one', $3, now())`,
        [index + 1, `d${index}`, JSON.stringify(body)],
      );
    await pool.query('update channel_event_head set number = 4');
    expect(await migrate(pool, MIGRATIONS_DIRECTORY)).toMatchObject({ kind: 'ready' });
    const events = createEventLog({ pool });
    const page = await events.page('one', { kind: 'newest' }, 10);
    expect(page.map(({ position, number }) => [position, number])).toEqual([
      [1, 4],
      [2, 2],
      [3, 3],
    ]);
    expect((await events.find(['SUM'], 10, null)).map(({ number }) => number)).toEqual([2]);
  });
});
