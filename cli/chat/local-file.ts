import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

/** More than any Reeve takes; what is larger is not read into memory to be refused then. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Reads a file of this machine as people name it: from here, or from their home as `~/report.pdf`. Rejects as `fs` does;
 * with `EISDIR` for whatever is no ordinary file (a pipe or a device may never end), and `EFBIG` for what is too large.
 */
export async function readLocalFile(named: string): Promise<Uint8Array> {
  const place = named.startsWith('~/') ? path.join(homedir(), named.slice(2)) : named;
  const found = await stat(place);
  if (!found.isFile()) throw Object.assign(new Error(`${place} is no ordinary file`), { code: 'EISDIR' });
  if (found.size > MOST_BYTES) throw Object.assign(new Error(`${place} is too large`), { code: 'EFBIG' });
  return readFile(place);
}
