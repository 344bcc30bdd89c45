import { chmod, chown, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PairDirectories } from './pair-layout.ts';
import { removeTree } from './remove-tree.ts';
import type { SlotIds, Slots } from './slots.ts';

/** The directories and host ids of one pair; disposed, they are removed and free for the next. */
export interface Room extends AsyncDisposable {
  readonly name: string;
  readonly directories: PairDirectories;
  readonly ids: SlotIds | undefined;
}

export interface Rooms {
  open(name: string): Promise<Room>;
  /** Removes what a launcher that was killed has left. */
  sweep(): Promise<void>;
}

export interface RoomsOptions {
  readonly stateDir: string;
  readonly runtimeDir: string;
  readonly slots: Slots;
  readonly logger?: { warn(details: object, message: string): void };
}

/** Makes rooms below `stateDir` and `runtimeDir`. */
export function createRooms({ stateDir, runtimeDir, slots, logger }: RoomsOptions): Rooms {
  const parents = { scratch: join(stateDir, 'scratch'), pair: join(runtimeDir, 'pairs') };

  /** Cleaning up is never a reason to fail: what stays is told and removed by the next start. */
  async function removeOrWarn(path: string): Promise<void> {
    try {
      await removeTree(path);
    } catch (error) {
      logger?.warn({ error, path }, 'a directory of an ended executor could not be removed');
    }
  }

  return {
    async open(name) {
      const slot = slots.take();
      const directories = { scratch: join(parents.scratch, name), pair: join(parents.pair, name) };
      try {
        await mkdir(directories.scratch, { recursive: true, mode: 0o700 });
        await mkdir(directories.pair, { recursive: true, mode: 0o700 });
        if (slot.ids !== undefined) {
          const { loop, sandbox } = slot.ids;
          await chown(directories.scratch, sandbox.uid, sandbox.uid);
          await chown(directories.pair, loop.uid, loop.uid);
          // The sandbox may pass through to the socket, and list or change nothing.
          await chmod(directories.pair, 0o711);
        }
      } catch (error) {
        slot.release();
        throw error;
      }
      return {
        name,
        directories,
        ids: slot.ids,
        async [Symbol.asyncDispose]() {
          await Promise.all([removeOrWarn(directories.scratch), removeOrWarn(directories.pair)]);
          slot.release();
        },
      };
    },
    async sweep() {
      for (const parent of Object.values(parents)) {
        await mkdir(parent, { recursive: true, mode: 0o700 });
        for (const name of await readdir(parent)) await removeOrWarn(join(parent, name));
      }
    },
  };
}
