import { readdir, readFile } from 'node:fs/promises';

export interface LivingProcess {
  readonly pid: number;
  readonly parent: number;
  readonly commandLine: string;
}

/** A process and everything below it, as /proc has it now. */
export async function listProcessTree(root: number): Promise<readonly LivingProcess[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = (await Promise.all(names.map((name) => readProcess(Number(name))))).flatMap((found) =>
    found === null ? [] : [found],
  );
  const family = new Set([root]);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return all.filter(({ pid }) => family.has(pid));
}

/**
 * A process's proportional share of memory in MB: its own pages, and of those that it shares its part. Null when the
 * process has ended or this user may not look.
 */
export async function readProportionalMemory(pid: number): Promise<number | null> {
  const text = await readUnlessGone(`/proc/${pid}/smaps_rollup`);
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(text ?? '')?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) / 1024;
}

async function readProcess(pid: number): Promise<LivingProcess | null> {
  const [status, commandLine] = await Promise.all([
    readUnlessGone(`/proc/${pid}/status`),
    readUnlessGone(`/proc/${pid}/cmdline`),
  ]);
  const parent = /^PPid:\s+(\d+)/m.exec(status ?? '')?.[1];
  if (parent === undefined || commandLine === null) return null;
  return { pid, parent: Number(parent), commandLine: commandLine.replaceAll('\0', ' ').trim() };
}

/**
 * Which half of an executor a process is; null for any other. The walls' command lines end with the command within, so
 * only what node itself runs counts.
 */
export function executorHalfOf({ commandLine }: LivingProcess): 'loop' | 'shim' | null {
  const half = /^\S*node\b.* \/app\/(loop|shim)\.mjs/.exec(commandLine)?.[1];
  return half === 'loop' || half === 'shim' ? half : null;
}

const GONE_OR_ANOTHERS = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM']);

async function readUnlessGone(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (GONE_OR_ANOTHERS.has((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}
