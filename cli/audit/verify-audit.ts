import { verifyAudit } from '@reeve/core';
import { createPostgresStore } from '@reeve/postgres';
import { readConfig } from '../config.ts';
import { openHome } from '../home.ts';
import { createFileLog } from '../log.ts';
import { openDatabase } from '../up/database.ts';
import { EXIT } from '../user-error.ts';

/**
 * `reeve audit verify`: reads the chain from its first entry and recomputes every hash. With the embedded database
 * Reeve must not run at the same time; with a server it may.
 */
export async function verifyAuditLog(options: { json?: boolean }): Promise<number> {
  const { values: settings } = readConfig();
  const home = await openHome(settings.REEVE_HOME);
  const log = createFileLog(home.paths.log, settings.REEVE_LOG_LEVEL);
  try {
    const database = await openDatabase(settings, home.paths, log);
    try {
      const store = await createPostgresStore({ pool: database.pool });
      const check = await verifyAudit(store.audit.entries());
      if (options.json) console.log(JSON.stringify(check));
      else if (check.kind === 'intact')
        console.log(`The audit log is intact: ${check.entries} entries, head ${check.head}.`);
      else console.log(`The audit log is broken at entry ${check.sequence}: ${check.reason}.`);
      return check.kind === 'intact' ? EXIT.ok : EXIT.failed;
    } finally {
      await database.pool.close();
    }
  } finally {
    await home.release();
    log.flush();
  }
}
