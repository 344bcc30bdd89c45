import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { createSystemClock } from '@reeve/clock';
import type { SecretDesk } from '@reeve/core';
import { createSecretDesk } from '@reeve/gateway';
import { createSecretStore, type SqlPool } from '@reeve/postgres';
import { readConfig } from '../config.ts';
import { findOrTake } from '../find-or-take.ts';
import { type Home, type HomePaths, isHome } from '../home.ts';
import { createFileLog } from '../log.ts';
import type { Settings } from '../settings.ts';
import { openDatabase } from '../up/database.ts';
import { UserError } from '../user-error.ts';
import { createRemoteSecretDesk } from './remote-secret-desk.ts';
import { createSecretKeyFiles } from './secret-key-files.ts';

/** Secrets of a home with an open database. */
export function createHomeSecrets(
  pool: SqlPool,
  paths: HomePaths,
  { REEVE_PRIVATE_HOSTS }: Pick<Settings, 'REEVE_PRIVATE_HOSTS'>,
) {
  const store = createSecretStore({ pool });
  const keys = createSecretKeyFiles(path.dirname(paths.apiToken));
  const privateNames = REEVE_PRIVATE_HOSTS.map(({ host }) => host);
  const desk = createSecretDesk({ store, keys, clock: createSystemClock(), randomBytes, privateNames });
  return { store, keys, desk };
}

/** Longer than another command takes on a slow machine, in milliseconds; a Reeve that is starting answers by then. */
const WAIT_LIMIT_MS = 30_000;

/**
 * Does something at the desk of this home's secrets: through the Reeve that runs on it, which holds the database, or
 * with the database opened for as long as it takes. Another command that holds it is waited for. Only what keeps
 * something new may make a home: elsewhere a mistyped `REEVE_HOME` would look like an empty one.
 *
 * @throws {UserError} when there is no home and none is to be made.
 */
export async function atSecretDesk<T>(
  work: (desk: SecretDesk) => Promise<T>,
  { makesHome = false } = {},
): Promise<T> {
  const { values: settings } = readConfig();
  const { REEVE_HOME: root } = settings;
  if (!makesHome && !(await isHome(root)))
    throw new UserError(
      `There is no Reeve at ${root}. Nothing was read or changed.`,
      'Set REEVE_HOME to where yours is, or start one there with `npm start`.',
    );
  const found = await findOrTake(root, {
    limitMs: WAIT_LIMIT_MS,
    onWait: () => process.stderr.write('Another command holds this home; waiting for it.\n'),
  });
  return 'url' in found ? work(createRemoteSecretDesk(found)) : atOwnDesk(found, settings, work);
}

async function atOwnDesk<T>(
  home: Home,
  settings: Settings,
  work: (desk: SecretDesk) => Promise<T>,
): Promise<T> {
  const log = createFileLog(home.paths.log, settings.REEVE_LOG_LEVEL);
  try {
    const { pool } = await openDatabase(settings, home.paths, log);
    try {
      return await work(createHomeSecrets(pool, home.paths, settings).desk);
    } finally {
      await pool.close();
    }
  } finally {
    await home.release();
    log.flush();
  }
}
