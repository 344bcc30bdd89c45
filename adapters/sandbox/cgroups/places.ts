import { join } from 'node:path';

/** A directory of a cgroup hierarchy that this process belongs to. */
export interface CgroupPlace {
  readonly version: 'v1' | 'v2';
  /** Of `memory`, `pids` and `cpu`, those of this v1 hierarchy; empty for v2, whose files tell. */
  readonly controllers: readonly Controller[];
  readonly mountPoint: string;
  /** Where this process is. */
  readonly directory: string;
}

export type Controller = 'memory' | 'pids' | 'cpu';

export const allControllers: readonly Controller[] = ['memory', 'pids', 'cpu'];

/**
 * Finds our places from /proc/self/cgroup and /proc/self/mountinfo. A host in transition has both versions; a
 * hierarchy that is not mounted here, or mounted at a part that we are not in, is left out.
 */
export function findCgroupPlaces(selfCgroup: string, mountInfo: string): readonly CgroupPlace[] {
  const mounts = mountInfo.split('\n').flatMap(parseMount);
  return selfCgroup.split('\n').flatMap((line): CgroupPlace[] => {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match === null) return [];
    const [, names = '', path = ''] = match;
    const controllers = allControllers.filter((name) => names.split(',').includes(name));
    const version = names === '' ? 'v2' : 'v1';
    if (version === 'v1' && controllers.length === 0) return [];
    const mount = mounts.find(
      (one) => one.version === version && controllers.every((name) => one.options.includes(name)),
    );
    const below = mount === undefined ? undefined : pathBelow(mount.root, path);
    if (mount === undefined || below === undefined) return [];
    return [{ version, controllers, mountPoint: mount.point, directory: join(mount.point, below) }];
  });
}

interface CgroupMount {
  readonly version: 'v1' | 'v2';
  readonly root: string;
  readonly point: string;
  readonly options: readonly string[];
}

/** A line of mountinfo: `id parent device root point options… - type source options`. */
function parseMount(line: string): CgroupMount[] {
  const [before = '', after = ''] = line.split(' - ');
  const [, , , root, point] = before.split(' ');
  const [type, , options = ''] = after.split(' ');
  if (root === undefined || point === undefined || (type !== 'cgroup' && type !== 'cgroup2')) return [];
  return [{ version: type === 'cgroup' ? 'v1' : 'v2', root, point, options: options.split(',') }];
}

function pathBelow(root: string, path: string): string | undefined {
  if (root === '/' || path === root) return root === '/' ? path : '/';
  return path.startsWith(`${root}/`) ? path.slice(root.length) : undefined;
}
