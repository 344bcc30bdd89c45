import { readdir, readFile } from 'node:fs/promises';

/** O_CLOEXEC among the flags in /proc/self/fdinfo, which are octal. */
const closeOnExec = 0o2000000;

/**
 * Open files of this process, beyond the first three, that every child of it inherits. Whoever started it left them:
 * Node opens its own so that they close.
 */
export async function findInheritable(): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc/self/fdinfo')) {
    const flags = /^flags:\s*(\d+)$/m.exec(await readInfo(name))?.[1];
    if (Number(name) > 2 && flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0) {
      found.push(Number(name));
    }
  }
  return found;
}

async function readInfo(name: string): Promise<string> {
  try {
    return await readFile(`/proc/self/fdinfo/${name}`, 'utf8');
  } catch (error) {
    // The listing saw the descriptor of its own directory.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
