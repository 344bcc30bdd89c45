import { randomBytes } from 'node:crypto';
import { link, open, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { SecretKeys } from '@reeve/gateway';
import { UserError } from '../user-error.ts';

const KEY_BYTES = 32;
const FILE_NAME = /^secret-key-v([1-9]\d{0,8})$/;

/**
 * The tenant's keys for secrets as files `secret-key-v<N>` in a folder, readable by this user only.
 *
 * @throws {UserError} naming the file that is damaged.
 */
export function createSecretKeyFiles(folder: string): SecretKeys {
  const fileOf = (version: number) => path.join(folder, `secret-key-v${version}`);
  const versions = async () =>
    (await readdir(folder)).flatMap((name) => {
      const version = FILE_NAME.exec(name)?.[1];
      return version === undefined ? [] : [Number(version)];
    });
  return {
    async all() {
      const keys = new Map<number, Uint8Array>();
      for (const version of await versions()) {
        const key = await readKey(fileOf(version));
        if (key !== null) keys.set(version, key);
      }
      return keys;
    },

    async add() {
      const draft = path.join(folder, `.secret-key-${randomBytes(8).toString('hex')}`);
      await writeKey(draft);
      try {
        for (let version = Math.max(0, ...(await versions())) + 1; ; version += 1)
          if (await linkAs(draft, fileOf(version))) return version;
      } finally {
        await rm(draft, { force: true });
        await syncFolder(folder);
      }
    },

    async forgetBefore(version) {
      for (const old of await versions()) if (old < version) await rm(fileOf(old), { force: true });
    },
  };
}

async function writeKey(file: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(randomBytes(KEY_BYTES).toString('base64url'));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Gives a whole file its name; false when the name is taken. So nobody ever reads half a key. */
async function linkAs(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Null for a key that was forgotten since its name was read. */
async function readKey(file: string): Promise<Uint8Array | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const key = Buffer.from(text.trim(), 'base64url');
  if (key.length === KEY_BYTES) return key;
  throw new UserError(
    `The key file ${file} is damaged. No secret was used or changed.`,
    'Restore it from a backup, or move it away and set the secrets again.',
  );
}

/** A key whose file is lost with the power takes every secret with it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
