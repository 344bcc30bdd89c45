import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { SqlQueryable } from './sql-client.ts';
import type { SqlPool } from './sql-pool.ts';

export type MigrationOutcome =
  | { readonly kind: 'ready'; readonly version: number; readonly applied: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: 'newer-database' | 'drift'; readonly message: string };

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly sha256: string;
}

type Step = { readonly kind: 'applied'; readonly name: string } | MigrationOutcome;

const FILE_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;
/** Any number that no other user of the database takes: "reeve" in ASCII. */
const LOCK_KEY = '491327420005';

/**
 * Brings the database up to the numbered files of `directory` (`0001_name.sql`, …), each in a transaction of its
 * own together with its record in `reeve_migrations`. Several processes may start at once: an advisory lock (on
 * the embedded database, the transaction itself) lets one at a time through. Refuses, changing nothing, a database
 * that a newer Reeve wrote and one whose applied files were edited since. Throws for a bad set of files, and for a
 * file whose SQL fails.
 */
export async function migrate(pool: SqlPool, directory: string): Promise<MigrationOutcome> {
  const migrations = await readMigrations(directory);
  const applied: string[] = [];
  for (;;) {
    const step = await pool.transaction((tx) => applyNext(tx, migrations));
    if (step.kind === 'refused') return step;
    if (step.kind === 'ready') return { ...step, applied };
    applied.push(step.name);
  }
}

async function readMigrations(directory: string): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const version = Number(FILE_NAME.exec(name)?.[1]);
      if (version !== index + 1) {
        throw new Error(
          `${name} in ${directory} should be migration ${index + 1}: name files 0001_name.sql, 0002_…`,
        );
      }
      const sql = await readFile(join(directory, name), 'utf8');
      return { version, name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function applyNext(tx: SqlQueryable, migrations: readonly Migration[]): Promise<Step> {
  await tx.query('select pg_advisory_xact_lock($1)', [LOCK_KEY]);
  await tx.query(
    `create table if not exists reeve_migrations (
       version integer primary key,
       name text not null,
       sha256 text not null,
       applied_at timestamptz not null default now()
     )`,
  );
  const { rows } = await tx.query<AppliedMigration>(
    'select version, name, sha256 from reeve_migrations order by version',
  );
  const refusal = findRefusal(rows, migrations);
  if (refusal !== undefined) return refusal;
  const next = migrations[rows.length];
  if (next === undefined) return { kind: 'ready', version: rows.length, applied: [] };
  await apply(tx, next);
  return { kind: 'applied', name: next.name };
}

function findRefusal(
  applied: readonly AppliedMigration[],
  migrations: readonly Migration[],
): MigrationOutcome | undefined {
  const newest = applied.at(-1)?.version ?? 0;
  if (newest > migrations.length) {
    const message = `This database was written by a newer Reeve (migration ${newest}); this one knows ${migrations.length}. Upgrade Reeve.`;
    return { kind: 'refused', reason: 'newer-database', message };
  }
  for (const [index, { name, sha256 }] of applied.entries()) {
    const file = migrations[index];
    if (file?.name === name && file.sha256 === sha256) continue;
    const change = file?.name === name ? 'was edited' : 'was renamed or removed';
    const message = `Migration ${name} ${change} after it was applied to this database. Restore the file, and put the change in a new one.`;
    return { kind: 'refused', reason: 'drift', message };
  }
  return undefined;
}

async function apply(tx: SqlQueryable, { version, name, sql, sha256 }: Migration): Promise<void> {
  try {
    await tx.query(sql);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    throw new Error(`Migration ${name} failed and was rolled back: ${error.message}`, { cause: error });
  }
  await tx.query('insert into reeve_migrations (version, name, sha256) values ($1, $2, $3)', [
    version,
    name,
    sha256,
  ]);
}
