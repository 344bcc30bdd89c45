import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { retrySerialization } from './database-error.ts';
import { migrate } from './migrate.ts';
import { DEFAULT_POSTGRES_DEADLINES, openPostgres } from './open-postgres.ts';
import type { SqlPool } from './sql-pool.ts';
import { openFreshDatabase } from './testing/fresh-database.ts';
import { silentLog } from './testing/silent-log.ts';
import { startPostgres, type TestPostgres } from './testing/start-postgres.ts';

/** Both kinds of database keep the same promises. */
function poolContract(open: () => Promise<SqlPool>): void {
  let pool: SqlPool;
  beforeAll(async () => {
    pool = await open();
    await pool.query('create table notes (id serial primary key, body text unique)');
  });
  afterAll(() => pool.close());
  beforeEach(async () => {
    await pool.query('truncate notes');
  });
  const bodies = async (): Promise<unknown[]> =>
    (await pool.query('select body from notes order by id')).rows.map(({ body }) => body);

  it('answers queries with values, and says how many rows changed', async () => {
    expect((await pool.query('insert into notes (body) values ($1), ($2)', ['a', 'b'])).rowCount).toBe(2);
    expect((await pool.query<{ n: number }>('select 1 as n')).rows).toEqual([{ n: 1 }]);
  });

  it('goes on after a refused statement', async () => {
    await expect(pool.query('select 1/$1::int', [0])).rejects.toMatchObject({ code: '22012' });
    await expect(pool.query('select * from nowhere')).rejects.toMatchObject({ code: '42P01' });
    await pool.query('insert into notes (body) values ($1)', ['after']);
    expect(await bodies()).toEqual(['after']);
  });

  it('commits a transaction, and rolls one back that throws', async () => {
    await pool.transaction((tx) => tx.query('insert into notes (body) values ($1)', ['kept']));
    const failing = pool.transaction(async (tx) => {
      await tx.query('insert into notes (body) values ($1)', ['gone']);
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await bodies()).toEqual(['kept']);
  });

  it('does not call a transaction committed whose error was swallowed', async () => {
    const hiding = pool.transaction(async (tx) => {
      await tx.query('select 1/0').catch(() => undefined);
    });
    await expect(hiding).rejects.toThrow('was rolled back');
  });

  it('refuses the pool inside a transaction, and the handle after it', async () => {
    await expect(pool.transaction(() => pool.query('select 1'))).rejects.toThrow('inside a transaction');
    const leaked = await pool.transaction(async (tx) => tx);
    await expect(leaked.query('select 1')).rejects.toThrow('after its release');
  });

  it('keeps transactions apart that run at the same time', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, number) =>
        pool.transaction(async (tx) => {
          await tx.query('insert into notes (body) values ($1)', [`first ${number}`]);
          await tx.query('insert into notes (body) values ($1)', [`second ${number}`]);
        }),
      ),
    );
    expect(await bodies()).toHaveLength(40);
  });

  it('rolls back what a released connection left open', async () => {
    const client = await pool.connect();
    await client.query('begin');
    await client.query('insert into notes (body) values ($1)', ['left']);
    client.release();
    expect(await bodies()).toEqual([]);
    await expect(client.query('select 1')).rejects.toThrow('after its release');
  });

  it('notifies listeners of their channel until they stop', async () => {
    const heard: (string | undefined)[] = [];
    const stop = await pool.listen('Odd "name', (payload) => heard.push(payload));
    await pool.listen('other', () => heard.push('wrong channel'));
    await pool.query('select pg_notify($1, $2)', ['Odd "name', 'one']);
    await pool.transaction((tx) => tx.query('select pg_notify($1, $2)', ['Odd "name', 'two']));
    await expect.poll(() => heard).toEqual(['one', 'two']);
    await stop();
    await pool.query('select pg_notify($1, $2)', ['Odd "name', 'three']);
    await sleep(50);
    expect(heard).toEqual(['one', 'two']);
  });

  describe('migrations', () => {
    let directory: string;
    beforeEach(async () => {
      directory = mkdtempSync(join(tmpdir(), 'reeve-migrations-'));
      await pool.query('drop table if exists reeve_migrations, first, second');
      writeFileSync(
        join(directory, '0001_first.sql'),
        'create table first (id int); insert into first values (1);',
      );
    });
    afterEach(() => rmSync(directory, { recursive: true, force: true }));

    it('applies what is new, once', async () => {
      expect(await migrate(pool, directory)).toEqual({
        kind: 'ready',
        version: 1,
        applied: ['0001_first.sql'],
      });
      writeFileSync(join(directory, '0002_second.sql'), 'create table second (id int);');
      expect(await migrate(pool, directory)).toEqual({
        kind: 'ready',
        version: 2,
        applied: ['0002_second.sql'],
      });
      expect(await migrate(pool, directory)).toEqual({ kind: 'ready', version: 2, applied: [] });
    });

    it('is safe when several start at once', async () => {
      const outcomes = await Promise.all(Array.from({ length: 4 }, () => migrate(pool, directory)));
      expect(
        outcomes.flatMap((outcome) => (outcome.kind === 'ready' ? outcome.applied : ['refused'])),
      ).toEqual(['0001_first.sql']);
    });

    it('refuses an applied file that was edited, by name', async () => {
      await migrate(pool, directory);
      writeFileSync(join(directory, '0001_first.sql'), 'create table first (id bigint);');
      expect(await migrate(pool, directory)).toMatchObject({
        kind: 'refused',
        reason: 'drift',
        message: expect.stringContaining('0001_first.sql was edited'),
      });
    });

    it('refuses a database from the future', async () => {
      await migrate(pool, directory);
      await pool.query(
        `insert into reeve_migrations (version, name, sha256) select n, 'x', 'y' from generate_series(2, 7) n`,
      );
      expect(await migrate(pool, directory)).toMatchObject({
        message: 'This database was written by a newer Reeve (migration 7); this one knows 1. Upgrade Reeve.',
      });
    });

    it('leaves nothing of a file whose SQL fails', async () => {
      writeFileSync(join(directory, '0002_second.sql'), 'create table second (id int); select nonsense;');
      await expect(migrate(pool, directory)).rejects.toThrow('0002_second.sql failed and was rolled back');
      expect((await pool.query(`select to_regclass('second') as found`)).rows).toEqual([{ found: null }]);
      expect((await pool.query('select version from reeve_migrations')).rows).toEqual([{ version: 1 }]);
    });

    it('refuses a gap in the numbers', async () => {
      writeFileSync(join(directory, '0003_third.sql'), 'select 1;');
      await expect(migrate(pool, directory)).rejects.toThrow('should be migration 2');
    });
  });
}

describe('embedded database', () => poolContract(() => openFreshDatabase()));

describe('real Postgres', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  const open = (connectMs = 2_000): SqlPool =>
    openPostgres({
      connectionString: server.connectionString,
      deadlines: { ...DEFAULT_POSTGRES_DEADLINES, callMs: 1_000, connectMs },
      log: silentLog,
      maxConnections: 10,
    });

  poolContract(async () => open());

  it('gives up a statement that takes too long', async () => {
    const pool = open();
    await expect(pool.query('select pg_sleep(30)')).rejects.toMatchObject({
      reason: 'deadline',
      outcome: 'unknown',
    });
    await pool.query('select 1');
    await pool.close();
  });

  it('repeats a transaction that could not be serialized', async () => {
    const pool = open();
    await pool.query('create table counters (value int)');
    await pool.query('insert into counters values (0)');
    const increment = (): Promise<unknown> =>
      pool.transaction(
        async (tx) => {
          const { rows } = await tx.query<{ value: number }>('select value from counters');
          await tx.query('update counters set value = $1', [(rows[0]?.value ?? 0) + 1]);
        },
        { isolation: 'serializable' },
      );
    await Promise.all(Array.from({ length: 5 }, () => retrySerialization(increment, 50)));
    expect((await pool.query('select value from counters')).rows).toEqual([{ value: 5 }]);
    await pool.close();
  });

  it('tells callers while the server is away, and works again when it is back', async () => {
    const pool = open();
    const heard: (string | undefined)[] = [];
    await pool.listen('news', (payload) => heard.push(payload));
    const interrupted = pool.transaction(async (tx) => {
      await tx.query('select 1');
      await server.crash();
      await tx.query('select 2');
    });
    await expect(interrupted).rejects.toMatchObject({
      name: 'DatabaseUnavailableError',
      outcome: 'not-done',
    });
    await expect(pool.query('select 1')).rejects.toMatchObject({
      name: 'DatabaseUnavailableError',
      retryable: true,
    });
    await server.start();
    await pool.query('select 1');
    await expect.poll(() => heard).toContain(undefined);
    await pool.query(`select pg_notify('news', 'back')`);
    await expect.poll(() => heard).toContain('back');
    await pool.close();
  });
});
