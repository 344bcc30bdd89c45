import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type CgroupBase, findBase } from './cgroups/bases.ts';
import { type Cgroups, createCgroups } from './cgroups/cgroups.ts';
import { type Controller, findCgroupPlaces } from './cgroups/places.ts';
import { addPrelude } from './prelude.ts';
import { removeTree } from './remove-tree.ts';
import { makeScratchImage } from './scratch-image.ts';

/** The limits that this host lets us set, each tried once. */
export interface Obtainable {
  readonly cgroups: Cgroups;
  readonly cgroupVersion: 'v2' | 'v1' | 'none';
  readonly controllers: readonly Controller[];
  readonly scratchImages: boolean;
  /** Why something is not to be had; for the operator. */
  readonly reasons: readonly string[];
}

export interface ObtainableOptions {
  readonly asRoot: boolean;
  readonly stateDir: string;
  /** Names the cgroups: two launchers never share one. */
  readonly runtimeDir: string;
  readonly without: readonly string[];
}

const execute = promisify(execFile);
const trialBytes = 16 * 1024 * 1024;
const trialLimits = { memoryBytes: trialBytes, processes: 1, cpuPercent: 100, cpuShare: 0.1 };

/** Tries what this host offers. Never fails for want of it: what is not to be had is a reason in the answer. */
export async function findObtainable(options: ObtainableOptions): Promise<Obtainable> {
  const reasons: string[] = [];
  const prefix = cgroupPrefix(options.runtimeDir);
  const bases = options.without.includes('cgroups') ? [] : await findBases(prefix, reasons);
  const versions = new Set(bases.map(({ version }) => version));
  return {
    cgroups: createCgroups(bases, prefix),
    cgroupVersion: versions.has('v2') ? 'v2' : versions.has('v1') ? 'v1' : 'none',
    controllers: bases.flatMap(({ controllers }) => controllers),
    scratchImages: !options.without.includes('scratch-images') && (await canMountImages(options, reasons)),
    reasons,
  };
}

/** How the names of a launcher's cgroups begin: two launchers never share one. */
export function cgroupPrefix(runtimeDir: string): string {
  return `reeve-${createHash('sha256').update(runtimeDir).digest('hex').slice(0, 12)}-`;
}

/** Bases in which a cgroup could be made and limited just now; each controller at most once. */
async function findBases(prefix: string, reasons: string[]): Promise<readonly CgroupBase[]> {
  const places = findCgroupPlaces(
    await readFile('/proc/self/cgroup', 'utf8'),
    await readFile('/proc/self/mountinfo', 'utf8'),
  );
  const usable: CgroupBase[] = [];
  for (const place of places) {
    try {
      const base = await findBase(place);
      if (base === undefined) continue;
      const trial = await createCgroups([base], prefix).open('trial', trialLimits);
      await trial.remove();
      usable.push(base);
    } catch (error) {
      reasons.push(`cgroups at ${place.directory}: ${describe(error)}`);
    }
  }
  return usable;
}

/** Mounts one for a moment: kernels without loop devices and containers without the right to mount are common. */
async function canMountImages({ asRoot, stateDir }: ObtainableOptions, reasons: string[]): Promise<boolean> {
  if (!asRoot) return false;
  const directory = join(stateDir, 'scratch-trial');
  const image = { file: join(directory, 'image'), directory: join(directory, 'mounted') };
  try {
    await mkdir(image.directory, { recursive: true, mode: 0o700 });
    await makeScratchImage(image.file, trialBytes, 0);
    const unshare = '/usr/bin/unshare';
    const [file = '', ...args] = addPrelude(['/bin/true'], { close: [], joinFiles: [], image, unshare });
    await execute(file, args, { env: {} });
    return true;
  } catch (error) {
    reasons.push(`scratch as a file system of its own: ${describe(error)}`);
    return false;
  } finally {
    await removeTree(directory);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message.trim().replaceAll('\n', '; ') : String(error);
}
