import { mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CgroupBase } from './bases.ts';
import type { Controller } from './places.ts';

/** What one cgroup may use; what is undefined stays unlimited. */
export interface CgroupLimits {
  readonly memoryBytes?: number;
  /** Processes and threads together. */
  readonly processes?: number;
  /** Of one core. */
  readonly cpuPercent?: number;
  /** Its part of a busy machine's CPU, as a fraction of what an ordinary process or cgroup beside it gets. */
  readonly cpuShare: number;
}

export interface Cgroup {
  /** A process that writes its id into each of these is inside for good, and so is all it starts. */
  readonly joinFiles: readonly string[];
  /** Kills what is left inside and removes it. Throws when it stays. */
  remove(): Promise<void>;
}

export interface Cgroups {
  open(name: string, limits: CgroupLimits): Promise<Cgroup>;
  /** Kills and removes what an earlier user of this prefix has left, and removes what others left empty. */
  sweep(): Promise<void>;
}

const periodMicroseconds = 100_000;
const v1Shares = 1024;
const v2Weight = 100;
const ofOurs = /^reeve-[0-9a-f]{12}-/;
/** Between making a cgroup and entering it pass milliseconds: an empty one of this age has lost its launcher. */
const abandonedAfterMs = 60_000;
const removeWithinMs = 2000;
const removeEveryMs = 5;

/** Makes cgroups called `prefix` and a name below each of `bases`: one for v2, one per hierarchy for v1. */
export function createCgroups(bases: readonly CgroupBase[], prefix: string): Cgroups {
  return {
    async open(name, limits) {
      const wanted = bases
        .map((base) => ({
          directory: join(base.directory, `${prefix}${name}`),
          files: settingsFor(base, limits),
        }))
        .filter(({ files }) => files.length > 0);
      const directories = wanted.map(({ directory }) => directory);
      const remove = async (): Promise<void> => {
        await Promise.all(directories.map(empty));
      };
      try {
        for (const { directory, files } of wanted) await make(directory, files);
      } catch (error) {
        await remove();
        throw error;
      }
      return { joinFiles: directories.map((directory) => join(directory, 'cgroup.procs')), remove };
    },
    async sweep() {
      for (const { directory } of bases) {
        const all = (await readdir(directory)).filter((name) => ofOurs.test(name));
        const mine = all.filter((name) => name.startsWith(prefix));
        await Promise.all(mine.map((name) => empty(join(directory, name))));
        const others = all.filter((name) => !name.startsWith(prefix));
        await Promise.all(others.map((name) => removeAbandoned(join(directory, name))));
      }
    },
  };
}

function settingsFor({ version, controllers }: CgroupBase, limits: CgroupLimits): readonly Setting[] {
  return controllers.flatMap((controller) => settings[version][controller](limits));
}

async function make(directory: string, files: readonly Setting[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [file, value] of files) await writeSetting(join(directory, file), value);
}

type Setting = readonly [file: string, value: string];
type SettingsOf = (limits: CgroupLimits) => readonly Setting[];

/** Of v1, which counts what TCP and UDP sockets hold apart from all else, and without this not at all. */
const socketFile = 'memory.kmem.tcp.limit_in_bytes';
/**
 * Of its memory, what a cgroup's sockets may hold beside it: ten connections at their fullest and more. Past it the kernel
 * drops what UDP gets, but still gives each TCP socket the least that a socket needs, some 40 KB.
 */
const socketPart = 1 / 8;
/** What some kernels lack: accounting of swap, and of sockets. */
const optionalFiles: readonly string[] = ['memory.memsw.limit_in_bytes', 'memory.swap.max', socketFile];

const settings: Readonly<Record<'v1' | 'v2', Readonly<Record<Controller, SettingsOf>>>> = {
  v1: {
    memory: ({ memoryBytes }) =>
      given(memoryBytes, (bytes) => [
        ['memory.limit_in_bytes', `${bytes}`],
        ['memory.memsw.limit_in_bytes', `${bytes}`],
        [socketFile, `${Math.floor(bytes * socketPart)}`],
      ]),
    pids: ({ processes }) => given(processes, (count) => [['pids.max', `${count}`]]),
    cpu: ({ cpuPercent, cpuShare }) => [
      ['cpu.shares', `${Math.round(cpuShare * v1Shares)}`],
      ...given(cpuPercent, (percent) => [
        ['cpu.cfs_period_us', `${periodMicroseconds}`],
        ['cpu.cfs_quota_us', `${(periodMicroseconds * percent) / 100}`],
      ]),
    ],
  },
  v2: {
    memory: ({ memoryBytes }) =>
      given(memoryBytes, (bytes) => [
        ['memory.max', `${bytes}`],
        ['memory.swap.max', '0'],
      ]),
    pids: ({ processes }) => given(processes, (count) => [['pids.max', `${count}`]]),
    cpu: ({ cpuPercent, cpuShare }) => [
      ['cpu.weight', `${Math.max(1, Math.round(cpuShare * v2Weight))}`],
      ...given(cpuPercent, (percent) => [
        ['cpu.max', `${(periodMicroseconds * percent) / 100} ${periodMicroseconds}`],
      ]),
    ],
  },
};

function given(
  value: number | undefined,
  settingsOf: (value: number) => readonly Setting[],
): readonly Setting[] {
  return value === undefined ? [] : settingsOf(value);
}

/** Where the kernel lacks a file for swap, the limit bounds resident memory alone; for sockets, theirs has none. */
async function writeSetting(path: string, value: string): Promise<void> {
  try {
    await writeFile(path, value, { flag: 'r+' });
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing || !optionalFiles.some((name) => path.endsWith(name))) throw error;
  }
}

async function empty(directory: string): Promise<void> {
  const giveUpAt = performance.now() + removeWithinMs;
  for (;;) {
    try {
      await rmdir(directory);
      return;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || performance.now() > giveUpAt) throw error;
    }
    await killInside(directory);
    await sleep(removeEveryMs);
  }
}

async function removeAbandoned(directory: string): Promise<void> {
  try {
    const { mtimeMs } = await stat(directory);
    if (Date.now() - mtimeMs > abandonedAfterMs) await rmdir(directory);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? `${error.code}` : '';
    if (!['EBUSY', 'ENOENT', 'EPERM', 'EACCES'].includes(code)) throw error;
  }
}

async function killInside(directory: string): Promise<void> {
  const ids = (await readFile(join(directory, 'cgroup.procs'), 'utf8')).split('\n').map(Number);
  // 0 stands for a process that our PID namespace does not see; to kill(2) it would mean ourselves.
  for (const id of ids.filter((one) => one > 0)) {
    try {
      process.kill(id, 'SIGKILL');
    } catch (error) {
      const hasEnded = error instanceof Error && 'code' in error && error.code === 'ESRCH';
      if (!hasEnded) throw error;
    }
  }
}
