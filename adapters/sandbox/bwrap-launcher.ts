import { chmod, chown, mkdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LaunchedExecutor, Launcher, LaunchRequest, SandboxLevel, SandboxLimits } from '@reeve/core';
import { type Binaries, buildCommandLine } from './bwrap-arguments.ts';
import { fillCompileCache, fillLimits } from './compile-cache.ts';
import { type StartProgram, startContained } from './contained-process.ts';
import { findInheritable } from './inheritable.ts';
import { type LaunchedPair, startPair } from './launched-pair.ts';
import { killLeftovers } from './leftovers.ts';
import { findObtainable, type Obtainable } from './obtainable.ts';
import type { PairLayoutOptions } from './pair-layout.ts';
import { createRooms, type Room, type Rooms } from './rooms.ts';
import { observeLevel, probeLimits } from './sandbox-level.ts';
import { encodeProgram } from './seccomp/bpf.ts';
import { buildSeccompFilter } from './seccomp/filter.ts';
import { createSlots, type Slots } from './slots.ts';
import { findSystemEntries, writeEtc } from './system-entries.ts';

export interface BwrapLauncherOptions {
  /** Root of the clone. As root its files have to be readable for everyone; its directory need not be. */
  readonly appRoot: string;
  /** Directories and files below `appRoot` that the loop needs, such as `core`, `executor`, `node_modules`. */
  readonly codeDirectories: readonly string[];
  /** Path of a Node 24 program or a link to one; it must need no libraries but the system's. */
  readonly nodeBinary: string;
  /** Relative to `appRoot`. Must exit when its stdin ends. */
  readonly loopEntry: string;
  /** Relative to `appRoot`. */
  readonly shimEntry: string;
  /** Exist before the first launch; as root their group is set so that loops, and no sandbox, may connect. */
  readonly linkSocket: string;
  readonly gatewaySocket: string;
  /** Scratch and compiled code live here. This launcher's alone: what a killed one left is removed. */
  readonly stateDir: string;
  /** Sockets and small files live here. This launcher's alone. */
  readonly runtimeDir: string;
  /** For the loop; no secrets. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly logger?: { warn(details: object, message: string): void };
  /** As root: first of the host ids used, two a living pair and one for the sockets' group. */
  readonly firstId?: number;
  /** Effective uid of this process. */
  readonly uid?: number;
  readonly binaries?: Partial<Binaries>;
  /** Ways to limit that are not even tried, as on a host that has none. */
  readonly without?: readonly ('cgroups' | 'scratch-images')[];
  /** As Node names them; of this process unless told. */
  readonly architecture?: string;
}

const defaultBinaries: Binaries = {
  bwrap: '/usr/bin/bwrap',
  setpriv: '/usr/bin/setpriv',
  prlimit: '/usr/bin/prlimit',
  unshare: '/usr/bin/unshare',
};
/** Above what distributions give to people and to their containers' first ranges. */
const defaultFirstId = 199_999;

/**
 * Starts executor pairs with bubblewrap on this machine: the loop, which holds the ticket, and the sandbox, which runs
 * commands, each behind its own walls, joined by one socket. When either ends, so does the other; when this process
 * dies, so do all. `launch` rejects with what bwrap said when the walls cannot be built.
 */
export function createBwrapLauncher(options: BwrapLauncherOptions): Launcher {
  const asRoot = (options.uid ?? process.geteuid?.()) === 0;
  const binaries = { ...defaultBinaries, ...options.binaries };
  const slots = createSlots({ asRoot, firstId: options.firstId ?? defaultFirstId });
  const pairs = new Set<LaunchedPair>();
  /** What may still make files. */
  const underWay = new Set<Promise<unknown>>();
  let opened = 0;
  let prepared: Promise<Prepared> | undefined;
  let isCacheFilled = false;
  let observed: Promise<SandboxLevel> | undefined;
  let closed = false;

  const start: StartProgram = ({ containment, environment }, place, stdio) =>
    startContained({ commandLine: buildCommandLine(containment, binaries, place), environment, ...stdio });

  function prepare(): Promise<Prepared> {
    prepared ??= prepareHost(options, slots, asRoot);
    return prepared;
  }

  /** Opens a room, unless the launcher was closed meanwhile. */
  async function openRoom(
    rooms: Rooms,
    purpose: 'pair' | 'cache' | 'probe',
    limits: SandboxLimits,
  ): Promise<Room> {
    const room = await rooms.open(nextName(purpose), limits);
    if (!closed) return room;
    await room[Symbol.asyncDispose]();
    throw new Error('the launcher is closed');
  }

  function track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => underWay.delete(tracked));
    underWay.add(tracked);
    return tracked;
  }

  function nextName(purpose: 'pair' | 'cache' | 'probe'): string {
    opened += 1;
    return `${purpose}-${opened}`;
  }

  /** In the background of the first launch, and again in each process of ours: the code may have changed. */
  async function fillCache({ layout, rooms }: Prepared): Promise<void> {
    try {
      await using room = await openRoom(rooms, 'cache', fillLimits);
      await fillCompileCache(layout, room, start);
    } catch (error) {
      if (!closed) options.logger?.warn({ error }, 'executors start without compiled code, so more slowly');
    }
  }

  async function observe(): Promise<SandboxLevel> {
    const { layout, rooms, obtainable } = await prepare();
    await using room = await openRoom(rooms, 'probe', probeLimits);
    return await observeLevel({ layout, room, start, obtainable });
  }

  async function launch(request: LaunchRequest, signal?: AbortSignal): Promise<LaunchedExecutor> {
    signal?.throwIfAborted();
    if (closed) throw new Error('the launcher is closed');
    const ready = await prepare();
    if (slots.linkGroup !== undefined) await admitLoops(options, slots.linkGroup);
    const room = await openRoom(ready.rooms, 'pair', request.limits);
    const pair = startPair({ request, layout: ready.layout, room, start });
    pairs.add(pair);
    void pair.cleaned.then(() => pairs.delete(pair));
    await pair.started(signal);
    if (!isCacheFilled) void track(fillCache(ready));
    isCacheFilled = true;
    return pair.executor;
  }

  return {
    kind: 'bwrap',
    launch: (request, signal) => track(launch(request, signal)),
    level() {
      observed ??= track(observe()).catch((error: unknown) => {
        observed = undefined;
        throw error;
      });
      return observed;
    },
    async close() {
      closed = true;
      await Promise.all([...pairs].map((pair) => pair.executor.kill()));
      await Promise.all([...pairs].map((pair) => pair.cleaned));
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}

interface Prepared {
  readonly layout: PairLayoutOptions;
  readonly rooms: Rooms;
  readonly obtainable: Obtainable;
}

async function prepareHost(options: BwrapLauncherOptions, slots: Slots, asRoot: boolean): Promise<Prepared> {
  const compileCache = join(options.stateDir, 'compile-cache');
  const etcDirectory = join(options.runtimeDir, 'etc');
  await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
  await mkdir(options.runtimeDir, { recursive: true, mode: 0o700 });
  await mkdir(compileCache, { recursive: true, mode: 0o755 });
  await mkdir(etcDirectory, { recursive: true, mode: 0o755 });
  // By what they mount of it: a later process of the same home has another directory for its sockets.
  await killLeftovers(join(options.stateDir, '/'));
  const without = options.without ?? [];
  const obtainable = await findObtainable({ ...options, asRoot, without });
  const rooms = createRooms({ ...options, ...obtainable, slots });
  await rooms.sweep();
  const filter = buildSeccompFilter(options.architecture ?? process.arch);
  const layout = {
    ...options,
    environment: options.environment ?? {},
    nodeBinary: await realpath(options.nodeBinary),
    system: await findSystemEntries(),
    etc: await writeEtc(etcDirectory),
    inherited: await findInheritable(),
    seccomp: filter === undefined ? undefined : encodeProgram(filter),
    compileCache,
  };
  return { layout, rooms, obtainable };
}

/** A server that was restarted has made its socket anew, so this is repeated before each launch. */
async function admitLoops(options: BwrapLauncherOptions, group: number): Promise<void> {
  for (const socket of [options.linkSocket, options.gatewaySocket]) {
    const { gid, mode } = await stat(socket);
    if (gid !== group) await chown(socket, -1, group);
    if ((mode & 0o060) !== 0o060) await chmod(socket, (mode & 0o777) | 0o060);
  }
}
