import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { type ObjectStore, ObjectTooLarge } from '@reeve/core';

/**
 * Objects as files below a directory. A write goes to a temporary file first, is flushed to the disk, and then renamed
 * into place, so that a key holds all of its bytes or does not exist, `kill -9` and full disks included.
 */
export function createDiskObjectStore(directory: string): ObjectStore {
  const temporary = path.join(directory, 'tmp');

  function fileOf(key: string): string {
    if (
      key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..') ||
      key.includes('\0')
    ) {
      throw new Error(`“${key}” is not an object key`);
    }
    return path.join(directory, 'objects', key);
  }

  return {
    async put(key, content, { limitBytes, signal }) {
      const target = fileOf(key);
      await mkdir(temporary, { recursive: true, mode: 0o700 });
      const partial = path.join(temporary, randomUUID());
      try {
        const written = await writeAll(partial, content, limitBytes, signal);
        await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
        await rename(partial, target);
        return written;
      } catch (error) {
        await rm(partial, { force: true });
        throw error;
      }
    },

    async get(key) {
      const file = fileOf(key);
      const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
      return handle ? createReadStream(file, { fd: handle, autoClose: true }) : null;
    },

    async rename(from, to) {
      const target = fileOf(to);
      await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
      await rename(fileOf(from), target);
    },

    async delete(key) {
      await rm(fileOf(key), { force: true });
    },
  };
}

async function writeAll(
  file: string,
  content: AsyncIterable<Uint8Array>,
  limitBytes: number,
  signal: AbortSignal | undefined,
): Promise<{ bytes: number; sha256: string }> {
  const handle = await open(file, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of content) {
      signal?.throwIfAborted();
      bytes += chunk.length;
      if (bytes > limitBytes) throw new ObjectTooLarge(limitBytes);
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.datasync();
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}
