import {
  type Clock,
  type EffectReply,
  type ObjectStore,
  ObjectTooLarge,
  type Permit,
  type Records,
  type Store,
  type StoredFile,
  type TaskId,
} from '@reeve/core';
import { storeBlob } from './blob-store.ts';
import { pathOf, seenHash } from './call-resolution.ts';
import { holds, type TaskLedger } from './task-ledger.ts';
import { bytesText } from './wording.ts';

/** Which call a worker says it carries out. */
export interface EffectOfTask {
  readonly task: TaskId;
  readonly attempt: number;
  readonly callId: string;
  readonly permit: string;
}

/**
 * Effects on the owner's files. The files are an index in Postgres over content-addressed blobs; because the index is
 * what counts, using a permit, changing the index and settling the result are one transaction: an effect happens
 * exactly once and its outcome is never unknown.
 */
export interface DriveEffects {
  put(effect: EffectOfTask, content: AsyncIterable<Uint8Array>): Promise<EffectReply>;
  remove(effect: EffectOfTask): Promise<EffectReply>;
}

class Refused extends Error {}
class Stale extends Error {}

export interface DriveDeps {
  readonly store: Store;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly limitBytes: number;
}

export function createDriveEffects(deps: DriveDeps & { ledger: TaskLedger }): DriveEffects {
  const { ledger, clock } = deps;
  return {
    put: (effect, content) =>
      guarded(async () => {
        const permit = await usablePermit(deps, effect, 'files.put');
        const stored = await storeBlob(deps, content);
        if (stored.sha256 !== permit.call.arguments['sha256'])
          throw new Refused('The content is not what was declared; nothing was stored.');
        const path = pathOf(permit.call);
        return act(ledger, clock, effect, permit, async (records, current) => {
          await records.files.put({ path, ...stored, writtenBy: effect.task }, clock.now());
          return `${current ? 'Overwrote' : 'Stored'} ${path} (${bytesText(stored.bytes)}).`;
        });
      }),
    remove: (effect) =>
      guarded(async () => {
        const permit = await usablePermit(deps, effect, 'files.delete');
        const path = pathOf(permit.call);
        return act(ledger, clock, effect, permit, async (records) => {
          if (!(await records.files.remove(path, effect.task, clock.now())))
            throw new Refused(`There is no ${path} any more.`);
          return `Deleted ${path}.`;
        });
      }),
  };
}

async function usablePermit(deps: DriveDeps, effect: EffectOfTask, tool: string): Promise<Permit> {
  const permit = await deps.store.permits.get(effect.permit);
  if (
    !permit ||
    permit.call.task !== effect.task ||
    permit.call.callId !== effect.callId ||
    permit.call.tool !== tool
  ) {
    throw new Refused('This permit is not for that call.');
  }
  if (permit.expiresAt <= deps.clock.now())
    throw new Refused('The permit has expired; declare the call again.');
  return permit;
}

/**
 * Sees that the worker still holds its task, that no newer permit took this one's place and that the file is as it was
 * shown; then consumes the permit, acts and settles. One transaction, which no move of the task can pass.
 */
async function act(
  ledger: TaskLedger,
  clock: Clock,
  effect: EffectOfTask,
  permit: Permit,
  work: (records: Records, current: StoredFile | null) => Promise<string>,
): Promise<EffectReply> {
  const { call } = permit;
  const path = pathOf(call);
  const content = await ledger.beside(effect.task, async (records, task) => {
    if (!holds(task, effect.attempt)) throw new Stale(`${effect.task} has gone on without this attempt`);
    const now = clock.now();
    const newest = await records.permits.forCall(call.task, call.callId);
    if (newest?.permit.id !== permit.id) throw new Refused('A newer permit took this one’s place.');
    const current = await records.files.get(path);
    if ((current?.sha256 ?? null) !== seenHash(call))
      throw new Refused(`${path} has changed since; declare the call again.`);
    if (!(await records.permits.consume(permit.id, now))) throw new Refused('The permit was used before.');
    const result = await work(records, current);
    await records.permits.settle(permit.id, { ok: true, content: result }, now);
    const detail = {
      callId: call.callId,
      tool: call.tool,
      arguments: call.arguments,
      digest: permit.digest,
      approval: permit.approval,
    };
    await records.audit.append(
      { event: 'effect-done', actor: `executor:${call.task}`, subject: call.task, detail },
      now,
    );
    return result;
  });
  return { kind: 'done', content };
}

async function guarded(work: () => Promise<EffectReply>): Promise<EffectReply> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Stale) return { kind: 'stale', reason: error.message };
    if (error instanceof Refused) return { kind: 'refused', reason: error.message };
    if (error instanceof ObjectTooLarge)
      return {
        kind: 'refused',
        reason: `The file is larger than ${bytesText(error.limitBytes)}; nothing was stored.`,
      };
    throw error;
  }
}
