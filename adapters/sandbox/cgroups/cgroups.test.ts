import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findBase } from './bases.ts';
import { createCgroups } from './cgroups.ts';
import { findCgroupPlaces } from './places.ts';

describe('places', () => {
  it('are found on v1, each controller in its hierarchy, at our own place', () => {
    const self = '8:pids:/\n4:memory:/service/a\n2:cpu,cpuacct:/b\n1:name=systemd:/\n0::/\n';
    const mounts = [
      '30 20 0:27 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids',
      '31 20 0:28 /service /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
      '32 20 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
      '33 20 0:30 / /proc rw - proc proc rw',
    ].join('\n');
    expect(
      findCgroupPlaces(self, mounts).map(({ controllers, directory }) => [controllers, directory]),
    ).toEqual([
      [['pids'], '/sys/fs/cgroup/pids/'],
      [['memory'], '/sys/fs/cgroup/memory/a'],
      [['cpu'], '/sys/fs/cgroup/cpu,cpuacct/b'],
    ]);
  });

  it('are found on v2', () => {
    const [place] = findCgroupPlaces(
      '0::/user.slice/session-3.scope\n',
      '24 23 0:21 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate',
    );
    expect(place).toMatchObject({ version: 'v2', directory: '/sys/fs/cgroup/user.slice/session-3.scope' });
  });

  it('are none where nothing is mounted, or another part', () => {
    expect(findCgroupPlaces('4:memory:/a\n0::/\n', '')).toEqual([]);
    const elsewhere = '31 20 0:28 /other /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory';
    expect(findCgroupPlaces('4:memory:/a\n', elsewhere)).toEqual([]);
  });
});

describe('with files that stand for the kernel', () => {
  let top: string;
  const prefix = 'reeve-0123456789ab-';
  const limits = { memoryBytes: 1000, processes: 7, cpuPercent: 150, cpuShare: 0.1 };
  const control = (directory: string, name: string, text: string): Promise<void> =>
    writeFile(join(directory, `cgroup.${name}`), text);

  beforeEach(async () => {
    top = await mkdtemp(join(tmpdir(), 'reeve-cgroup-'));
  });
  afterEach(() => rm(top, { recursive: true }));

  it('a v2 place uses its parent, when that hands controllers on', async () => {
    const directory = join(top, 'app.slice/terminal.scope');
    await mkdir(directory, { recursive: true });
    await control(join(top, 'app.slice'), 'subtree_control', 'memory pids\n');
    const place = { version: 'v2', controllers: [], mountPoint: top, directory } as const;
    expect(await findBase(place)).toEqual({
      version: 'v2',
      controllers: ['memory', 'pids'],
      directory: join(top, 'app.slice'),
    });
    await control(join(top, 'app.slice'), 'subtree_control', '\n');
    expect(await findBase(place)).toBeUndefined();
  });

  it('at the top of a container all move to a leaf, and what is offered is handed on', async () => {
    await control(top, 'controllers', 'cpuset cpu io memory pids\n');
    await control(top, 'procs', '1\n17\n');
    const place = { version: 'v2', controllers: [], mountPoint: top, directory: top } as const;
    expect(await findBase(place)).toEqual({
      version: 'v2',
      controllers: ['memory', 'pids', 'cpu'],
      directory: top,
    });
    expect(await readFile(join(top, 'reeve-self/cgroup.procs'), 'utf8')).toBe('17');
    expect(await readFile(join(top, 'cgroup.subtree_control'), 'utf8')).toBe('+memory +pids +cpu');
    const inLeaf = { ...place, directory: join(top, 'reeve-self') };
    await control(top, 'subtree_control', 'cpu memory pids');
    expect(await findBase(inLeaf)).toMatchObject({ directory: top });
  });

  it.each([
    [
      'v2',
      {
        'memory.max': '1000',
        'memory.swap.max': '0',
        'pids.max': '7',
        'cpu.max': '150000 100000',
        'cpu.weight': '10',
      },
    ],
    [
      'v1',
      {
        'memory.limit_in_bytes': '1000',
        'memory.memsw.limit_in_bytes': '1000',
        'memory.kmem.tcp.limit_in_bytes': '125',
        'pids.max': '7',
        'cpu.shares': '102',
        'cpu.cfs_period_us': '100000',
        'cpu.cfs_quota_us': '150000',
      },
    ],
  ] as const)('%s gets its limits', async (version, files) => {
    const directory = join(top, `${prefix}pair-1`);
    await mkdir(directory);
    for (const name of Object.keys(files)) await writeFile(join(directory, name), '');
    const cgroups = createCgroups(
      [{ version, controllers: ['memory', 'pids', 'cpu'], directory: top }],
      prefix,
    );
    const { joinFiles } = await cgroups.open('pair-1', limits);
    expect(joinFiles).toEqual([join(directory, 'cgroup.procs')]);
    for (const [name, value] of Object.entries(files))
      expect(await readFile(join(directory, name), 'utf8'), name).toBe(value);
  });

  it('a limit that the kernel does not take is an error, and nothing is left', async () => {
    const cgroups = createCgroups([{ version: 'v2', controllers: ['pids'], directory: top }], prefix);
    await expect(cgroups.open('pair-1', limits)).rejects.toThrow('pids.max');
    expect(await readdir(top)).toEqual([]);
  });

  it('a sweep removes what it or others left, but not what somebody is about to enter', async () => {
    const names = [`${prefix}a`, 'reeve-ffffffffffff-old', 'reeve-ffffffffffff-new', 'somebody-else'];
    for (const name of names) await mkdir(join(top, name));
    for (const name of [names[1], names[3]]) await utimes(join(top, name ?? ''), 0, 0);
    await createCgroups([{ version: 'v2', controllers: ['pids'], directory: top }], prefix).sweep();
    expect(await readdir(top)).toEqual(['reeve-ffffffffffff-new', 'somebody-else']);
  });
});
