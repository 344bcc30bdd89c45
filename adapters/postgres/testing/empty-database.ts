import { migrate } from '../migrate.ts';
import { MIGRATIONS_DIRECTORY } from '../postgres-store.ts';
import type { SqlPool } from '../sql-pool.ts';

/** Drops everything in the database and brings it up to the newest migration, as a test's clean start. */
export async function emptyDatabase(pool: SqlPool): Promise<void> {
  await pool.query('drop schema public cascade; create schema public');
  const outcome = await migrate(pool, MIGRATIONS_DIRECTORY);
  if (outcome.kind === 'refused') throw new Error(outcome.message);
}
