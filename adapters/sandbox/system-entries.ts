import { lstat, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { insideHome, insideId, type Mount, type SystemEntry } from './bwrap-arguments.ts';

const topLevel = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
/** What programs need to find libraries, certificates and each other; nothing that names people or secrets. */
const fromEtc = [
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
];

/** The parts of the host's system that a sandbox sees, read-only; those that this host has. */
export async function findSystemEntries(): Promise<readonly SystemEntry[]> {
  const found = await Promise.all([...topLevel, ...fromEtc].map(describe));
  return found.filter((entry) => entry !== undefined);
}

async function describe(path: string): Promise<SystemEntry | undefined> {
  try {
    const stats = await lstat(path);
    return stats.isSymbolicLink()
      ? { kind: 'link', path, to: await readlink(path) }
      : { kind: 'mount', path };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const etcFiles: Readonly<Record<string, string>> = {
  passwd: `root:x:0:0::/:/usr/sbin/nologin\nworker:x:${insideId}:${insideId}::${insideHome}:/bin/bash\nnobody:x:65534:65534::/:/usr/sbin/nologin\n`,
  group: `root:x:0:\nworker:x:${insideId}:\nnogroup:x:65534:\n`,
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
  hosts: '127.0.0.1 localhost\n::1 localhost\n',
};

/** Writes the sandbox's own small /etc into `directory` and returns its mounts. */
export async function writeEtc(directory: string): Promise<readonly Mount[]> {
  return Promise.all(
    Object.entries(etcFiles).map(async ([name, text]) => {
      const source = join(directory, name);
      await writeFile(source, text, { mode: 0o644 });
      return { source, target: `/etc/${name}`, writable: false };
    }),
  );
}
