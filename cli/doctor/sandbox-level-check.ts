import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BwrapLevel, createBwrapLauncher } from '@reeve/sandbox';
import type { Check } from './check.ts';

const APP_ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WORDS: Readonly<Record<string, string>> = {
  cgroup: 'by cgroup',
  process: 'of each process only',
  namespace: 'by namespace',
  nice: 'yields to others, no ceiling',
  'file-system': 'a file system of its size',
  watched: 'watched',
};

/** What bounds a worker's commands on this machine, seen from inside a sandbox that is started for the purpose. */
export const sandboxLevelCheck: Check = {
  id: 'sandbox-limits',
  title: 'Limits of workers',
  expected: 'memory, processes and CPU by cgroup, scratch of a fixed size, filtered system calls',
  fix: 'Start Reeve as root, or in a systemd unit with Delegate=yes; accept the weaker limits otherwise.',
  async run() {
    const { namespaces, limits, seccomp, cgroup, notes } = await observe();
    if (namespaces.length === 0) return { state: 'failed', observed: notes.join(' ') };
    const named = Object.entries(limits).map(([what, how]) => `${what} ${WORDS[how] ?? how}`);
    const calls = seccomp ? 'system calls filtered' : 'system calls not filtered';
    const summary = `${named.join(', ')}; ${calls}; cgroups ${cgroup}; namespaces ${namespaces.join(' ')}`;
    const strong = limits.memory === 'cgroup' && limits.cpu === 'cgroup' && limits.scratch === 'file-system';
    return strong && seccomp
      ? { state: 'ok', observed: summary }
      : { state: 'warning', observed: [summary, ...notes].join('. ') };
  },
};

async function observe(): Promise<BwrapLevel> {
  const directory = await mkdtemp(join(tmpdir(), 'reeve-doctor-'));
  const launcher = createBwrapLauncher({
    appRoot: APP_ROOT,
    codeDirectories: [],
    nodeBinary: process.execPath,
    loopEntry: 'executor/main.ts',
    shimEntry: 'executor/shim/main.ts',
    linkSocket: join(directory, 'link.sock'),
    gatewaySocket: join(directory, 'gateway.sock'),
    stateDir: join(directory, 'state'),
    runtimeDir: join(directory, 'run'),
  });
  try {
    return await launcher.level();
  } finally {
    await launcher.close();
    await rm(directory, { recursive: true, force: true });
  }
}
