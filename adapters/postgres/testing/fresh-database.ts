import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../migrate.ts';
import {
  DEFAULT_PGLITE_DEADLINES,
  openPglite,
  type PgliteDeadlines,
  type PglitePool,
} from '../open-pglite.ts';
import { MIGRATIONS_DIRECTORY } from '../postgres-store.ts';
import { silentLog } from './silent-log.ts';

/** Part of the template's path, so that another PGlite never meets an old template. */
const TEMPLATE_NAME = 'reeve-pglite-0.5.14-template';

export interface FreshDatabase extends PglitePool {
  readonly dataDir: string;
}

/**
 * An empty embedded database in a directory of its own, which `close()` removes. Copies a template that the first
 * caller on the machine makes (0.4 s instead of 3 s to initialise one).
 */
export async function openFreshDatabase(deadlines: Partial<PgliteDeadlines> = {}): Promise<FreshDatabase> {
  const dataDir = mkdtempSync(join(tmpdir(), 'reeve-pglite-'));
  await copyFreshDatabase(dataDir);
  const pool = await openPglite({
    dataDir,
    deadlines: { ...DEFAULT_PGLITE_DEADLINES, ...deadlines },
    log: silentLog,
  });
  return {
    ...pool,
    dataDir,
    async close() {
      await pool.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Fills a directory with an embedded database that has Reeve's tables, all empty. */
export async function copyMigratedDatabase(directory: string): Promise<void> {
  const files = readdirSync(MIGRATIONS_DIRECTORY).sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(MIGRATIONS_DIRECTORY, file)));
  const template = await ensureTemplate(`migrated-${hash.digest('hex').slice(0, 12)}`, async (draft) => {
    await copyFreshDatabase(draft);
    await fill(draft, (pool) => migrate(pool, MIGRATIONS_DIRECTORY));
  });
  cpSync(template, directory, { recursive: true });
}

async function copyFreshDatabase(directory: string): Promise<void> {
  const template = await ensureTemplate('fresh', (draft) => fill(draft, async () => undefined));
  cpSync(template, directory, { recursive: true });
}

async function fill(dataDir: string, work: (pool: PglitePool) => Promise<unknown>): Promise<void> {
  const pool = await openPglite({ dataDir, deadlines: DEFAULT_PGLITE_DEADLINES, log: silentLog });
  try {
    await work(pool);
  } finally {
    await pool.close();
  }
}

/** The template of this name, which the first caller on the machine makes. */
async function ensureTemplate(name: string, make: (draft: string) => Promise<void>): Promise<string> {
  const template = join(tmpdir(), `${TEMPLATE_NAME}-${name}-${process.getuid?.() ?? 0}`);
  if (existsSync(template)) return template;
  const draft = mkdtempSync(join(tmpdir(), 'reeve-pglite-draft-'));
  await make(draft);
  try {
    renameSync(draft, template);
  } catch (error) {
    // Another test process was faster; its template is as good.
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(template)) throw error;
  }
  return template;
}
