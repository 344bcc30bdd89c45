import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { allControllers, type CgroupPlace, type Controller } from './places.ts';

/** A directory in which cgroups of ours can be made, and what they can limit. */
export interface CgroupBase {
  readonly version: 'v1' | 'v2';
  readonly controllers: readonly Controller[];
  readonly directory: string;
}

/** Leaf that holds this process where a v2 cgroup must not have both processes and limited children. */
const ownLeaf = 'reeve-self';

/**
 * Where below a place new cgroups can be made. On v1 that is the place itself. On v2 only a cgroup without processes
 * can hand controllers on: the parent, when it does (a terminal or service of systemd, started so that we may write
 * there), or our own place once we have moved to a leaf, which is done only where the place is the top of all we see,
 * as in a container, because then nobody else's order is disturbed. Undefined when there is none.
 */
export async function findBase(place: CgroupPlace): Promise<CgroupBase | undefined> {
  const { version, directory, mountPoint } = place;
  if (version === 'v1') return { version, controllers: place.controllers, directory };
  const isInLeaf = basename(directory) === ownLeaf;
  const own = isInLeaf ? dirname(directory) : directory;
  const given = await handedOn(own);
  if (given.length > 0) return { version, controllers: given, directory: own };
  if (own === mountPoint) return await splitTop(own);
  const parent = dirname(own);
  const shared = await handedOn(parent);
  return shared.length > 0 ? { version, controllers: shared, directory: parent } : undefined;
}

async function handedOn(directory: string): Promise<readonly Controller[]> {
  const names = (await readOrEmpty(join(directory, 'cgroup.subtree_control'))).trim().split(/\s+/);
  return allControllers.filter((name) => names.includes(name));
}

async function splitTop(top: string): Promise<CgroupBase | undefined> {
  const offered = (await readOrEmpty(join(top, 'cgroup.controllers'))).trim().split(/\s+/);
  const controllers = allControllers.filter((name) => offered.includes(name));
  if (controllers.length === 0) return undefined;
  const leaf = join(top, ownLeaf);
  await mkdir(leaf, { recursive: true });
  for (const id of (await readOrEmpty(join(top, 'cgroup.procs'))).split('\n').filter((line) => line !== ''))
    await writeFile(join(leaf, 'cgroup.procs'), id);
  await writeFile(join(top, 'cgroup.subtree_control'), controllers.map((name) => `+${name}`).join(' '));
  return { version: 'v2', controllers, directory: top };
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
