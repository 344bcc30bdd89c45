import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const everyMs = 1000;
/** A slow count (many files) waits longer until the next, so that it never takes more than a fifth of one core. */
const restFactor = 4;
/** While a count lasts, more can be written: what makes it last longer than this ends the executor. */
const countWithinSeconds = 10;
/** A sandbox has some hundred processes and threads at the most, and thousands of open files only to make this slow. */
const lookWithinSeconds = 2;
const maxListing = 1024 * 1024;
const blockBytes = 512;

/**
 * Directories that were closed to hide what they hold are opened, and what all hold is counted; then every process and
 * its parent, from a file in which no process can write a line of its own.
 */
const countScript = [
  'nice -n 10 find "$1" -xdev -type d ! -perm -500 -exec chmod u+rx {} ";"',
  'nice -n 10 du -s -B1 -x -- "$1"',
  'grep -sH "^PPid:" /proc/[0-9]*/status',
  'true',
].join('; ');
/** Files that were deleted and are still open, each once; a thread may have descriptors of its own. */
const lookScript =
  'for id; do at="$at /proc/$id/task/[0-9]*/fd"; done; ' +
  'nice -n 10 find -L $at -maxdepth 1 -type f -links 0 -printf "%D %i %b\\n" | nice -n 10 sort -u';

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
  const [total = '', ...processes] = await linesOf(countScript, [directory], countWithinSeconds, signal);
  const { dev } = await stat(directory);
  const deleted = await linesOf(lookScript, familyOf(leader, processes), lookWithinSeconds, signal);
  return deleted.reduce(
    (bytes, line) => {
      const [device, , blocks] = line.split(' ').map(Number);
      return device === dev ? bytes + (blocks ?? 0) * blockBytes : bytes;
    },
    Number.parseInt(total, 10),
  );
}

/** What a script says, which ends, with all it has started, after `seconds`. Rejects then, and when it says too much. */
async function linesOf(
  script: string,
  operands: readonly string[],
  seconds: number,
  signal: AbortSignal,
): Promise<string[]> {
  const options = { signal, maxBuffer: maxListing, env: { PATH: '/usr/bin:/bin' } };
  const argv = ['--signal=KILL', `${seconds}`, '/bin/sh', '-c', script, 'sh', ...operands];
  const { stdout } = await execute('/usr/bin/timeout', argv, options);
  return stdout.split('\n');
}

/** The ids of `leader` and of all below it, from lines `/proc/<id>/status:PPid: <parent>`. */
function familyOf(leader: number, lines: readonly string[]): string[] {
  const children = new Map<string, string[]>();
  for (const line of lines) {
    const [, id, parent] = /^\/proc\/(\d+)\/status:PPid:\s*(\d+)$/.exec(line) ?? [];
    if (id === undefined || parent === undefined) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [id]);
    else siblings.push(id);
  }
  const family = [`${leader}`];
  for (const id of family) family.push(...(children.get(id) ?? []));
  return family;
}
