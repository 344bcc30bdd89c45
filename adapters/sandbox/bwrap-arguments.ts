import type { SandboxLimits } from '@reeve/core';
import type { Controller } from './cgroups/places.ts';
import { addPrelude } from './prelude.ts';

/** A file, directory or socket of the host and where the process sees it. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly writable: boolean;
}

/** One process inside its own namespaces. */
export interface Containment {
  readonly mounts: readonly Mount[];
  /** The host's system directories: what `systemMounts` found. */
  readonly system: readonly SystemEntry[];
  /** Open files that our own starter left to every child of ours; the command must not get them. */
  readonly inherited: readonly number[];
  /** The encoded filter of its system calls; undefined where we have none for this architecture. */
  readonly seccomp: Buffer | undefined;
  readonly directory: string;
  readonly limits: SandboxLimits;
  readonly command: readonly string[];
}

/** A top-level name of the host's system: a link as on merged-usr systems, or a directory. */
export type SystemEntry =
  | { readonly kind: 'link'; readonly path: string; readonly to: string }
  | { readonly kind: 'mount'; readonly path: string };

/** Host ids that a process runs under when the launcher is root. */
export interface HostIds {
  readonly uid: number;
  /** Supplementary group, to reach the sockets; none for the sandbox. */
  readonly group?: number;
}

/** Where on the host a process is put before its walls are built. */
export interface HostPlace {
  /** Undefined for an ordinary user, who has one uid for all. */
  readonly ids: HostIds | undefined;
  /** Its cgroups: it writes its id into these before it starts anything. */
  readonly joinFiles: readonly string[];
  /** What those cgroups limit; the rest is left to resource limits. */
  readonly controllers: readonly Controller[];
  /** A file system mounted over a directory, for this process and its children to see. */
  readonly image?: ScratchImage;
}

export interface ScratchImage {
  readonly file: string;
  readonly directory: string;
}

export interface Binaries {
  readonly bwrap: string;
  readonly setpriv: string;
  readonly prlimit: string;
  readonly unshare: string;
}

/** The uid and gid that commands see, whatever they are on the host. */
export const insideId = 1000;
export const insideHome = '/home/worker';

/** Descriptor on which the outermost bwrap reports the process id of its init on this host. */
export const initDescriptor = 3;
/** Descriptor on which the second of two bwraps reports that it is at work. */
const innerDescriptor = 4;

export interface CommandLine {
  /** argv[0] first. */
  readonly argv: readonly string[];
  /** The descriptor on which the bwrap that starts the command says so. */
  readonly startedDescriptor: number;
  /** What the command line reads from a descriptor: the next one. */
  readonly seccomp: Buffer | undefined;
  /** The descriptor whose end lets the command run, the walls standing before; undefined when nothing holds it. */
  readonly holdDescriptor: number | undefined;
}

/** Node's own threads count as processes; commands get what was asked for on top of them. */
const shimThreads = 32;
/** What V8 maps writable for code and never touches; a limit on writable memory below that keeps Node from starting. */
const untouchedByNode = 640 * 1024 * 1024;
/** Soft and hard, for each process. */
const openFiles = '1024:4096';
const minTmpfsBytes = 16 * 1024 * 1024;
const stage = '/mnt';

/**
 * The command line that runs a contained process. As an ordinary user (no ids) it is one bwrap. As root there are two:
 * the outer one, still root, mounts the sources under /mnt, because a clone may live where the process's own uid cannot
 * go; then the process drops to that uid for good and the inner one, an ordinary user like any other, builds the walls.
 * The outer one has a PID namespace too: its init dies with us and the kernel takes all within along. The parent-death
 * signal alone would not do: it is refused when, as here, the dying parent is root without capabilities and the child
 * is somebody else.
 */
export function buildCommandLine(
  containment: Containment,
  binaries: Binaries,
  place: HostPlace,
  isHeld = false,
): CommandLine {
  const { ids } = place;
  const { seccomp } = containment;
  const startedDescriptor = ids === undefined ? initDescriptor : innerDescriptor;
  const afterReport = seccomp === undefined ? startedDescriptor : startedDescriptor + 1;
  const holdDescriptor = isHeld ? afterReport + 1 : undefined;
  const lastDescriptor = holdDescriptor ?? afterReport;
  const inner = { infoDescriptor: startedDescriptor, holdDescriptor };
  const rest = { startedDescriptor, seccomp, holdDescriptor };
  if (ids === undefined)
    return {
      argv: withPrelude(innerStage(containment, binaries, place, inner, (mount) => mount.source)),
      ...rest,
    };
  const staged = new Map(containment.mounts.map((mount, index) => [mount, `${stage}/${index}`]));
  const line = [
    ...[binaries.bwrap, '--unshare-pid', '--die-with-parent', '--info-fd', `${initDescriptor}`],
    ...['--dev-bind', '/', '/', '--tmpfs', stage],
    ...[...staged].flatMap(([mount, at]) => [bindOption(mount), mount.source, at]),
    ...['--', binaries.setpriv, '--reuid', `${ids.uid}`, '--regid', `${ids.uid}`],
    ...(ids.group === undefined ? ['--clear-groups'] : ['--groups', `${ids.group}`]),
    ...['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--'],
    ...innerStage(containment, binaries, place, inner, (mount) => staged.get(mount) ?? mount.source),
  ];
  return { argv: withPrelude(line), ...rest };

  function withPrelude(argv: readonly string[]): readonly string[] {
    const close = containment.inherited.filter((descriptor) => descriptor > lastDescriptor);
    return addPrelude(argv, {
      close,
      joinFiles: place.joinFiles,
      image: place.image,
      unshare: binaries.unshare,
    });
  }
}

function innerStage(
  containment: Containment,
  binaries: Binaries,
  { controllers }: HostPlace,
  descriptors: { readonly infoDescriptor: number; readonly holdDescriptor: number | undefined },
  sourceOf: (mount: Mount) => string,
): readonly string[] {
  const { limits } = containment;
  const { infoDescriptor, holdDescriptor } = descriptors;
  const tmpfsBytes = `${Math.max(minTmpfsBytes, Math.floor(limits.memoryBytes / 4))}`;
  return [
    ...[
      binaries.bwrap,
      '--unshare-all',
      '--unshare-user',
      '--disable-userns',
      '--die-with-parent',
      '--new-session',
    ],
    ...['--uid', `${insideId}`, '--gid', `${insideId}`, '--cap-drop', 'ALL', '--hostname', 'reeve'],
    ...['--info-fd', `${infoDescriptor}`],
    ...(containment.seccomp === undefined ? [] : ['--seccomp', `${infoDescriptor + 1}`]),
    ...(holdDescriptor === undefined ? [] : ['--block-fd', `${holdDescriptor}`]),
    ...containment.system.flatMap((entry) =>
      entry.kind === 'link' ? ['--symlink', entry.to, entry.path] : ['--ro-bind', entry.path, entry.path],
    ),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...['/tmp', insideHome, '/dev/shm'].flatMap((path) => ['--size', tmpfsBytes, '--tmpfs', path]),
    ...containment.mounts.flatMap((mount) => [bindOption(mount), sourceOf(mount), mount.target]),
    // Both are memory of the host that nothing else would bound.
    ...['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', containment.directory, '--'],
    ...(controllers.includes('cpu') ? [] : ['/usr/bin/nice', '-n', '10']),
    ...[binaries.prlimit, '--core=0:0', `--nofile=${openFiles}`],
    ...[`--nproc=${twice(processLimit(limits))}`, `--fsize=${twice(limits.scratchBytes)}`],
    ...(controllers.includes('memory') ? [] : [`--data=${twice(limits.memoryBytes + untouchedByNode)}`]),
    ...['--', ...containment.command],
  ];
}

function bindOption(mount: Mount): string {
  return mount.writable ? '--bind' : '--ro-bind';
}

/**
 * Processes and threads of the commands and of what runs them. As a resource limit it is set inside the new user
 * namespace, where only the pair's own processes are counted.
 */
export function processLimit(limits: Pick<SandboxLimits, 'processes'>): number {
  return limits.processes + shimThreads;
}

function twice(limit: number): string {
  return `${limit}:${limit}`;
}
