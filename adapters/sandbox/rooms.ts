import { chmod, chown, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxLimits } from '@reeve/core';
import { type HostPlace, processLimit } from './bwrap-arguments.ts';
import type { Cgroup, Cgroups } from './cgroups/cgroups.ts';
import type { Controller } from './cgroups/places.ts';
import { loopBounds, type PairDirectories } from './pair-layout.ts';
import { removeTree } from './remove-tree.ts';
import { makeScratchImage } from './scratch-image.ts';
import type { Slots } from './slots.ts';

/** The directories, host ids and cgroups of one pair; disposed, they are removed and free for the next. */
export interface Room extends AsyncDisposable {
  readonly name: string;
  readonly directories: PairDirectories;
  readonly loop: HostPlace;
  readonly sandbox: HostPlace;
}

export interface Rooms {
  open(name: string, limits: SandboxLimits): Promise<Room>;
  /** Removes what a launcher that was killed has left. */
  sweep(): Promise<void>;
}

export interface RoomsOptions {
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly slots: Slots;
  readonly cgroups: Cgroups;
  /** What the cgroups limit. */
  readonly controllers: readonly Controller[];
  /** Whether scratch is a file system of its own size. */
  readonly scratchImages: boolean;
  readonly logger?: { warn(details: object, message: string): void };
}

/** Of a busy machine's CPU, beside the coordinator's 1: it answers people while these work. */
const cpuShares = { loop: 0.25, sandbox: 0.1 };
/** bwrap's own, and the shell before it. */
const processesOfWalls = 8;

/** Makes rooms below `stateDir` and `runtimeDir`. */
export function createRooms(options: RoomsOptions): Rooms {
  const { stateDir, runtimeDir, slots, cgroups, controllers, logger } = options;
  const parents = {
    scratch: join(stateDir, 'scratch'),
    image: join(stateDir, 'scratch-images'),
    pair: join(runtimeDir, 'pairs'),
  };

  /** Cleaning up is never a reason to fail: what stays is told and removed by the next start. */
  async function orWarn(what: string, removal: Promise<void>): Promise<void> {
    try {
      await removal;
    } catch (error) {
      logger?.warn({ error, what }, 'something of an ended executor could not be removed');
    }
  }

  async function removeAll(name: string, opened: readonly Cgroup[]): Promise<void> {
    await Promise.all([
      ...Object.values(parents).map((parent) => orWarn(join(parent, name), removeTree(join(parent, name)))),
      ...opened.map((cgroup) => orWarn(`cgroups of ${name}`, cgroup.remove())),
    ]);
  }

  async function makeDirectories(name: string, limits: SandboxLimits, ids: ReturnType<Slots['take']>['ids']) {
    const directories = { scratch: join(parents.scratch, name), pair: join(parents.pair, name) };
    const file = join(parents.image, name);
    await mkdir(directories.scratch, { recursive: true, mode: 0o700 });
    await mkdir(directories.pair, { recursive: true, mode: 0o700 });
    if (ids === undefined) return { directories };
    await chown(directories.scratch, ids.sandbox.uid, ids.sandbox.uid);
    await chown(directories.pair, ids.loop.uid, ids.loop.uid);
    // The sandbox may pass through to the socket, and list or change nothing.
    await chmod(directories.pair, 0o711);
    if (!options.scratchImages) return { directories };
    await mkdir(parents.image, { recursive: true, mode: 0o700 });
    await makeScratchImage(file, limits.scratchBytes, ids.sandbox.uid);
    return { directories, image: { file, directory: directories.scratch } };
  }

  return {
    async open(name, limits) {
      const slot = slots.take();
      const opened: Cgroup[] = [];
      const join = async (...request: Parameters<Cgroups['open']>): Promise<readonly string[]> => {
        const cgroup = await cgroups.open(...request);
        opened.push(cgroup);
        return cgroup.joinFiles;
      };
      const close = async (): Promise<void> => {
        await removeAll(name, opened);
        slot.release();
      };
      try {
        const { directories, image } = await makeDirectories(name, limits, slot.ids);
        const { memoryBytes, cpuPercent } = limits;
        const bounds = {
          memoryBytes,
          cpuPercent,
          processes: processesOf(limits),
          cpuShare: cpuShares.sandbox,
        };
        const ofLoop = { ...loopBounds, processes: processesOf(loopBounds), cpuShare: cpuShares.loop };
        return {
          name,
          directories,
          loop: {
            ids: slot.ids?.loop,
            controllers,
            joinFiles: await join(`${name}-loop`, ofLoop),
          },
          sandbox: {
            ids: slot.ids?.sandbox,
            controllers,
            joinFiles: await join(`${name}-sandbox`, bounds),
            ...(image === undefined ? {} : { image }),
          },
          [Symbol.asyncDispose]: close,
        };
      } catch (error) {
        await close();
        throw error;
      }
    },
    async sweep() {
      for (const parent of Object.values(parents)) {
        await mkdir(parent, { recursive: true, mode: 0o700 });
        for (const name of await readdir(parent)) await orWarn(name, removeTree(join(parent, name)));
      }
      await orWarn('cgroups', cgroups.sweep());
    },
  };
}

function processesOf(limits: Pick<SandboxLimits, 'processes'>): number {
  return processLimit(limits) + processesOfWalls;
}
