import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { lockHome, readHomeHolder } from '@reeve/postgres';
import { HomeHeld, HomeUnusable, UserError } from './user-error.ts';

/** Where things are in a home. */
export interface HomePaths {
  readonly root: string;
  readonly database: string;
  readonly objects: string;
  readonly executors: string;
  readonly log: string;
  readonly apiToken: string;
  readonly tokenKey: string;
  /** Signs the sessions of browsers; deleting it signs all of them out at the next start. */
  readonly webKey: string;
  readonly auditCheckpoints: string;
  /** How far Telegram's set-up has come. */
  readonly telegram: string;
}

export function homePaths(root: string): HomePaths {
  return {
    root,
    database: path.join(root, 'database'),
    objects: path.join(root, 'objects'),
    executors: path.join(root, 'executors'),
    log: path.join(root, 'logs', 'reeve.log'),
    apiToken: path.join(root, 'keys', 'api-token'),
    tokenKey: path.join(root, 'keys', 'token-key'),
    webKey: path.join(root, 'keys', 'web-key'),
    auditCheckpoints: path.join(root, 'audit-checkpoints.jsonl'),
    telegram: path.join(root, 'telegram.json'),
  };
}

export interface Home {
  readonly paths: HomePaths;
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

/** True when there is a home, whether or not it can be used: a folder that is empty, or something else, is none. */
export async function isHome(root: string): Promise<boolean> {
  const { database, apiToken } = homePaths(root);
  const looks = [database, path.dirname(apiToken)].map((folder) =>
    stat(folder).then(
      () => true,
      ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT' && code !== 'ENOTDIR',
    ),
  );
  return (await Promise.all(looks)).includes(true);
}

/** Below this many bytes the embedded database cannot work reliably. */
const LEAST_FREE_BYTES = 200 * 1024 * 1024;

/**
 * Makes the home if it is missing, checks that it can be written and has room, and takes its lock.
 *
 * @throws {HomeUnusable} when it cannot be used.
 * @throws {HomeHeld} naming the process that holds it.
 */
export async function openHome(root: string): Promise<Home> {
  const paths = homePaths(root);
  try {
    for (const directory of [root, path.dirname(paths.log), path.dirname(paths.apiToken)]) {
      await makeFolder(directory);
    }
    await chmod(root, 0o700);
    await probeWriting(root);
  } catch (error) {
    throw new HomeUnusable(
      `The home ${root} cannot be used: ${reasonOf(error)}. Nothing was started.`,
      'Make it writable, free some space, or set REEVE_HOME to another folder.',
    );
  }
  await checkRoom(root);
  const lock = await lockHome(root, { pid: process.pid, startedAt: new Date() });
  if (lock.kind === 'held')
    throw new HomeHeld(lock.message, 'Use that one, stop it first, or set REEVE_HOME to another folder.');
  return { paths, announce: lock.announce, release: lock.release };
}

/**
 * Makes a folder and those above it that are missing. Not by the recursive `mkdir` of Node: where a file system names a
 * folder that is there as missing (`/proc` does, of what cannot be made in it), that one tries for ever.
 */
async function makeFolder(directory: string): Promise<void> {
  const isMade = await makeOne(directory, path.dirname(directory) !== directory);
  if (isMade) return;
  await makeFolder(path.dirname(directory));
  await makeOne(directory, false);
}

/** False when the folder above is missing and that may be; a folder that is there is as good as one that was made. */
async function makeOne(directory: string, mayLackParent: boolean): Promise<boolean> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && mayLackParent) return false;
    const isThere = await stat(directory).then(
      (entry) => entry.isDirectory(),
      () => false,
    );
    if (!isThere) throw error;
  }
  return true;
}

async function probeWriting(root: string): Promise<void> {
  const probe = path.join(root, `.write-probe-${process.pid}`);
  const handle = await open(probe, 'w', 0o600);
  try {
    await handle.writeFile('reeve');
    await handle.datasync();
  } finally {
    await handle.close();
    await rm(probe, { force: true });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'it is on a read-only file system',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of its path is a file',
  EEXIST: 'a part of its path is a file',
  ENOENT: 'no folder can be made there',
};

/** Why a folder could not be made or written, in words. */
function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}

async function checkRoom(root: string): Promise<void> {
  const { bavail, bsize } = await statfs(root);
  const free = bavail * bsize;
  if (free >= LEAST_FREE_BYTES) return;
  throw new HomeUnusable(
    `The disk that holds ${root} has only ${Math.floor(free / 1024 / 1024)} MB left; Reeve needs 200 MB. Nothing was started.`,
    'Free some space, or set REEVE_HOME to a folder on another disk.',
  );
}

/** Reads a secret of the given length from a file, making it on first use; only this user can read it. */
export async function readOrMakeKey(file: string, bytes: number): Promise<Uint8Array> {
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(randomBytes(bytes).toString('base64url'));
      await handle.datasync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const key = Buffer.from((await readFile(file, 'utf8')).trim(), 'base64url');
  if (key.length !== bytes) {
    throw new UserError(
      `The key file ${file} is damaged. Nothing was started.`,
      'Restore it from a backup, or move it away to make a new one.',
    );
  }
  return key;
}

/** A running Reeve on this home that answers, or null. */
export async function findRunning(root: string): Promise<{ url: string; token: string } | null> {
  try {
    const holder = await readHomeHolder(root);
    if (!holder?.url) return null;
    const answer = await fetch(new URL('/healthz', holder.url), { signal: AbortSignal.timeout(2000) });
    if (!answer.ok) return null;
    return { url: holder.url, token: (await readFile(homePaths(root).apiToken, 'utf8')).trim() };
  } catch {
    // Whatever stands in the way is reported when the home is opened.
    return null;
  }
}
