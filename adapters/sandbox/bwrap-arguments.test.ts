import { expect, it } from 'vitest';
import { buildCommandLine, type Containment, type HostPlace } from './bwrap-arguments.ts';

const binaries = { bwrap: 'bwrap', setpriv: 'setpriv', prlimit: 'prlimit', unshare: 'unshare' };
const place: HostPlace = { ids: undefined, joinFiles: [], controllers: ['memory', 'pids', 'cpu'] };
const containment: Containment = {
  system: [
    { kind: 'mount', path: '/usr' },
    { kind: 'link', path: '/bin', to: 'usr/bin' },
  ],
  mounts: [
    { source: '/home/me/clone/code', target: '/app', writable: false },
    { source: '/home/me/scratch', target: '/work', writable: true },
  ],
  inherited: [],
  seccomp: undefined,
  directory: '/work',
  limits: { memoryBytes: 1024 ** 3, scratchBytes: 1000, processes: 10, cpuPercent: 100 },
  command: ['node', 'main.ts'],
};

it('is one bwrap for an ordinary user', () => {
  const line = buildCommandLine(containment, binaries, place).argv.join(' ');
  expect(line).toMatch(
    /^bwrap --unshare-all --unshare-user --disable-userns --die-with-parent --new-session /,
  );
  expect(line).toContain('--ro-bind /usr /usr --symlink usr/bin /bin');
  expect(line).toContain('--ro-bind /home/me/clone/code /app --bind /home/me/scratch /work');
  expect(line).toMatch(
    / -- prlimit --core=0:0 --nofile=1024:4096 --nproc=42:42 --fsize=1000:1000 -- node main\.ts$/,
  );
  expect(line).not.toContain('setpriv');
});

it('mounts as root, drops to the given ids for good, then builds the same walls', () => {
  const line = buildCommandLine(containment, binaries, { ...place, ids: { uid: 200_001 } }).argv.join(' ');
  const [outer = '', privileges = '', inner = ''] = line.split(' -- ');
  expect(outer).toMatch(/^bwrap --unshare-pid --die-with-parent /);
  expect(outer).toContain('--ro-bind /home/me/clone/code /mnt/0 --bind /home/me/scratch /mnt/1');
  expect(privileges).toBe(
    'setpriv --reuid 200001 --regid 200001 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all',
  );
  expect(inner).toContain('--ro-bind /mnt/0 /app --bind /mnt/1 /work');
  expect(inner).not.toContain('/home/me');
});

it('keeps the group of the doors only for those who have one', () => {
  expect(
    buildCommandLine(containment, binaries, { ...place, ids: { uid: 7, group: 6 } }).argv.join(' '),
  ).toContain('--groups 6 ');
});

it('closes what our starter left open, but not the descriptors of its reports', () => {
  const { argv } = buildCommandLine({ ...containment, inherited: [4, 9, 251] }, binaries, {
    ...place,
    ids: { uid: 7 },
  });
  expect(argv.slice(0, 5)).toEqual(['/bin/bash', '-ec', 'exec 9>&- 251>&-; exec "$@"', 'sh', 'bwrap']);
});

it('hands the filter of system calls to the innermost bwrap, behind the reports, and keeps it open until there', () => {
  const filtered = { ...containment, seccomp: Buffer.alloc(8), inherited: [4, 5, 6] };
  const asUser = buildCommandLine(filtered, binaries, place).argv;
  expect(asUser.join(' ')).toContain('exec 5>&- 6>&-; exec');
  expect(asUser.join(' ')).toContain('--info-fd 3 --seccomp 4');
  const asRoot = buildCommandLine(filtered, binaries, { ...place, ids: { uid: 7 } }).argv;
  expect(asRoot.join(' ')).toContain('exec 6>&-; exec');
  expect(asRoot.join(' ')).toContain('--info-fd 4 --seccomp 5');
});

it('enters its cgroups before it starts anything, and mounts its scratch where nobody else sees it', () => {
  const image = { file: '/state/image', directory: '/state/scratch' };
  const joinFiles = ['/cgroup/memory/procs', '/cgroup/pids/procs'];
  const { argv } = buildCommandLine(containment, binaries, { ...place, joinFiles, image });
  expect(argv.slice(0, 6)).toEqual(['unshare', '--mount', '--propagation', 'private', '--', '/bin/sh']);
  expect(argv[7]).toMatch(
    /^echo \$\$ >"\$1"; shift; echo \$\$ >"\$1"; shift; \/bin\/mount .* "\$1" "\$2"; .*; exec "\$@"$/,
  );
  expect(argv.slice(8, 14)).toEqual(['sh', ...joinFiles, image.file, image.directory, 'bwrap']);
});

it('falls back on what a process can be limited to where cgroups limit nothing', () => {
  const line = buildCommandLine(containment, binaries, { ...place, controllers: [] }).argv.join(' ');
  expect(line).toContain(' -- /usr/bin/nice -n 10 prlimit ');
  expect(line).toContain(`--data=${1664 * 1024 ** 2}:${1664 * 1024 ** 2} -- node`);
});
