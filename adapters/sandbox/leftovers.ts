import { readdir, readFile } from 'node:fs/promises';

/**
 * Kills processes that were started to use `directory`, which only launchers of this one's predecessors were. They
 * die with their launcher, but for a bwrap that lost it in the instant before it could be told to: that one waits for
 * ever and runs nothing.
 */
export async function killLeftovers(directory: string): Promise<void> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const id of ids) {
    const [program = '', ...args] = (await readCommandLine(id)).split('\0');
    if (!program.endsWith('/bwrap') || !args.some((argument) => argument.startsWith(directory))) continue;
    try {
      process.kill(Number(id), 'SIGKILL');
    } catch (error) {
      const endedMeanwhile = error instanceof Error && 'code' in error && error.code === 'ESRCH';
      if (!endedMeanwhile) throw error;
    }
  }
}

async function readCommandLine(id: string): Promise<string> {
  try {
    return await readFile(`/proc/${id}/cmdline`, 'utf8');
  } catch {
    // Ended meanwhile, or hidden from us, so not ours.
    return '';
  }
}
