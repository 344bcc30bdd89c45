import type { Clock, EffectReply, ObjectStore, Permit, Records, Store, StoredFile } from '@reeve/core';
import type { BlobGate } from './blob-gate.ts';
import { storeBlob } from './blob-store.ts';
import { pathOf, seenHash } from './call-resolution.ts';
import {
  answerFor,
  type EffectOfTask,
  type PermittedEffectDeps,
  perform,
  Refused,
  usablePermit,
} from './permitted-effect.ts';
import type { TaskLedger } from './task-ledger.ts';
import { bytesText } from './wording.ts';

/** Effects on the owner's files, which are an index in Postgres over content-addressed blobs; the index is what counts. */
export interface DriveEffects {
  put(effect: EffectOfTask, content: AsyncIterable<Uint8Array>): Promise<EffectReply>;
  remove(effect: EffectOfTask): Promise<EffectReply>;
}

export interface DriveDeps {
  readonly store: Store;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly limitBytes: number;
  readonly gate: BlobGate;
}

export function createDriveEffects(deps: DriveDeps & { ledger: TaskLedger }): DriveEffects {
  const { clock } = deps;
  return {
    put: (effect, content) =>
      answerFor(async () => {
        const permit = await usablePermit(deps, effect, 'files.put');
        const path = pathOf(permit.call);
        return storeBlob(
          deps,
          content,
          (stored) =>
            onFile(deps, effect, permit, async (records, current) => {
              await records.files.put({ path, ...stored, writtenBy: effect.task }, clock.now());
              return `${current ? 'Overwrote' : 'Stored'} ${path} (${bytesText(stored.bytes)}).`;
            }),
          ({ sha256 }) => {
            if (sha256 !== permit.call.arguments['sha256'])
              throw new Refused('The content is not what was declared; nothing was stored.');
          },
        );
      }),
    remove: (effect) =>
      answerFor(async () => {
        const permit = await usablePermit(deps, effect, 'files.delete');
        const path = pathOf(permit.call);
        return onFile(deps, effect, permit, async (records) => {
          if (!(await records.files.remove(path, effect.task, clock.now())))
            throw new Refused(`There is no ${path} any more.`);
          return `Deleted ${path}.`;
        });
      }),
  };
}

/** Acts on a file only while it is as the person saw it on the card. */
function onFile(
  deps: PermittedEffectDeps,
  effect: EffectOfTask,
  permit: Permit,
  work: (records: Records, current: StoredFile | null) => Promise<string>,
): Promise<EffectReply> {
  const path = pathOf(permit.call);
  return perform(deps, effect, permit, {
    async prepare(records) {
      const current = await records.files.get(path);
      if ((current?.sha256 ?? null) !== seenHash(permit.call))
        throw new Refused(`${path} has changed since; declare the call again.`);
      return current;
    },
    work,
  });
}
