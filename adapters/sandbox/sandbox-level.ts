import { readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxLevel } from '@reeve/core';
import type { StartProgram } from './contained-process.ts';
import { type PairLayoutOptions, sandboxProgram } from './pair-layout.ts';
import type { Room } from './rooms.ts';

const candidates = ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'];
const witness = 'probe';
const limits = { memoryBytes: 64 * 1024 * 1024, scratchBytes: 1024 * 1024, processes: 16, cpuPercent: 100 };

/**
 * What a sandbox on this host really is, seen from inside one: which namespaces differ from ours, and under whose uid
 * its files appear outside. A host that cannot build the walls has no namespaces here, and a note says why.
 */
export async function observeLevel(
  layout: PairLayoutOptions,
  room: Room,
  start: StartProgram,
): Promise<SandboxLevel> {
  const program = sandboxProgram(layout, room.directories, limits);
  const script = `touch /work/${witness}; for n in ${candidates.join(' ')}; do echo $n $(readlink /proc/self/ns/$n); done`;
  const containment = { ...program.containment, command: ['/bin/sh', '-c', script] };
  const probe = start({ ...program, containment }, room.ids?.sandbox, {
    stdin: 'closed',
    captureStdout: true,
  });
  const failure = await probe.started.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  await probe.gone;
  const base = { launcher: 'bwrap', cgroup: 'none' as const };
  if (failure !== undefined)
    return { ...base, separateUids: false, namespaces: [], notes: [failure, howToFix] };

  const inside = new Map(
    probe
      .stdout()
      .split('\n')
      .map((line) => line.split(' ', 2) as [string, string]),
  );
  const namespaces: string[] = [];
  for (const name of candidates) {
    const theirs = inside.get(name) ?? '';
    if (theirs !== '' && theirs !== (await readlink(`/proc/self/ns/${name}`))) namespaces.push(name);
  }
  const ours = await stat(layout.compileCache);
  const separateUids = room.ids !== undefined && (await ownerOfWitness(room)) !== ours.uid;
  return { ...base, separateUids, namespaces, notes: separateUids ? [noCgroup] : [sharedUid, noCgroup] };
}

const noCgroup =
  'No cgroup limits: memory, CPU and the total size of scratch are not bounded; processes and file size are.';
const sharedUid =
  'Started as an ordinary user: loop and sandbox run under its uid, apart by namespaces only.';
const howToFix =
  'bubblewrap and unprivileged user namespaces are needed: apt-get install bubblewrap; where AppArmor forbids them, sysctl kernel.apparmor_restrict_unprivileged_userns=0.';

async function ownerOfWitness(room: Room): Promise<number | undefined> {
  try {
    return (await stat(join(room.directories.scratch, witness))).uid;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
