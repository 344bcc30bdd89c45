import { type Clock, FILE_UNDO_DAYS, type Log, type ObjectStore, type Store } from '@reeve/core';
import type { BlobGate } from './blob-gate.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface RetentionDeps {
  readonly store: Store;
  readonly objects: Pick<ObjectStore, 'delete'>;
  readonly gate: BlobGate;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Forgets versions of the owner's files that were overwritten or removed longer ago than they can be brought back, and
 * deletes their content where no other version has the same. A crash in between leaves unused content, never a version
 * without its content.
 */
export async function forgetOldVersions({ store, objects, gate, clock }: RetentionDeps): Promise<void> {
  const now = clock.now();
  const before = new Date(now.getTime() - FILE_UNDO_DAYS * DAY_MS);
  await gate.sweeping(async () => {
    const { versions, unused } = await store.transaction(async (records) => {
      const forgotten = await records.files.forget(before);
      if (forgotten.versions > 0)
        await records.audit.append(
          {
            event: 'file-versions-forgotten',
            actor: 'coordinator',
            subject: 'files',
            detail: { versions: forgotten.versions, before: before.toISOString() },
          },
          now,
        );
      return forgotten;
    });
    if (versions > 0) for (const blob of unused) await objects.delete(blob);
  });
}

/** Does so at the start and once a day until the signal aborts; what fails is tried again the next day. */
export async function keepForgetting(deps: RetentionDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await forgetOldVersions(deps);
    } catch (error) {
      deps.log.warn({ err: error }, 'old versions of files could not be forgotten; tomorrow tries again');
    }
    await deps.clock.sleep(DAY_MS, signal).catch(() => undefined);
  }
}
