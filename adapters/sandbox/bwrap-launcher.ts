import { chmod, chown, mkdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LaunchedExecutor, Launcher, LaunchRequest, SandboxLevel, SandboxLimits } from '@reeve/core';
import { type Binaries, buildCommandLine } from './bwrap-arguments.ts';
import { fillCompileCache, fillLimits } from './compile-cache.ts';
import { type StartProgram, startContained } from './contained-process.ts';
import { doneOnce } from './done-once.ts';
import { findInheritable } from './inheritable.ts';
import { type LaunchedPair, startPair } from './launched-pair.ts';
import { killLeftovers } from './leftovers.ts';
import { findObtainable, type Obtainable } from './obtainable.ts';
import { packProgram } from './pack/pack-program.ts';
import { type Half, halves, type PairLayoutOptions, packedFiles } from './pair-layout.ts';
import { createRooms, type Room, type Rooms } from './rooms.ts';
import { observeLevel, probeLimits } from './sandbox-level.ts';
import { encodeProgram } from './seccomp/bpf.ts';
import { buildSeccompFilter } from './seccomp/filter.ts';
import { createSlots, type Slots } from './slots.ts';
import { createSparePair, type Ground } from './spare-pair.ts';
import { findSystemEntries, writeEtc } from './system-entries.ts';

export interface BwrapLauncherOptions {
  /** Main modules of the two programs; each must exit when its stdin ends. */
  readonly programs: Readonly<Record<Half, string>>;
  /** The `node_modules` directory of the loop's threads. As root what is in it has to be readable for everyone. */
  readonly packages: string;
  /** Path of a Node 24 program or a link to one; it must need no libraries but the system's. */
  readonly nodeBinary: string;
  /** Exist before the first launch; as root their group is set so that loops, and no sandbox, may connect. */
  readonly linkSocket: string;
  readonly gatewaySocket: string;
  /** Scratch, packed and compiled code live here. This launcher's alone: what a killed one left is removed. */
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
  let closed = false;

  const start: StartProgram = ({ containment, environment }, place, { isHeld, ...stdio }) => {
    const commandLine = buildCommandLine(containment, binaries, place, isHeld);
    return startContained({ commandLine, environment, ...stdio });
  };

  const prepare = doneOnce(() => prepareHost(options, slots, asRoot));
  // Again in each process of ours: the code may have changed.
  const pack = doneOnce(async () => packPrograms(options.programs, (await prepare()).layout.packed));
  const compile = doneOnce(() => track(fillCache()));
  const spare = createSparePair(buildWalls);
  const level = doneOnce(() => track(observe()));

  /** Opens a room, unless the launcher was closed meanwhile. */
  async function openRoom(
    rooms: Rooms,
    purpose: 'pair' | 'cache' | 'probe',
    limits: SandboxLimits,
  ): Promise<Room> {
    opened += 1;
    const room = await rooms.open(`${purpose}-${opened}`, limits);
    if (!closed) return room;
    await room[Symbol.asyncDispose]();
    throw new Error('the launcher is closed');
  }

  function track<T>(work: Promise<T>): Promise<T> {
    const tracked = work.finally(() => underWay.delete(tracked));
    underWay.add(tracked);
    return tracked;
  }

  /** In the background of the first launch. */
  async function fillCache(): Promise<void> {
    try {
      const { layout, rooms } = await prepare();
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

  async function buildWalls({ limits }: Ground): Promise<LaunchedPair> {
    const { layout, rooms } = await prepare();
    await pack();
    const pair = startPair({ limits, layout, room: await openRoom(rooms, 'pair', limits), start });
    pairs.add(pair);
    void pair.cleaned.then(() => pairs.delete(pair));
    return pair;
  }

  async function launch({ ticket, limits }: LaunchRequest, signal?: AbortSignal): Promise<LaunchedExecutor> {
    signal?.throwIfAborted();
    if (closed) throw new Error('the launcher is closed');
    const ground = { limits, doors: await openDoors(options, slots.linkGroup) };
    const pair = await spare.take(ground);
    pair.begin(ticket);
    await pair.started(signal);
    void compile();
    spare.prepare(ground);
    return pair.executor;
  }

  return {
    kind: 'bwrap',
    launch: (request, signal) => track(launch(request, signal)),
    level,
    async close() {
      closed = true;
      await spare.close();
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
  const packed = {
    loop: join(options.stateDir, 'packed', 'loop'),
    shim: join(options.stateDir, 'packed', 'shim'),
  };
  await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
  await mkdir(options.runtimeDir, { recursive: true, mode: 0o700 });
  await mkdir(etcDirectory, { recursive: true, mode: 0o755 });
  for (const half of halves) {
    await mkdir(packed[half], { recursive: true, mode: 0o755 });
    await mkdir(join(compileCache, half), { recursive: true, mode: 0o755 });
  }
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
    packed,
    compileCache,
  };
  return { layout, rooms, obtainable };
}

async function packPrograms(
  programs: Readonly<Record<Half, string>>,
  packed: Readonly<Record<Half, string>>,
): Promise<void> {
  await Promise.all(
    halves.map((half) =>
      packProgram({ source: programs[half], directory: packed[half], file: packedFiles[half] }),
    ),
  );
}

/**
 * Lets loops use their doors, and says which sockets those are now: a server that was restarted has made its own anew, so
 * this is repeated before each launch.
 */
async function openDoors(
  options: BwrapLauncherOptions,
  group: number | undefined,
): Promise<readonly string[]> {
  const doors: string[] = [];
  for (const socket of [options.linkSocket, options.gatewaySocket]) {
    const { gid, mode, dev, ino } = await stat(socket);
    doors.push(`${dev}:${ino}`);
    if (group === undefined) continue;
    if (gid !== group) await chown(socket, -1, group);
    if ((mode & 0o060) !== 0o060) await chmod(socket, (mode & 0o777) | 0o060);
  }
  return doors;
}
