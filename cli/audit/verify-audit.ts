import { checkAudit } from '@reeve/coordinator';
import type { AuditCheck } from '@reeve/core';
import { createPostgresStore } from '@reeve/postgres';
import { readConfig } from '../config.ts';
import { findRunning, openHome } from '../home.ts';
import { createFileLog } from '../log.ts';
import type { Settings } from '../settings.ts';
import { openDatabase } from '../up/database.ts';
import { EXIT, UserError } from '../user-error.ts';
import { createCheckpointFile } from './checkpoint-file.ts';

/**
 * `reeve audit verify`: reads the chain from its first entry and recomputes every hash; a Reeve that runs on this home
 * does it itself, because it holds the database.
 */
export async function verifyAuditLog(options: { json?: boolean }): Promise<number> {
  const { values: settings } = readConfig();
  const running = await findRunning(settings.REEVE_HOME);
  const check = running ? await askRunning(running) : await readChain(settings);
  if (options.json) console.log(JSON.stringify(check));
  else if (check.kind === 'intact')
    console.log(`The audit log is intact: ${check.entries} entries, head ${check.head}.`);
  else console.log(`The audit log is broken at entry ${check.sequence}: ${check.reason}.`);
  return check.kind === 'intact' ? EXIT.ok : EXIT.failed;
}

async function askRunning({ url, token }: { url: string; token: string }): Promise<AuditCheck> {
  const answer = await fetch(new URL('/v1/audit/check', url), {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!answer.ok)
    throw new UserError(
      `The Reeve at ${url} did not check its audit log (${answer.status}).`,
      'See its log, or stop it and try again.',
    );
  return (await answer.json()) as AuditCheck;
}

async function readChain(settings: Settings): Promise<AuditCheck> {
  const home = await openHome(settings.REEVE_HOME);
  const log = createFileLog(home.paths.log, settings.REEVE_LOG_LEVEL);
  try {
    const database = await openDatabase(settings, home.paths, log);
    try {
      return await checkAudit(
        createPostgresStore({ pool: database.pool }),
        createCheckpointFile(home.paths.auditCheckpoints),
      );
    } finally {
      await database.pool.close();
    }
  } finally {
    await home.release();
    log.flush();
  }
}
