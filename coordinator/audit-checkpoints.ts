import type { AuditCheck, AuditCheckpoints, Clock, Log, Store } from '@reeve/core';
import { verifyAudit } from '@reeve/core';

/** Between two notes of the chain's head outside of the database. */
const EVERY_MS = 60_000;

/**
 * Notes the audit chain's head outside of the database, once a minute while it grows and once at the end, so that who
 * can rewrite the database cannot cut or rewrite what is older.
 */
export async function noteCheckpoints(
  deps: { store: Store; checkpoints: AuditCheckpoints; clock: Clock; log: Log },
  signal: AbortSignal,
): Promise<void> {
  let noted = -1;
  while (!signal.aborted) {
    await deps.clock.sleep(EVERY_MS, signal).catch(() => undefined);
    try {
      const head = await deps.store.audit.head();
      if (head.sequence !== noted) await deps.checkpoints.note(head, deps.clock.now());
      noted = head.sequence;
    } catch (error) {
      deps.log.warn({ err: error }, 'the audit chain’s head could not be noted; the next minute tries again');
    }
  }
}

/** Verifies the whole chain against its head and every noted checkpoint. */
export async function checkAudit(
  store: Pick<Store, 'audit'>,
  checkpoints: AuditCheckpoints,
): Promise<AuditCheck> {
  const anchors = [...(await checkpoints.all()), await store.audit.head()];
  return verifyAudit(store.audit.entries(), anchors);
}
