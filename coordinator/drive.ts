import {
  type Clock,
  type EffectCall,
  type EffectReply,
  type ObjectStore,
  ObjectTooLarge,
  type Outcome,
  type Permit,
  parseDrivePath,
  type Records,
  type Store,
  type StoredFile,
  type TaskId,
} from '@reeve/core';
import { pathOf } from './effect-desk.ts';
import { bytesText } from './wording.ts';

/**
 * The owner's files: an index in Postgres over content-addressed blobs in the object store. Because the index is
 * what counts, using a permit, changing the index and settling the result are one transaction: an effect on files
 * happens exactly once and its outcome is never unknown.
 */
export interface Drive {
  put(
    permitId: string,
    by: { task: TaskId; callId: string },
    content: AsyncIterable<Uint8Array>,
  ): Promise<EffectReply>;
  remove(permitId: string, by: { task: TaskId; callId: string }): Promise<EffectReply>;
  open(path: string): Promise<Outcome<{ entry: StoredFile; content: AsyncIterable<Uint8Array> }>>;
  /** Stores what a person hands over; a taken name gets a number. */
  upload(name: string, content: AsyncIterable<Uint8Array>, by: string): Promise<Outcome<StoredFile>>;
  restore(path: string, by: string): Promise<Outcome<StoredFile>>;
}

class Refused extends Error {}

export function createDrive(deps: {
  store: Store;
  objects: ObjectStore;
  clock: Clock;
  newId: () => string;
  limitBytes: number;
}): Drive {
  const { store, objects, clock } = deps;

  async function storeBlob(
    content: AsyncIterable<Uint8Array>,
  ): Promise<{ blob: string; bytes: number; sha256: string }> {
    const incoming = `incoming/${deps.newId()}`;
    const { bytes, sha256 } = await objects.put(incoming, content, { limitBytes: deps.limitBytes });
    const blob = `blobs/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
    await objects.rename(incoming, blob);
    return { blob, bytes, sha256 };
  }

  async function usablePermit(
    permitId: string,
    by: { task: TaskId; callId: string },
    tool: string,
  ): Promise<Permit> {
    const permit = await store.permits.get(permitId);
    if (!permit || permit.call.task !== by.task || permit.call.callId !== by.callId || permit.call.tool !== tool)
      throw new Refused('This permit is not for that call.');
    if (permit.expiresAt <= clock.now()) throw new Refused('The permit has expired; declare the call again.');
    return permit;
  }

  /** Consumes the permit, checks that the file is still as it was shown, acts, settles: one transaction. */
  async function act(
    permit: Permit,
    work: (records: Records, current: StoredFile | null) => Promise<string>,
  ): Promise<EffectReply> {
    const { call } = permit;
    const path = pathOf(call);
    const content = await store.transaction(async (records) => {
      const now = clock.now();
      const current = await records.files.get(path);
      if ((current?.sha256 ?? null) !== expectedHash(call))
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
      if (error instanceof Refused) return { kind: 'refused', reason: error.message };
      if (error instanceof ObjectTooLarge)
        return {
          kind: 'refused',
          reason: `The file is larger than ${bytesText(error.limitBytes)}; nothing was stored.`,
        };
      throw error;
    }
  }

  return {
    put: (permitId, by, content) =>
      guarded(async () => {
        const permit = await usablePermit(permitId, by, 'files.put');
        const stored = await storeBlob(content);
        if (stored.sha256 !== permit.call.arguments['sha256'])
          throw new Refused('The content is not what was declared; nothing was stored.');
        const path = pathOf(permit.call);
        return act(permit, async (records, current) => {
          await records.files.put({ path, ...stored, writtenBy: by.task }, clock.now());
          return `${current ? 'Overwrote' : 'Stored'} ${path} (${bytesText(stored.bytes)}).`;
        });
      }),

    remove: (permitId, by) =>
      guarded(async () => {
        const permit = await usablePermit(permitId, by, 'files.delete');
        const path = pathOf(permit.call);
        return act(permit, async (records) => {
          if (!(await records.files.remove(path, by.task, clock.now())))
            throw new Refused(`There is no ${path} any more.`);
          return `Deleted ${path}.`;
        });
      }),

    async open(path) {
      const parsed = parseDrivePath(path);
      const entry = parsed.kind === 'path' ? await store.files.get(parsed.path) : null;
      const content = entry ? await objects.get(entry.blob) : null;
      if (!entry || !content) return { kind: 'failed', failure: { code: 'file-unknown', about: path } };
      return { kind: 'ok', value: { entry, content } };
    },

    async upload(name, content, by) {
      const parsed = parseDrivePath(`uploads/${name.replaceAll('/', '_')}`);
      if (parsed.kind === 'refused')
        return { kind: 'failed', failure: { code: 'file-name-refused', about: parsed.reason } };
      try {
        const stored = await storeBlob(content);
        const entry = await store.transaction(async (records) => {
          const now = clock.now();
          const path = await freePath(records, parsed.path);
          const file = await records.files.put({ path, ...stored, writtenBy: by }, now);
          await records.audit.append(
            {
              event: 'file-uploaded',
              actor: `person:${by}`,
              subject: path,
              detail: { bytes: stored.bytes, sha256: stored.sha256 },
            },
            now,
          );
          return file;
        });
        return { kind: 'ok', value: entry };
      } catch (error) {
        if (error instanceof ObjectTooLarge) return { kind: 'failed', failure: { code: 'file-too-large' } };
        throw error;
      }
    },

    async restore(path, by) {
      const parsed = parseDrivePath(path);
      if (parsed.kind === 'refused')
        return { kind: 'failed', failure: { code: 'file-name-refused', about: parsed.reason } };
      const restored = await store.transaction(async (records) => {
        const file = await records.files.restore(parsed.path, by, clock.now());
        if (file)
          await records.audit.append(
            {
              event: 'file-restored',
              actor: `person:${by}`,
              subject: parsed.path,
              detail: { sha256: file.sha256 },
            },
            clock.now(),
          );
        return file;
      });
      return restored
        ? { kind: 'ok', value: restored }
        : { kind: 'failed', failure: { code: 'file-unknown', about: parsed.path } };
    },
  };
}

/** The content's hash that the person saw on the card; null when there was no file. */
function expectedHash(call: EffectCall): string | null {
  const seen = call.tool === 'files.put' ? call.arguments['replaces'] : call.arguments['sha256'];
  return typeof seen === 'string' ? seen : null;
}

/** `report.pdf`, or `report-2.pdf` when that is taken. */
async function freePath(records: Records, wanted: string): Promise<string> {
  const dot = wanted.lastIndexOf('.');
  const [stem, ending] =
    dot > wanted.lastIndexOf('/') + 1 ? [wanted.slice(0, dot), wanted.slice(dot)] : [wanted, ''];
  for (let number = 1; ; number += 1) {
    const path = number === 1 ? wanted : `${stem}-${number}${ending}`;
    if (!(await records.files.get(path))) return path;
  }
}
