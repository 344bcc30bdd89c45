import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';

/** Reads a file of this machine as people name it: from here, or from their home as `~/report.pdf`. Rejects as `fs` does. */
export function readLocalFile(named: string): Promise<Uint8Array> {
  return readFile(named.startsWith('~/') ? path.join(homedir(), named.slice(2)) : named);
}
