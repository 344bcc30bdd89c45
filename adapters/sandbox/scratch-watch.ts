import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const everyMs = 1000;
/** A slow count (many files) waits longer until the next, so that it never takes more than a fifth of one core. */
const restFactor = 4;
const countWithinMs = 60_000;
const maxListing = 16 * 1024 * 1024;
const blockBytes = 512;
/** Directories that were closed to hide what they hold are opened; then deleted files that a process still has open. */
const script = [
  'find "$1" -xdev -type d ! -perm -500 -exec chmod u+rx {} ";"',
  'du -s -B1 -x -- "$1"',
  'find -L /proc/[0-9]*/fd -maxdepth 1 -type f -links 0 -printf "%D %b %p\\n"',
  'true',
]
  .map((command) => (command === 'true' ? command : `nice -n 10 ${command}`))
  .join('; ');

export interface ScratchWatch {
  readonly directory: string;
  readonly limitBytes: number;
  /** The process at the top of all that write there. */
  readonly leader: number;
  readonly signal: AbortSignal;
}

/**
 * Where scratch cannot be a file system of its own size: counts what it holds about once a second, files that were
 * deleted but are still open included, and resolves with the bytes when they pass the limit. Between two counts more
 * can be written, as fast as the disk takes it. Resolves with undefined when `signal` aborts; rejects when counting is
 * not possible any more.
 */
export async function watchScratch(watch: ScratchWatch): Promise<number | undefined> {
  const { signal } = watch;
  for (;;) {
    const startedAt = performance.now();
    try {
      const bytes = await countScratch(watch);
      if (bytes > watch.limitBytes) return bytes;
      await sleep(Math.max(everyMs, restFactor * (performance.now() - startedAt)), undefined, { signal });
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }
}

async function countScratch({ directory, leader, signal }: ScratchWatch): Promise<number> {
  const options = { signal, timeout: countWithinMs, maxBuffer: maxListing, env: { PATH: '/usr/bin:/bin' } };
  const { stdout } = await execute('/bin/sh', ['-c', script, 'sh', directory], options);
  const [total = '', ...deleted] = stdout.split('\n');
  const { dev } = await stat(directory);
  let bytes = Number.parseInt(total, 10);
  for (const line of deleted) {
    const [device, blocks, path = ''] = line.split(' ');
    const owner = Number(/^\/proc\/(\d+)\//.exec(path)?.[1]);
    if (Number(device) === dev && (await isBelow(owner, leader))) bytes += Number(blocks) * blockBytes;
  }
  return bytes;
}

async function isBelow(id: number, leader: number): Promise<boolean> {
  for (let at = id; at > 1; at = await parentOf(at)) if (at === leader) return true;
  return false;
}

/** 0 when it has ended meanwhile. */
async function parentOf(id: number): Promise<number> {
  try {
    const fields = await readFile(`/proc/${id}/stat`, 'utf8');
    return Number(/\) \S (\d+)/.exec(fields)?.[1]);
  } catch (error) {
    const hasEnded =
      error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(`${error.code}`);
    if (hasEnded) return 0;
    throw error;
  }
}
