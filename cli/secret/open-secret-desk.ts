import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { createSystemClock } from '@reeve/clock';
import type { SecretDesk } from '@reeve/core';
import { createSecretDesk } from '@reeve/gateway';
import { createSecretStore, type SqlPool } from '@reeve/postgres';
import { readConfig } from '../config.ts';
import { findRunning, type HomePaths, openHome } from '../home.ts';
import { createFileLog } from '../log.ts';
import type { Settings } from '../settings.ts';
import { openDatabase } from '../up/database.ts';
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

/**
 * Does something at the desk of this home's secrets: through the Reeve that runs on it, which holds the database, or
 * with the database opened for as long as it takes.
 */
export async function atSecretDesk<T>(work: (desk: SecretDesk) => Promise<T>): Promise<T> {
  const { values: settings } = readConfig();
  const running = await findRunning(settings.REEVE_HOME);
  return running ? work(createRemoteSecretDesk(running)) : atOwnDesk(settings, work);
}

async function atOwnDesk<T>(settings: Settings, work: (desk: SecretDesk) => Promise<T>): Promise<T> {
  const home = await openHome(settings.REEVE_HOME);
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
