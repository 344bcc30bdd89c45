import { dirname, join } from 'node:path';
import type { LaunchRequest, SandboxLimits } from '@reeve/core';
import { type Containment, insideHome, type Mount, type SystemEntry } from './bwrap-arguments.ts';

/** Where each process of a pair finds things. */
export interface PairLayoutOptions {
  /** Directory of the code; the other paths of code are relative to it. */
  readonly appRoot: string;
  /** Directories and files the loop needs, its packages included; the same layout below /app. */
  readonly codeDirectories: readonly string[];
  readonly loopEntry: string;
  /** Its directory, and the package.json above that, are all the sandbox sees of the code. */
  readonly shimEntry: string;
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
  /** Where Node keeps compiled code: a start from it takes half the time. */
  readonly compileCache: string;
}

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
const binDirectory = '/opt/reeve/bin';
const node = `${binDirectory}/node`;
const pairDirectory = '/run/reeve/pair';
const compileCache = '/run/reeve/cache';
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

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
      limits,
      directory: '/',
      command: [node, join(app, options.loopEntry)],
      mounts: [
        ...sharedMounts(options),
        ...options.codeDirectories.map((part) => codeMount(options, part)),
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
  const shimDirectory = dirname(options.shimEntry);
  return {
    environment: { ...baseEnvironment, PATH: `${binDirectory}:${path}`, SHELL: '/bin/bash' },
    containment: {
      system: options.system,
      inherited: options.inherited,
      seccomp: options.seccomp,
      limits,
      directory: '/work',
      command: [node, join(app, options.shimEntry)],
      mounts: [
        ...sharedMounts(options),
        codeMount(options, shimDirectory),
        codeMount(options, join(dirname(shimDirectory), 'package.json')),
        // Read-only: a socket can be used through such a mount, but not replaced.
        { source: directories.pair, target: pairDirectory, writable: false },
        { source: directories.scratch, target: '/work', writable: true },
      ],
    },
  };
}

/** The same program with a compile cache that it may fill; only for runs in which no command can run. */
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

const baseEnvironment: Readonly<Record<string, string>> = {
  PATH: path,
  HOME: insideHome,
  USER: 'worker',
  LANG: 'C.UTF-8',
  TMPDIR: '/tmp',
  TERM: 'dumb',
  NODE_COMPILE_CACHE: compileCache,
};

function sharedMounts(options: PairLayoutOptions): readonly Mount[] {
  return [
    ...options.etc,
    { source: options.nodeBinary, target: node, writable: false },
    { source: options.compileCache, target: compileCache, writable: false },
  ];
}

function codeMount(options: PairLayoutOptions, part: string): Mount {
  return { source: join(options.appRoot, part), target: join(app, part), writable: false };
}
