import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  opendir,
  readdir,
  rename,
  rm,
  rmdir,
  unlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { chunkBytes } from './frames.ts';
import type { EntryKind, ScratchEntry } from './protocol.ts';
import { displayName, Refusal, resolveExisting, resolveTarget } from './scratch-path.ts';

export type SendChunk = (chunk: Uint8Array) => Promise<void>;

/** Sends up to `maxBytes` of a file from `offset`. Refuses what is not a regular file (a FIFO would block for ever). */
export async function readScratchFile(
  root: string,
  request: { readonly path: string; readonly offset: number; readonly maxBytes: number },
  send: SendChunk,
): Promise<{ totalBytes: number }> {
  await using file = await openRegularFile(root, request.path);
  const { size } = await file.stat();
  let at = request.offset;
  let left = request.maxBytes;
  while (left > 0) {
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, left));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) break;
    await send(buffer.subarray(0, bytesRead));
    at += bytesRead;
    left -= bytesRead;
  }
  return { totalBytes: Math.max(size, at) };
}

/**
 * Writes `content` under `path`, creating parents. The file appears whole or not at all: it is written beside its
 * name and renamed, so a cut upload leaves the earlier version.
 */
export async function writeScratchFile(
  root: string,
  request: { readonly path: string; readonly partialSuffix: string },
  content: AsyncIterable<Uint8Array>,
): Promise<{ bytes: number }> {
  const target = await resolveTarget(root, request.path);
  await mkdir(dirname(target), { recursive: true });
  const partial = join(dirname(target), `.${basename(target).slice(0, 32)}.${request.partialSuffix}`);
  try {
    let bytes = 0;
    {
      await using file = await open(partial, 'wx', 0o644);
      for await (const chunk of content) {
        await file.writeFile(chunk);
        bytes += chunk.length;
      }
    }
    await rename(partial, target);
    return { bytes };
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Entries of a directory, parents before children, at most `limit`; links are shown, never followed. */
export async function listScratch(
  root: string,
  request: { readonly path: string; readonly recursive: boolean; readonly limit: number },
  send: SendChunk,
): Promise<{ count: number; truncated: boolean }> {
  const start = await resolveExisting(root, request.path);
  if (!(await lstat(start)).isDirectory())
    throw new Refusal('wrong-kind', `not a directory: ${request.path}`);
  const waiting: Buffer[] = [Buffer.from(start)];
  let count = 0;
  for (let directory = waiting.shift(); directory !== undefined; directory = waiting.shift()) {
    const names = await readNames(directory, request.limit - count + 1);
    const lines: string[] = [];
    for (const name of names) {
      if (count === request.limit) {
        await sendLines(lines, send);
        return { count, truncated: true };
      }
      const path = Buffer.concat([directory, Buffer.from('/'), name]);
      const stats = await lstatIfExists(path);
      if (stats === undefined) continue;
      if (stats.isDirectory() && request.recursive) waiting.push(path);
      lines.push(JSON.stringify(describeEntry(root, path, stats)));
      count += 1;
    }
    await sendLines(lines, send);
  }
  return { count, truncated: false };
}

/** The entry itself; a link is described, not followed. */
export async function statScratch(root: string, path: string): Promise<ScratchEntry> {
  const target = path === '.' || path === '' ? root : await targetOrRoot(root, path);
  return describeEntry(root, Buffer.from(target), await lstat(target));
}

/** Removes a file, link or whole directory. Throws ENOENT when there is none. */
export async function removeScratch(root: string, path: string): Promise<void> {
  const target = await resolveTarget(root, path);
  await removeTree(Buffer.from(target));
}

/** SHA-256 in hex and the size of a regular file. */
export async function hashScratchFile(
  root: string,
  path: string,
  signal: AbortSignal,
): Promise<{ sha256: string; bytes: number }> {
  await using file = await openRegularFile(root, path);
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(4 * chunkBytes);
  let bytes = 0;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length, bytes);
    if (bytesRead === 0) return { sha256: hash.digest('hex'), bytes };
    hash.update(buffer.subarray(0, bytesRead));
    bytes += bytesRead;
  }
}

/** Removes everything in the scratch directory and keeps the directory, which is a mount point. */
export async function emptyScratch(root: string): Promise<void> {
  for (const name of await readdir(root, { encoding: 'buffer' })) {
    await removeTree(Buffer.concat([Buffer.from(`${root}/`), name]));
  }
}

/** `fs.rm` reads names as UTF-8 and so leaves other ones behind; this one takes them as bytes. */
async function removeTree(path: Buffer): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return unlink(path);
  for (const name of await readdir(path, { encoding: 'buffer' })) {
    await removeTree(Buffer.concat([path, Buffer.from('/'), name]));
  }
  await rmdir(path);
}

async function targetOrRoot(root: string, path: string): Promise<string> {
  try {
    return await resolveTarget(root, path);
  } catch (error) {
    if (error instanceof Refusal && error.code === 'invalid') return resolveExisting(root, path);
    throw error;
  }
}

async function openRegularFile(root: string, path: string): Promise<FileHandle> {
  const real = await resolveExisting(root, path);
  const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new Refusal('wrong-kind', `not a regular file: ${path}`);
}

async function readNames(directory: Buffer, limit: number): Promise<Buffer[]> {
  const names: Buffer[] = [];
  // Node's types know no Buffer names here, its code does.
  const handle = await opendir(directory, { encoding: 'buffer' as BufferEncoding });
  for await (const { name } of handle) {
    names.push(Buffer.from(name));
    if (names.length >= limit) break;
  }
  return names.sort(Buffer.compare);
}

async function lstatIfExists(path: Buffer): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    // A command may remove entries while they are listed.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function describeEntry(root: string, path: Buffer, stats: Stats): ScratchEntry {
  const below = path.subarray(Buffer.byteLength(root) + 1);
  const { text, escaped } = displayName(below.length === 0 ? Buffer.from('.') : below);
  return {
    path: text,
    ...(escaped ? { escaped } : {}),
    kind: kindOf(stats),
    bytes: stats.size,
    modifiedAt: Math.trunc(stats.mtimeMs),
  };
}

function kindOf(stats: Stats): EntryKind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : 'other';
}

async function sendLines(lines: readonly string[], send: SendChunk): Promise<void> {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  for (let at = 0; at < bytes.length; at += chunkBytes) await send(bytes.subarray(at, at + chunkBytes));
}
