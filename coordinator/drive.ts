import { Readable } from 'node:stream';
import {
  ObjectTooLarge,
  type Outcome,
  type PersonKey,
  parseDrivePath,
  type Records,
  type StoredFile,
} from '@reeve/core';
import { storeBlob } from './blob-store.ts';
import type { DriveDeps } from './drive-effects.ts';

/** The owner's files, as people reach them: reading, handing over, bringing back. */
export interface Drive {
  open(path: string): Promise<Outcome<{ entry: StoredFile; content: AsyncIterable<Uint8Array> }>>;
  /** Stores what a person hands over; a taken name gets a number. */
  upload(
    name: string,
    content: AsyncIterable<Uint8Array>,
    by: PersonKey & { readonly name: string },
  ): Promise<Outcome<StoredFile>>;
  /** Stores a person's own text under a name; an earlier version is kept. */
  replace(path: string, text: string, by: string): Promise<Outcome<StoredFile>>;
  /** Brings a file back as it was before it was last overwritten or deleted. */
  restore(path: string, by: string): Promise<Outcome<StoredFile>>;
}

export function createDrive(deps: DriveDeps): Drive {
  const { store, objects, clock } = deps;
  return {
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
        const entry = await storeBlob(deps, content, (stored) =>
          store.transaction(async (records) => {
            const now = clock.now();
            const path = await freePath(records, parsed.path);
            const { channel, externalId } = by;
            const uploader = { channel, externalId };
            const file = await records.files.put({ path, ...stored, writtenBy: by.name, uploader }, now);
            const detail = { bytes: stored.bytes, sha256: stored.sha256 };
            await records.audit.append(
              { event: 'file-uploaded', actor: `person:${by.name}`, subject: path, detail },
              now,
            );
            return file;
          }),
        );
        return { kind: 'ok', value: entry };
      } catch (error) {
        if (error instanceof ObjectTooLarge) return { kind: 'failed', failure: { code: 'file-too-large' } };
        throw error;
      }
    },

    async replace(path, text, by) {
      const parsed = parseDrivePath(path);
      if (parsed.kind === 'refused')
        return { kind: 'failed', failure: { code: 'file-name-refused', about: parsed.reason } };
      const entry = await storeBlob(deps, Readable.from([Buffer.from(text)]), (stored) =>
        store.transaction(async (records) => {
          const now = clock.now();
          const file = await records.files.put({ path: parsed.path, ...stored, writtenBy: by }, now);
          const detail = { bytes: stored.bytes, sha256: stored.sha256 };
          await records.audit.append(
            { event: 'file-written', actor: `person:${by}`, subject: parsed.path, detail },
            now,
          );
          return file;
        }),
      );
      return { kind: 'ok', value: entry };
    },

    async restore(path, by) {
      const parsed = parseDrivePath(path);
      if (parsed.kind === 'refused')
        return { kind: 'failed', failure: { code: 'file-name-refused', about: parsed.reason } };
      const restored = await store.transaction(async (records) => {
        const now = clock.now();
        const file = await records.files.restore(parsed.path, by, now);
        if (file)
          await records.audit.append(
            {
              event: 'file-restored',
              actor: `person:${by}`,
              subject: parsed.path,
              detail: { sha256: file.sha256 },
            },
            now,
          );
        return file;
      });
      return restored
        ? { kind: 'ok', value: restored }
        : { kind: 'failed', failure: { code: 'undo-nothing', about: parsed.path } };
    },
  };
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
