import { chown, mkdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxLevel } from '@reeve/core';
import type { ContainedProcess, StartProgram } from './contained-process.ts';
import type { Obtainable } from './obtainable.ts';
import { type PairLayoutOptions, sandboxProgram } from './pair-layout.ts';
import type { Room } from './rooms.ts';

const candidates = ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'];
const witnessTarget = '/run/reeve/witness';
const megabyte = 1024 * 1024;
export const probeLimits = {
  memoryBytes: 64 * megabyte,
  scratchBytes: 16 * megabyte,
  processes: 16,
  cpuPercent: 100,
};
const script = [
  `touch ${witnessTarget}/file`,
  `for n in ${candidates.join(' ')}; do echo $n $(readlink /proc/self/ns/$n); done`,
  `echo seccomp $(sed -n 's/^Seccomp:\\s*//p' /proc/self/status)`,
  'echo scratch $(df -B1 --output=size /work | tail -n 1)',
].join('; ');

/**
 * What a sandbox on this host really is, seen from inside one that was started like any other: which namespaces differ
 * from ours, under whose uid its files appear outside, whether its system calls are filtered, how large its scratch can
 * get. The cgroups' limits are those the kernel has accepted. A host that cannot build the walls has no namespaces here,
 * and a note says why.
 */
export async function observeLevel(probe: {
  readonly layout: PairLayoutOptions;
  readonly room: Room;
  readonly start: StartProgram;
  readonly obtainable: Obtainable;
}): Promise<SandboxLevel> {
  const { layout, room, obtainable } = probe;
  const { running, witness } = await startProbe(probe);
  const failure = await running.started.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  await running.gone;
  const inside = readPairs(running.stdout());
  const hasImage =
    Number(inside.get('scratch')) > 0 && Number(inside.get('scratch')) <= probeLimits.scratchBytes;
  const limits = describeLimits(obtainable, hasImage);
  const base = { launcher: 'bwrap', cgroup: obtainable.cgroupVersion, limits };
  if (failure !== undefined) {
    const notes = [failure, howToFix];
    return { ...base, separateUids: false, namespaces: [], seccomp: false, notes };
  }
  const seccomp = inside.get('seccomp') === '2';
  const ours = await stat(layout.compileCache);
  const separateUids = room.sandbox.ids !== undefined && (await ownerOf(witness)) !== ours.uid;
  const notes = [
    ...(separateUids ? [] : [sharedUid]),
    ...(seccomp ? [] : [noSeccomp]),
    ...Object.entries(weakNotes).flatMap(([weak, note]) =>
      Object.values<string>({ ...limits }).includes(weak) ? [note] : [],
    ),
    ...(obtainable.cgroupVersion === 'v1' && limits.memory === 'cgroup' ? [socketsApart] : []),
    ...obtainable.reasons,
  ];
  return { ...base, separateUids, namespaces: await differing(inside), seccomp, notes };
}

async function startProbe({
  layout,
  room,
  start,
}: {
  readonly layout: PairLayoutOptions;
  readonly room: Room;
  readonly start: StartProgram;
}): Promise<{ running: ContainedProcess; witness: string }> {
  const directory = join(room.directories.pair, 'witness');
  await mkdir(directory);
  const { ids } = room.sandbox;
  if (ids !== undefined) await chown(directory, ids.uid, ids.uid);
  const program = sandboxProgram(layout, room.directories, probeLimits);
  const containment = {
    ...program.containment,
    mounts: [...program.containment.mounts, { source: directory, target: witnessTarget, writable: true }],
    command: ['/bin/sh', '-c', script],
  };
  const stdio = { stdin: 'closed', captureStdout: true } as const;
  return {
    running: start({ ...program, containment }, room.sandbox, stdio),
    witness: join(directory, 'file'),
  };
}

function describeLimits({ controllers }: Obtainable, hasImage: boolean): SandboxLevel['limits'] {
  return {
    memory: controllers.includes('memory') ? 'cgroup' : 'process',
    processes: controllers.includes('pids') ? 'cgroup' : 'namespace',
    cpu: controllers.includes('cpu') ? 'cgroup' : 'nice',
    scratch: hasImage ? 'file-system' : 'watched',
  };
}

function readPairs(text: string): ReadonlyMap<string, string> {
  return new Map(text.split('\n').map((line) => line.split(' ', 2) as [string, string]));
}

async function differing(inside: ReadonlyMap<string, string>): Promise<string[]> {
  const namespaces: string[] = [];
  for (const name of candidates) {
    const theirs = inside.get(name) ?? '';
    if (theirs !== '' && theirs !== (await readlink(`/proc/self/ns/${name}`))) namespaces.push(name);
  }
  return namespaces;
}

const weakNotes: Readonly<Record<string, string>> = {
  process:
    'No memory cgroup: each process of a worker, its loop included, is bounded, all of them together are not, nor what their sockets hold.',
  nice: 'No CPU cgroup: workers yield to everyone else, but have no ceiling.',
  watched:
    'Scratch is watched, not limited: a worker that fills it is ended about a second later, and until then writes as fast as the disk takes it.',
};
const socketsApart =
  'Cgroups v1 count what sockets hold apart from memory: an eighth more of it, and on top some 40 KB for each TCP socket, of which a worker can open tens of thousands.';
const noSeccomp = 'No filter of system calls for this processor.';
const sharedUid =
  'Started as an ordinary user: loop and sandbox run under its uid, apart by namespaces only.';
const howToFix =
  'bubblewrap and unprivileged user namespaces are needed: apt-get install bubblewrap; where AppArmor forbids them, sysctl kernel.apparmor_restrict_unprivileged_userns=0.';

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).uid;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
