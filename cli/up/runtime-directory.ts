import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface RuntimeDirectory {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * A short-named private directory for this process's sockets: a socket's path has at most 107 bytes, and a home may
 * be deep. What a killed process left is removed; the home's lock must be held, so that it cannot be in use.
 */
export async function makeRuntimeDirectory(home: string): Promise<RuntimeDirectory> {
  const note = path.join(home, 'runtime-directory');
  const earlier = await readFile(note, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const prefix = path.join(tmpdir(), 'reeve-');
  if (earlier.startsWith(prefix)) await rm(earlier, { recursive: true, force: true });
  const directory = await mkdtemp(prefix);
  await writeFile(note, directory, { mode: 0o600 });
  return {
    path: directory,
    async remove() {
      await rm(directory, { recursive: true, force: true });
      await rm(note, { force: true });
    },
  };
}
