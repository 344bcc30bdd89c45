import { expect, it } from 'vitest';
import { buildCommandLine, type Containment } from './bwrap-arguments.ts';

const binaries = { bwrap: 'bwrap', setpriv: 'setpriv', prlimit: 'prlimit' };
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
  directory: '/work',
  limits: { memoryBytes: 1024 ** 3, scratchBytes: 1000, processes: 10, cpuPercent: 100 },
  command: ['node', 'main.ts'],
};

it('is one bwrap for an ordinary user', () => {
  const line = buildCommandLine(containment, binaries, undefined).argv.join(' ');
  expect(line).toMatch(
    /^bwrap --unshare-all --unshare-user --disable-userns --die-with-parent --new-session /,
  );
  expect(line).toContain('--ro-bind /usr /usr --symlink usr/bin /bin');
  expect(line).toContain('--ro-bind /home/me/clone/code /app --bind /home/me/scratch /work');
  expect(line).toMatch(/ -- prlimit --core=0:0 --nproc=42:42 --fsize=1000:1000 -- node main\.ts$/);
  expect(line).not.toContain('setpriv');
});

it('mounts as root, drops to the given ids for good, then builds the same walls', () => {
  const line = buildCommandLine(containment, binaries, { uid: 200_001 }).argv.join(' ');
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
  expect(buildCommandLine(containment, binaries, { uid: 7, group: 6 }).argv.join(' ')).toContain(
    '--groups 6 ',
  );
});

it('closes what our starter left open, but not the descriptors of its reports', () => {
  const { argv } = buildCommandLine({ ...containment, inherited: [4, 9, 251] }, binaries, { uid: 7 });
  expect(argv.slice(0, 5)).toEqual(['/bin/bash', '-c', 'exec 9>&- 251>&-; exec "$@"', 'bash', 'bwrap']);
});
