import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

export interface HostProcess {
  readonly id: number;
  readonly commandLine: string;
  /** Empty when it may not be read. */
  readonly environment: string;
}

/** Living processes of this host whose command line contains `text`. */
export async function findProcesses(text: string): Promise<readonly HostProcess[]> {
  const found = await listProcesses();
  return found.filter(({ id, commandLine }) => id !== process.pid && commandLine.includes(text));
}

/** Every process that still has a command line, which zombies have not. */
export async function listProcesses(): Promise<readonly HostProcess[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(
    ids.map(async (id) => ({
      id: Number(id),
      commandLine: await readOrEmpty(`/proc/${id}/cmdline`),
      environment: await readOrEmpty(`/proc/${id}/environ`),
    })),
  );
  return all.filter(({ commandLine }) => commandLine !== '');
}

/** How many processes match after waiting up to `withinMs` for there to be none. */
export async function countLeft(text: string, withinMs: number): Promise<number> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const { length } = await findProcesses(text);
    if (length === 0 || performance.now() > giveUpAt) return length;
    await sleep(20);
  }
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replaceAll('\0', ' ');
  } catch {
    // Ended meanwhile, or another user's.
    return '';
  }
}
