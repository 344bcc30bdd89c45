import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cgroupPrefix } from './obtainable.ts';
import { createProbeLauncher, type ProbedPair, type ProbeLauncher } from './testing/probe-launcher.ts';

const isRoot = process.geteuid?.() === 0;
const megabyte = 1024 * 1024;
const newBase = (): string => mkdtempSync(join(tmpdir(), 'reeve-limits-'));
const shell = (command: string): string =>
  `const { status, signal, stdout, stderr } = load('node:child_process').spawnSync('/bin/bash', ['-c', ${JSON.stringify(command)}], { cwd: '/work', encoding: 'utf8' }); return { status, signal, output: (stdout + stderr).trim() }`;

interface ShellEnd {
  readonly status: number | null;
  readonly signal: string | null;
  readonly output: string;
}
const run = async (pair: ProbedPair, command: string): Promise<ShellEnd> =>
  (await pair.probe('sandbox', shell(command))) as ShellEnd;

/** Directories of this launcher's cgroups whose name contains `text`; others may run on the same host. */
async function findCgroups(base: string, text: string): Promise<string[]> {
  const name = `${cgroupPrefix(join(base, 'run'))}*${text}*`;
  const found = execFileSync('/usr/bin/find', ['/sys/fs/cgroup', '-type', 'd', '-name', name], {
    encoding: 'utf8',
  });
  return found.split('\n').filter((line) => line !== '');
}

describe('by cgroups and a file system of its own, where the host has both', () => {
  const base = newBase();
  let probes: ProbeLauncher;
  let level: Awaited<ReturnType<ProbeLauncher['launcher']['level']>>;
  let pair: ProbedPair;

  beforeAll(async () => {
    probes = await createProbeLauncher(base);
    level = await probes.launcher.level();
    pair = await probes.launch('t');
  });
  afterAll(async () => {
    await probes.close();
    await rm(base, { recursive: true });
  });

  it('kills what takes too much memory in many small processes, and goes on', async (context) => {
    if (level.limits.memory !== 'cgroup') context.skip('no memory cgroup can be made here');
    const eater = `python3 -c 'import time; b = b"x" * 100_000_000; time.sleep(3); print("ok")' & `;
    const { output } = await run(pair, `${eater.repeat(10)} wait`);
    const survived = output.split('\n').filter((line) => line === 'ok').length;
    expect(survived, 'of ten times 100 MB within 512').toBeLessThanOrEqual(5);
    expect((await run(pair, 'echo fine')).output).toBe('fine');
  });

  it('bounds what sockets hold beside the memory, on cgroup v1', async (context) => {
    const file = 'memory.kmem.tcp.limit_in_bytes';
    const directory = (await findCgroups(base, `${pair.executor.id}-sandbox`)).find((one) =>
      existsSync(join(one, file)),
    );
    if (directory === undefined) return context.skip('no cgroup v1 that counts what sockets hold');
    const program = `import socket
keep = []
for i in range(300):
    a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); keep.append(a); a.bind(('127.0.0.1', 0))
    a.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 10**8)
    for j in range(300): a.sendto(b'x' * 1300, a.getsockname())
print('sent')`;
    expect((await run(pair, `python3 -c "${program}"`)).output).toBe('sent');
    const most = await readFile(join(directory, 'memory.kmem.tcp.max_usage_in_bytes'), 'utf8');
    expect(Number(most)).toBeGreaterThan(32 * megabyte);
    expect(Number(most)).toBeLessThanOrEqual(64 * megabyte);
  });

  it('kills a loop that takes more memory than a loop needs, which ends the pair as lost', async (context) => {
    if (level.limits.memory !== 'cgroup') context.skip('no memory cgroup can be made here');
    const fooled = await probes.launch('t');
    const asked = fooled.probe('loop', 'const kept = []; for (;;) kept.push(Buffer.alloc(1e7, 1))');
    asked.catch(() => undefined);
    expect(await fooled.executor.ended).toEqual({ kind: 'killed', signal: 'SIGKILL' });
  });

  it('gives a loop no more threads than a loop needs', async (context) => {
    if (level.limits.processes !== 'cgroup') context.skip('no cgroup for processes can be made here');
    const limits = await Promise.all(
      (await findCgroups(base, `${pair.executor.id}-loop`)).map((directory) =>
        readFile(join(directory, 'pids.max'), 'utf8').catch(() => ''),
      ),
    );
    expect(limits.map(Number)).toContain(72);
  });

  it('holds the processes of the sandbox, and no others, from before they start anything', async (context) => {
    if (level.cgroup === 'none') context.skip('no cgroup can be made here');
    const inside = await findCgroups(base, `${pair.executor.id}-sandbox`);
    expect(inside.length).toBeGreaterThan(0);
    const ids = (await readFile(join(inside[0] ?? '', 'cgroup.procs'), 'utf8')).trim().split('\n');
    const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8')));
    expect(lines.some((line) => line.includes('/app/shim.mjs'))).toBe(true);
    expect(lines.some((line) => line.includes('/app/loop.mjs'))).toBe(false);
  });

  it('gives a busy worker less CPU than anyone else, and never more than its part', async (context) => {
    if (level.limits.cpu !== 'cgroup') context.skip('no CPU cgroup can be made here');
    const burn = `python3 -c 'import time; t = time.monotonic(); n = time.process_time()
while time.monotonic() - t < 1: pass
print(time.process_time())'`;
    const { output } = await run(pair, `${burn} & ${burn} & ${burn} & wait`);
    const seconds = output.split('\n').reduce((sum, line) => sum + Number(line), 0);
    expect(seconds, 'of CPU in one second, at 100 percent of one core').toBeLessThan(1.6);
  });

  it('ends scratch at its size, for many files, links and deleted open files alike', async (context) => {
    if (level.limits.scratch !== 'file-system') context.skip('no file system can be mounted here');
    const many = await run(
      pair,
      `exec 2>&1; for i in $(seq 1 40); do head -c 4M /dev/zero > f$i || break; done; du -sm .`,
    );
    expect(many.output).toMatch(/No space left on device/);
    expect(Number.parseInt(many.output.split('\n').at(-1) ?? '', 10)).toBeLessThanOrEqual(64);
    const deleted = await run(
      pair,
      `rm -f f*; exec 3>gone; rm gone; head -c 63M /dev/zero >&3; head -c 9M /dev/zero > g; rm -f g`,
    );
    expect(deleted.output).toMatch(/No space left on device/);
    const inodes = await run(
      pair,
      `for i in $(seq 1 30); do mkdir d$i; (cd d$i; touch $(seq 1 2000)) 2>&1 | head -n 1; done | head -n 1; rm -rf d*`,
    );
    expect(inodes.output).toMatch(/No space left on device/);
    expect((await run(pair, 'ls -A /work; echo x > again; cat again')).output).toBe('x');
  });

  it('leaves no cgroup, mount or loop device behind', async () => {
    const second = await probes.launch('t');
    await second.executor.kill();
    await expect.poll(() => findCgroups(base, `${second.executor.id}-`)).toEqual([]);
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(base);
    await expect.poll(() => readdir(join(base, 'state/scratch'))).not.toContain(second.executor.id);
    if (isRoot)
      await expect.poll(() => loopDevicesOf(`${base}/state/scratch-images/${second.executor.id}`)).toBe('');
  });
});

function loopDevicesOf(file: string): string {
  return execFileSync('/sbin/losetup', ['--all'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(`${file} `) || line.includes(`${file})`))
    .join();
}

describe('without cgroups and images, as on a poorer host', () => {
  const base = newBase();
  let probes: ProbeLauncher;

  beforeAll(async () => {
    probes = await createProbeLauncher(base, { without: ['cgroups', 'scratch-images'] });
  });
  afterAll(async () => {
    await probes.close();
    await rm(base, { recursive: true });
  });

  it('says so', async () => {
    const { cgroup, limits, notes } = await probes.launcher.level();
    expect(cgroup).toBe('none');
    expect(limits).toEqual({ memory: 'process', processes: 'namespace', cpu: 'nice', scratch: 'watched' });
    expect(notes.join('\n')).toMatch(/No memory cgroup.*No CPU cgroup.*Scratch is watched/s);
  });

  it('bounds the memory of each process, and Node still runs', async () => {
    const pair = await probes.launch('t');
    const { output } = await run(
      pair,
      `python3 -c 'bytearray(1_500_000_000)' 2>&1 | tail -n 1; node -p 6*7; nice`,
    );
    expect(output).toBe(`MemoryError\n42\n${Math.min(19, getPriority() + 10)}`);
    await pair.executor.kill();
  });

  it('is not kept from counting by one deleted file that fifty processes have open thousands of times', async () => {
    const pair = await probes.launch('t');
    const program = `import os, resource, time
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
fd = os.open('/work/gone', os.O_CREAT | os.O_RDWR); os.unlink('/work/gone')
try:
    while True: os.dup(fd)
except OSError: os.close(4000)
for child in range(50):
    if os.fork() == 0: time.sleep(60)
with open('/work/big', 'wb') as f:
    for i in range(90): f.write(b'x' * 10**6)
time.sleep(60)`;
    const ran = run(pair, `python3 -c "${program}"`);
    ran.catch(() => undefined);
    expect(await pair.executor.ended).toEqual({ kind: 'killed', signal: 'SIGKILL' });
    expect(pair.executor.logs()).toMatch(
      /scratch (held \d+ bytes, more than its limit|could not be watched)/,
    );
  });

  it.each([
    ['many files', 'for i in $(seq 1 9); do head -c 10M /dev/zero > f$i; done; sleep 60'],
    [
      'a hidden directory',
      'mkdir d; for i in $(seq 1 9); do head -c 10M /dev/zero > d/f$i; done; chmod 000 d; sleep 60',
    ],
    [
      'deleted open files',
      'for i in 3 4 5; do eval "exec $i>gone"; rm gone; head -c 30M /dev/zero >&$i; done; sleep 60',
    ],
  ])('ends an executor whose scratch holds too much: %s', async (_name, command) => {
    const pair = await probes.launch('t');
    const ran = run(pair, command);
    ran.catch(() => undefined);
    expect(await pair.executor.ended).toEqual({ kind: 'killed', signal: 'SIGKILL' });
    const held = Number(/scratch held (\d+) bytes, more than its limit/.exec(pair.executor.logs())?.[1]);
    expect(held).toBeGreaterThan(64 * megabyte);
  });
});
