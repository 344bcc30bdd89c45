import { readdir, readFile } from 'node:fs/promises';

/** A process below another, as /proc shows it now. */
export interface Descendant {
  readonly pid: number;
  readonly commandLine: string;
  /** Null when this user may not read it. */
  readonly environment: string | null;
}

/** Everything below a process. */
export async function descendantsOf(root: number): Promise<readonly Descendant[]> {
  const parents = new Map<number, number>();
  for (const name of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const parent = /^PPid:\s+(\d+)/m.exec((await readOrNull(`/proc/${name}/status`)) ?? '')?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === root || isBelow(parent));
  };
  return Promise.all(
    [...parents.keys()].filter(isBelow).map(async (pid) => ({
      pid,
      commandLine: ((await readOrNull(`/proc/${pid}/cmdline`)) ?? '').replaceAll('\0', ' '),
      environment: await readOrNull(`/proc/${pid}/environ`),
    })),
  );
}

async function readOrNull(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    // Ended meanwhile, or another user's.
    return null;
  }
}
