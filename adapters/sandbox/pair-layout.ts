import { join } from 'node:path';
import type { LaunchRequest, SandboxLimits } from '@reeve/core';
import { type Containment, insideHome, type Mount, type SystemEntry } from './bwrap-arguments.ts';
import { packagesOfThreads } from './pack/pack-program.ts';

/** Where each process of a pair finds things. */
export interface PairLayoutOptions {
  /** Directories of the packed programs: all that each sees of our code. */
  readonly packed: Readonly<Record<Half, string>>;
  /** The `node_modules` directory of the loop's threads. */
  readonly packages: string;
  /** The Node program itself, not a link. */
  readonly nodeBinary: string;
  readonly linkSocket: string;
  readonly gatewaySocket: string;
  /** For the loop; no secrets. */
  readonly environment: Readonly<Record<string, string>>;
  readonly system: readonly SystemEntry[];
  readonly etc: readonly Mount[];
  readonly inherited: readonly number[];
  readonly seccomp: Buffer | undefined;
  /** Where Node keeps compiled code, a directory for each half. */
  readonly compileCache: string;
}

/** The two programs of a pair: the trusted loop, and the shim in the sandbox. */
export const halves = ['loop', 'shim'] as const;
export type Half = (typeof halves)[number];

export interface PairDirectories {
  /** Holds the socket between the two. */
  readonly pair: string;
  readonly scratch: string;
}

export interface ContainedProgram {
  readonly containment: Containment;
  readonly environment: Readonly<Record<string, string>>;
}

const app = '/app';
/** Names of the packed programs in their directories. */
export const packedFiles: Readonly<Record<Half, string>> = { loop: 'loop.mjs', shim: 'shim.mjs' };
const binDirectory = '/opt/reeve/bin';
const node = `${binDirectory}/node`;
/** Else a command could have the shim, whose user it shares, open a debugger and run what it likes as the shim. */
const noDebugger = '--disable-sigusr1';
const pairDirectory = '/run/reeve/pair';
const compileCache = '/run/reeve/cache';
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * What a loop may use, whatever its sandbox is given: it reads what the sandbox says, and what that makes it hold must not
 * be the host's to bear. Seen: 25 MB by itself, 55 while it passes files on, 220 with a calculator at its limit; 15
 * threads and processes. Past it the kernel kills it, and the attempt ends as one that crashed.
 */
export const loopBounds = { memoryBytes: 384 * 1024 * 1024, processes: 32 };
/** In MB: below its bound by what the rest of Node takes, so that it collects its garbage instead of being killed. */
const loopHeap = 224;

/** The trusted half: our code, the two doors, no scratch. */
export function loopProgram(
  options: PairLayoutOptions,
  directories: Pick<PairDirectories, 'pair'>,
  limits: SandboxLimits,
): ContainedProgram {
  return {
    environment: { ...baseEnvironment, ...options.environment },
    containment: {
      system: options.system,
      inherited: options.inherited,
      seccomp: options.seccomp,
      limits: { ...limits, ...loopBounds },
      directory: '/',
      command: [node, noDebugger, `--max-old-space-size=${loopHeap}`, join(app, packedFiles.loop)],
      mounts: [
        ...sharedMounts(options, 'loop'),
        { source: options.packages, target: join(app, packagesOfThreads), writable: false },
        { source: directories.pair, target: pairDirectory, writable: true },
        { source: options.linkSocket, target: '/run/reeve/link.sock', writable: false },
        { source: options.gatewaySocket, target: '/run/reeve/gateway.sock', writable: false },
      ],
    },
  };
}

/** The half that runs whatever the model wants: the shim, scratch, the system's programs and nothing else of ours. */
export function sandboxProgram(
  options: PairLayoutOptions,
  directories: PairDirectories,
  limits: SandboxLimits,
): ContainedProgram {
  return {
    environment: { ...baseEnvironment, PATH: `${binDirectory}:${path}`, SHELL: '/bin/bash' },
    containment: {
      system: options.system,
      inherited: options.inherited,
      seccomp: options.seccomp,
      limits,
      directory: '/work',
      command: [node, noDebugger, join(app, packedFiles.shim)],
      mounts: [
        ...sharedMounts(options, 'shim'),
        // Read-only: a socket can be used through such a mount, but not replaced.
        { source: directories.pair, target: pairDirectory, writable: false },
        { source: directories.scratch, target: '/work', writable: true },
      ],
    },
  };
}

/** The same program with a compile cache that it may fill; only for the dry run, whose one command is ours. */
export function fillingCache(program: ContainedProgram): ContainedProgram {
  const mounts = program.containment.mounts.map((mount) =>
    mount.target === compileCache ? { ...mount, writable: true } : mount,
  );
  return { ...program, containment: { ...program.containment, mounts } };
}

/** The first line on the loop's stdin: a secret must not be an argument or a variable, which others can read. */
export function loopFirstLine({ ticket, limits }: LaunchRequest): string {
  return JSON.stringify({ ticket, limits });
}

/** The first line of a loop that does its dry run and ends. */
export function dryRunLine(limits: SandboxLimits): string {
  return JSON.stringify({ ticket: null, limits });
}

/** Where the compiled code of one half is kept. */
export function cacheOf({ compileCache: directory }: PairLayoutOptions, half: Half): string {
  return join(directory, half);
}

const baseEnvironment: Readonly<Record<string, string>> = {
  PATH: path,
  HOME: insideHome,
  USER: 'worker',
  LANG: 'C.UTF-8',
  TMPDIR: '/tmp',
  TERM: 'dumb',
  NODE_COMPILE_CACHE: compileCache,
};

function sharedMounts(options: PairLayoutOptions, half: Half): readonly Mount[] {
  return [
    ...options.etc,
    { source: options.packed[half], target: app, writable: false },
    { source: options.nodeBinary, target: node, writable: false },
    { source: cacheOf(options, half), target: compileCache, writable: false },
  ];
}
