import type { SandboxLimits } from '@reeve/core';

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

export interface Binaries {
  readonly bwrap: string;
  readonly setpriv: string;
  readonly prlimit: string;
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
}

/** Node's own threads count as processes; commands get what was asked for on top of them. */
const shimThreads = 32;
const minTmpfsBytes = 16 * 1024 * 1024;
const stage = '/mnt';

/**
 * The command line that runs a contained process. As an ordinary user (`ids` undefined) it is one bwrap. As root there
 * are two: the outer one, still root, mounts the sources under /mnt, because a clone may live where the process's own
 * uid cannot go; then the process drops to that uid for good and the inner one, an ordinary user like any other,
 * builds the walls. The outer one has a PID namespace too: its init dies with us and the kernel takes all within
 * along. The parent-death signal alone would not do: it is refused when, as here, the dying parent is root without
 * capabilities and the child is somebody else.
 */
export function buildCommandLine(
  containment: Containment,
  binaries: Binaries,
  ids: HostIds | undefined,
): CommandLine {
  if (ids === undefined) {
    const argv = innerStage(containment, binaries, initDescriptor, (mount) => mount.source);
    return withoutInherited(containment, { argv, startedDescriptor: initDescriptor });
  }
  const staged = new Map(containment.mounts.map((mount, index) => [mount, `${stage}/${index}`]));
  const argv = [
    ...[binaries.bwrap, '--unshare-pid', '--die-with-parent', '--info-fd', `${initDescriptor}`],
    ...['--dev-bind', '/', '/', '--tmpfs', stage],
    ...[...staged].flatMap(([mount, at]) => [bindOption(mount), mount.source, at]),
    ...['--', binaries.setpriv, '--reuid', `${ids.uid}`, '--regid', `${ids.uid}`],
    ...(ids.group === undefined ? ['--clear-groups'] : ['--groups', `${ids.group}`]),
    ...['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--'],
    ...innerStage(containment, binaries, innerDescriptor, (mount) => staged.get(mount) ?? mount.source),
  ];
  return withoutInherited(containment, { argv, startedDescriptor: innerDescriptor });
}

/** bwrap closes its own descriptors and no others. The detour over a shell costs 3 ms, hence only when needed. */
function withoutInherited({ inherited }: Containment, line: CommandLine): CommandLine {
  const close = inherited.filter((descriptor) => descriptor > line.startedDescriptor);
  if (close.length === 0) return line;
  const script = `exec ${close.map((descriptor) => `${descriptor}>&-`).join(' ')}; exec "$@"`;
  return { ...line, argv: ['/bin/bash', '-c', script, 'bash', ...line.argv] };
}

function innerStage(
  containment: Containment,
  binaries: Binaries,
  infoDescriptor: number,
  sourceOf: (mount: Mount) => string,
): readonly string[] {
  const { limits } = containment;
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
    ...containment.system.flatMap((entry) =>
      entry.kind === 'link' ? ['--symlink', entry.to, entry.path] : ['--ro-bind', entry.path, entry.path],
    ),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...['/tmp', insideHome, '/dev/shm'].flatMap((path) => ['--size', tmpfsBytes, '--tmpfs', path]),
    ...containment.mounts.flatMap((mount) => [bindOption(mount), sourceOf(mount), mount.target]),
    // Both are memory of the host that nothing else would bound.
    ...['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', containment.directory, '--'],
    ...[
      binaries.prlimit,
      '--core=0:0',
      `--nproc=${processLimit(limits)}`,
      `--fsize=${fileLimit(limits)}`,
      '--',
    ],
    ...containment.command,
  ];
}

function bindOption(mount: Mount): string {
  return mount.writable ? '--bind' : '--ro-bind';
}

/** Set inside the new user namespace, where only the pair's own processes are counted. */
function processLimit(limits: SandboxLimits): string {
  const count = limits.processes + shimThreads;
  return `${count}:${count}`;
}

function fileLimit(limits: SandboxLimits): string {
  return `${limits.scratchBytes}:${limits.scratchBytes}`;
}
