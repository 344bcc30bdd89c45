import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_PGLITE_DEADLINES, openPglite } from './open-pglite.ts';
import { type FreshDatabase, openFreshDatabase } from './testing/fresh-database.ts';
import { silentLog } from './testing/silent-log.ts';

const SPIN = 'do $$ begin loop end loop; end $$';
const databases: FreshDatabase[] = [];
const open = async (deadlines?: Parameters<typeof openFreshDatabase>[0]): Promise<FreshDatabase> => {
  const database = await openFreshDatabase(deadlines);
  databases.push(database);
  return database;
};
afterEach(async () => {
  for (const database of databases.splice(0)) await database.close();
});

describe('openPglite', () => {
  it('brings pgvector', async () => {
    const database = await open();
    await database.query('create extension vector');
    expect((await database.query(`select '[1,2]'::vector <-> '[1,4]'::vector as distance`)).rows).toEqual([
      { distance: 2 },
    ]);
  });

  it('keeps statements apart by the schema that they are for, and by what they return now', async () => {
    const database = await open();
    const read = 'select * from kept where n > $1';
    await database.query('create table kept (n int)');
    await database.query('insert into kept values ($1)', [1]);
    for (let times = 0; times < 8; times += 1)
      expect((await database.query(read, [0])).rows).toEqual([{ n: 1 }]);
    await database.query('alter table kept add more text');
    expect((await database.query(read, [0])).rows).toEqual([{ n: 1, more: null }]);
    await expect(database.query('select 1 / $1::int as never', [0])).rejects.toThrow(/division by zero/);
    expect((await database.query('select 1 / $1::int as once', [1])).rows).toEqual([{ once: 1 }]);
    await database.query('create schema aside; create table aside.kept (n int, other int)');
    const aside = database.view('aside');
    await aside.query('insert into kept values ($1, $1)', [5]);
    for (let times = 0; times < 8; times += 1) {
      expect((await aside.query(read, [0])).rows).toEqual([{ n: 5, other: 5 }]);
      expect((await database.query(read, [0])).rows).toEqual([{ n: 1, more: null }]);
    }
    await aside.end();
  });

  it('replaces a thread that never answers: nobody hangs, nothing committed is lost', async () => {
    const database = await open({ callMs: 500 });
    await database.query('create table kept (n int)');
    await database.query('insert into kept values (1)');
    const heard: (string | undefined)[] = [];
    await database.listen('news', (payload) => heard.push(payload));
    const spinning = database.query(SPIN);
    const waiting = database.query('insert into kept values (2)');
    await expect(spinning).rejects.toMatchObject({
      name: 'DatabaseUnavailableError',
      reason: 'deadline',
      outcome: 'unknown',
    });
    await expect(waiting).rejects.toMatchObject({ name: 'DatabaseUnavailableError', retryable: true });
    expect((await database.query('select n from kept')).rows).toEqual([{ n: 1 }]);
    await expect.poll(() => heard).toContain(undefined);
    await database.query(`select pg_notify('news', 'back')`);
    await expect.poll(() => heard).toContain('back');
  });

  it('fails the transaction that was open when the thread was replaced', async () => {
    const database = await open({ callMs: 500 });
    await database.query('create table kept (n int)');
    const interrupted = database.transaction(async (tx) => {
      await tx.query('insert into kept values (1)');
      await tx.query(SPIN);
    });
    await expect(interrupted).rejects.toMatchObject({
      name: 'DatabaseUnavailableError',
      outcome: 'not-done',
    });
    expect((await database.query('select n from kept')).rows).toEqual([]);
  });

  it('rolls back a transaction that forgets itself, so that others go on', async () => {
    const database = await open({ idleTransactionMs: 200 });
    await database.query('create table kept (n int)');
    const forgetful = database.transaction(async (tx) => {
      await tx.query('insert into kept values (1)');
      await sleep(600);
      await tx.query('select 1');
    });
    const other = database.query('select n from kept');
    await expect(forgetful).rejects.toMatchObject({ reason: 'deadline', outcome: 'not-done' });
    expect((await other).rows).toEqual([]);
  });

  it('gives each view its own schema, also when they take turns', async () => {
    const database = await open();
    await database.query('create schema one; create schema two');
    const [one, two] = [database.view('one'), database.view('two')];
    await Promise.all([one.query('create table t (n int)'), two.query('create table t (n int)')]);
    await Promise.all(
      Array.from({ length: 30 }, (_, n) => (n % 3 === 0 ? one : two).query('insert into t values ($1)', [n])),
    );
    expect(
      (
        await database.query(
          'select (select count(*)::int from one.t) one, (select count(*)::int from two.t) two',
        )
      ).rows,
    ).toEqual([{ one: 10, two: 20 }]);
  });

  it('lets several listeners share a channel, and drops only the one that stops', async () => {
    const database = await open();
    const view = database.view('public');
    const [first, second] = [await view.connect(), await view.connect()];
    const heard: string[] = [];
    first.on('notification', ({ payload }) => heard.push(`first ${payload}`));
    second.on('notification', ({ payload }) => heard.push(`second ${payload}`));
    await first.query('listen jobs');
    await second.query('listen jobs');
    await view.query(`notify jobs, '1'`);
    await first.query('unlisten jobs');
    await view.query(`notify jobs, '2'`);
    await expect.poll(() => heard.sort()).toEqual(['first 1', 'second 1', 'second 2']);
    first.release();
    second.release();
  });

  it('keeps what was committed when the process is killed', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'reeve-killed-'));
    const first = await openPglite({ dataDir, deadlines: DEFAULT_PGLITE_DEADLINES, log: silentLog });
    await first.query('create table kept (n int)');
    await first.close();
    const script = `
      import { openPglite } from ${JSON.stringify(new URL('./open-pglite.ts', import.meta.url).href)};
      const drop = () => undefined;
      const pool = await openPglite({ dataDir: ${JSON.stringify(dataDir)}, deadlines: { callMs: 5000, openMs: 20000, idleTransactionMs: 5000 }, log: { debug: drop, info: drop, warn: drop, error: drop } });
      for (let n = 1; ; n += 1) { await pool.query('insert into kept values ($1)', [n]); if (n % 10 === 0) console.log(n); }`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let acknowledged = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      acknowledged = Number(chunk.toString().trim().split('\n').at(-1));
      if (acknowledged >= 100) child.kill('SIGKILL');
    });
    await once(child, 'exit');
    const again = await openPglite({ dataDir, deadlines: DEFAULT_PGLITE_DEADLINES, log: silentLog });
    const { rows } = await again.query<{ most: number; rows: number }>(
      'select max(n) most, count(*)::int as rows from kept',
    );
    expect(rows[0]?.rows).toBe(rows[0]?.most);
    expect(rows[0]?.rows).toBeGreaterThanOrEqual(acknowledged);
    await again.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('keeps nothing in memory of what it has answered', async () => {
    const database = await open();
    const megabytes = () => process.memoryUsage().rss / 1e6;
    const read = async (times: number) => {
      for (let time = 0; time < times; time += 1)
        await database.query(
          'select repeat(md5(row::text || $1::text), 300) from generate_series(1, 100) row',
          [time],
        );
    };
    await read(100);
    const before = megabytes();
    await read(400);
    // 384 MB were read, and twice that in the form that a PGlite keeps which parses them.
    expect(megabytes() - before).toBeLessThan(200);
  });

  it('refuses a directory that it cannot read as a database', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'reeve-strange-'));
    writeFileSync(join(dataDir, 'PG_VERSION'), '9\n');
    await expect(
      openPglite({ dataDir, deadlines: DEFAULT_PGLITE_DEADLINES, log: silentLog }),
    ).rejects.toMatchObject({ name: 'DatabaseUnavailableError', outcome: 'not-done' });
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('copies a database by dump and snapshot', async () => {
    const database = await open();
    await database.query('create table copied as select 7 as n');
    const snapshot = await database.dump();
    const copy = await openPglite({
      dataDir: 'memory://',
      deadlines: DEFAULT_PGLITE_DEADLINES,
      log: silentLog,
      snapshot,
    });
    expect((await copy.query('select n from copied')).rows).toEqual([{ n: 7 }]);
    await copy.close();
  });

  it('throws after close', async () => {
    const database = await openFreshDatabase();
    await database.close();
    await expect(database.query('select 1')).rejects.toMatchObject({ name: 'DatabaseUnavailableError' });
  });
});
