import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, statSync } from 'node:fs';
import { chmod, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countLeft, findProcesses, listProcesses } from './testing/host-processes.ts';
import {
  createProbeLauncher,
  type ProbedPair,
  type ProbeLauncher,
  testLimits,
} from './testing/probe-launcher.ts';

const isRoot = process.geteuid?.() === 0;
const appRoot = resolve(import.meta.dirname, '../..');
const child = resolve(import.meta.dirname, 'testing/launch-and-wait.ts');
const newBase = (): string => mkdtempSync(join(tmpdir(), 'reeve-launcher-'));

/** Starts a process nobody waits for, in a session of its own, marked by `marker`; its shell is gone at once. */
const startDaemon = (marker: string): string =>
  `load('node:child_process').spawn('/usr/bin/setsid', ['/bin/sh', '-c', 'while :; do sleep 1; done # ${marker}'], { detached: true, stdio: 'ignore' }).unref(); return 1`;

describe('a pair', () => {
  const base = newBase();
  let probes: ProbeLauncher;
  let pair: ProbedPair;

  beforeAll(async () => {
    probes = await createProbeLauncher(base);
    pair = await probes.launch('the-ticket-4711');
  });
  afterAll(async () => {
    await probes.close();
    await rm(base, { recursive: true });
  });

  it('gets ticket and limits on stdin, and nobody can read the ticket off an argument or a variable', async () => {
    expect(pair.firstLine).toEqual({ ticket: 'the-ticket-4711', limits: testLimits });
    const all = await listProcesses();
    expect(all.length).toBeGreaterThan(3);
    const betrayed = all.filter((one) => `${one.commandLine}${one.environment}`.includes('the-ticket-4711'));
    expect(betrayed).toEqual([]);
  });

  it.each([
    ['loop', ['app', 'bin', 'dev', 'etc', 'home', 'lib', 'opt', 'proc', 'run', 'tmp', 'usr']],
    ['sandbox', ['app', 'bin', 'dev', 'etc', 'home', 'lib', 'opt', 'proc', 'run', 'tmp', 'usr', 'work']],
  ] as const)('%s sees no more of the host than it needs', async (where, expected) => {
    const names = (await pair.probe(where, `return load('node:fs').readdirSync('/')`)) as string[];
    const fixed = names.filter((name) => !/^(sbin|lib32|lib64|libx32)$/.test(name));
    expect(fixed.sort()).toEqual([...expected]);
  });

  it('shows the sandbox neither the doors nor the code beyond its shim', async () => {
    const list = (path: string): Promise<unknown> =>
      pair.probe('sandbox', `return load('node:fs').readdirSync('${path}')`);
    expect(await list('/run/reeve')).toEqual(['pair', 'cache'].sort());
    expect(await list('/app')).toEqual(['node_modules', 'package.json', 'shim.mjs']);
    expect(await list('/app/node_modules')).toEqual([]);
    expect(await list('/home')).toEqual(['worker']);
    await expect(list('/root')).rejects.toThrow('ENOENT');
    await expect(pair.probe('sandbox', `return load('node:fs').readFileSync('/etc/shadow')`)).rejects.toThrow(
      'ENOENT',
    );
  });

  it.each(['loop', 'sandbox'] as const)('%s inherits no variable of ours', async (where) => {
    const names = (await pair.probe(where, 'return Object.keys(process.env)')) as string[];
    const known = [
      'HOME',
      'LANG',
      'NODE_COMPILE_CACHE',
      'PATH',
      'PWD',
      'SHELL',
      'SHLVL',
      'TERM',
      'TMPDIR',
      'USER',
    ];
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
  });

  it.each(['loop', 'sandbox'] as const)('%s has no network but its own loopback', async (where) => {
    const interfaces = `return Object.keys(load('node:os').networkInterfaces())`;
    expect(await pair.probe(where, interfaces)).toEqual(['lo']);
    const connect = `return await new Promise((resolve) => load('node:net').connect(53, '1.1.1.1').on('error', (e) => resolve(e.code)).on('connect', () => resolve('connected')))`;
    expect(await pair.probe(where, connect)).toBe('ENETUNREACH');
  });

  it.each(['loop', 'sandbox'] as const)(
    '%s is its own PID namespace, without capabilities or new namespaces',
    async (where) => {
      const status = (await pair.probe(
        where,
        `return load('node:fs').readFileSync('/proc/self/status', 'utf8')`,
      )) as string;
      expect(status).toMatch(/^CapEff:\s0+$/m);
      expect(status).toMatch(/^CapBnd:\s0+$/m);
      expect(status).toMatch(/^NoNewPrivs:\s1$/m);
      const others = `return load('node:fs').readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length`;
      expect(await pair.probe(where, others)).toBeLessThanOrEqual(3);
      const unshare = `return load('node:child_process').spawnSync('/usr/bin/unshare', ['--user', 'true']).status`;
      expect(await pair.probe(where, unshare)).toBe(1);
    },
  );

  it('lets the sandbox write only to scratch and to bounded memory', async () => {
    const write = (path: string): Promise<unknown> =>
      pair.probe('sandbox', `load('node:fs').writeFileSync('${path}', 'x'); return 'written'`);
    for (const path of ['/work/a', '/tmp/a', '/home/worker/a', '/dev/shm/a'])
      expect(await write(path)).toBe('written');
    for (const path of [
      '/a',
      '/dev/a',
      '/etc/a',
      '/app/a',
      '/usr/a',
      '/run/reeve/pair/a',
      '/run/reeve/cache/a',
    ]) {
      await expect(write(path), path).rejects.toThrow(/EROFS|EACCES/);
    }
  });

  it('bounds processes and the size of a file', async () => {
    const large = `return load('node:child_process').spawnSync('/usr/bin/truncate', ['-s', '65M', '/work/large']).signal`;
    expect(await pair.probe('sandbox', large)).toBe('SIGXFSZ');
    const many = `const { spawn } = load('node:child_process'); const all = [];
      for (let i = 0; i < 200; i++) all.push(await new Promise((resolve) => { const c = spawn('/usr/bin/sleep', ['30']); c.on('error', (e) => resolve(e.code)).on('spawn', () => resolve(c)); }));
      const failed = all.filter((one) => one === 'EAGAIN').length; all.forEach((one) => one.kill?.('SIGKILL')); return failed`;
    expect(await pair.probe('sandbox', many)).toBeGreaterThan(80);
  });

  it('gives loop and sandbox host ids of their own, unlike those of other pairs', async ({ skip }) => {
    skip(!isRoot, 'needs root');
    const second = await probes.launch('another');
    const owner = async (one: ProbedPair): Promise<number> => {
      const marker = `marker-owner-${one.executor.id}`;
      await one.probe('sandbox', startDaemon(marker));
      const isDaemon = ({ commandLine }: { commandLine: string }): boolean =>
        commandLine.startsWith('/bin/sh ');
      await expect.poll(async () => (await findProcesses(marker)).filter(isDaemon)).toHaveLength(1);
      const daemon = (await findProcesses(marker)).find(isDaemon);
      return (await stat(`/proc/${daemon?.id}`)).uid;
    };
    const ids = [await owner(pair), await owner(second)];
    for (const one of [pair, second]) ids.push((await stat(join(base, 'run/pairs', one.executor.id))).uid);
    expect(new Set(ids).size).toBe(4);
    expect(Math.min(...ids)).toBeGreaterThanOrEqual(200_000);
    await second.executor.kill();
  });

  it('reports what it really gives', async () => {
    const level = await probes.launcher.level();
    expect(level).toMatchObject({ launcher: 'bwrap', separateUids: isRoot, seccomp: true });
    expect(level.namespaces).toEqual(['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup']);
  });
});

describe('the end of a pair', () => {
  const base = newBase();
  let probes: ProbeLauncher;

  beforeAll(async () => {
    probes = await createProbeLauncher(base);
  });
  afterAll(async () => {
    await probes.close();
    await rm(base, { recursive: true });
  });

  it('kill() ends the whole tree and removes its directories', async () => {
    const pair = await probes.launch('t');
    await pair.probe('sandbox', startDaemon('marker-kill'));
    await expect.poll(() => findProcesses('marker-kill')).not.toEqual([]);
    await pair.executor.kill();
    expect(await findProcesses('marker-kill')).toEqual([]);
    expect(await pair.executor.ended).toEqual({ kind: 'killed', signal: 'SIGKILL' });
    expect(await findProcesses(`${base}/run/pairs/${pair.executor.id} /mnt`)).toEqual([]);
    await expect.poll(() => readdir(join(base, 'state/scratch'))).not.toContain(pair.executor.id);
  });

  it('kill() ends a pair that is stopped', async () => {
    const pair = await probes.launch('t');
    for (const { id } of await findProcesses(`${base}/run/pairs/${pair.executor.id} /mnt`))
      process.kill(id, 'SIGSTOP');
    await pair.executor.kill();
  });

  it('reports the exit code of the loop, and the sandbox goes with it', async () => {
    const pair = await probes.launch('t');
    await pair.probe('sandbox', startDaemon('marker-loop'));
    pair
      .probe('loop', `process.stderr.write('last words\\u001b[31m'); process.exit(7)`)
      .catch(() => undefined);
    expect(await pair.executor.ended).toEqual({ kind: 'exited', code: 7 });
    expect(await findProcesses('marker-loop')).toEqual([]);
    expect(pair.executor.logs()).toContain('last words\\u{1b}[31m');
  });

  it('ends the loop when the sandbox ends, whether it wants to or not', async () => {
    const pair = await probes.launch('t');
    await pair.probe('loop', `setInterval(() => undefined, 1000); return 1`);
    pair.probe('sandbox', `process.exit(0)`).catch(() => undefined);
    expect(await pair.executor.ended).toEqual({ kind: 'killed', signal: 'SIGKILL' });
    expect(await findProcesses(`${base}/run/pairs/${pair.executor.id} /mnt`)).toEqual([]);
  });

  it('keeps no more than the last 64 KiB of what a pair says', async () => {
    const pair = await probes.launch('t');
    await pair.probe(
      'sandbox',
      `load('node:fs').writeSync(2, 'a'.repeat(60000)); await new Promise((r) => setTimeout(r, 50)); load('node:fs').writeSync(2, 'b'.repeat(60000) + 'end')`,
    );
    await expect.poll(() => pair.executor.logs()).toMatch(/b{60000}end$/);
    expect(pair.executor.logs().length).toBe(64 * 1024);
    await pair.executor.kill();
  });

  it('removes a scratch that was made to stay', async () => {
    const own = newBase();
    const plain = await createProbeLauncher(own, { without: ['scratch-images'] });
    const pair = await plain.launch('t');
    const script = `mkdir -p locked/in && touch locked/in/f && chmod 000 locked; ln -s /usr link; for i in $(seq 1 60); do mkdir -p ${'d'.repeat(200)} && cd ${'d'.repeat(200)}; done; touch $'\\xff\\n'`;
    await pair.probe(
      'sandbox',
      `return load('node:child_process').spawnSync('/bin/bash', ['-c', ${JSON.stringify(script)}], { cwd: '/work' }).status`,
    );
    await pair.executor.kill();
    await expect.poll(() => readdir(join(own, 'state/scratch'))).not.toContain(pair.executor.id);
    await plain.close();
    await rm(own, { recursive: true });
  });

  it('rejects and leaves nothing when the launch is aborted or cannot succeed', async () => {
    const request = { ticket: 't', limits: testLimits };
    await expect(probes.launcher.launch(request, AbortSignal.abort(new Error('no more')))).rejects.toThrow(
      'no more',
    );
    const abort = new AbortController();
    const launching = probes.launcher.launch(request, abort.signal);
    abort.abort(new Error('changed my mind'));
    await expect(launching).rejects.toThrow('changed my mind');
    const lost = newBase();
    const broken = await createProbeLauncher(lost, { packages: '/no-such-directory' });
    const launched = broken.launcher.launch(request).then(async (executor) => {
      // An ordinary user's one bwrap has reported before it mounts.
      await executor.ended;
      throw new Error(executor.logs());
    });
    await expect(launched).rejects.toThrow(/no-such-directory/);
    expect(await findProcesses(lost)).toEqual([]);
    await broken.close();
    await rm(lost, { recursive: true });
  });

  it('leaves nothing at whatever moment of its start a pair is killed', async () => {
    for (let attempt = 0; attempt < 40; attempt += 1) {
      const abort = new AbortController();
      const launching = probes.launcher.launch({ ticket: 't', limits: testLimits }, abort.signal);
      launching.then((executor) => executor.kill()).catch(() => undefined);
      // Most of them right after the processes were made, when bwrap is most easily orphaned.
      await sleep(attempt < 20 ? 0 : attempt / 3);
      abort.abort();
      await launching.catch(() => undefined);
    }
    expect(await countLeft(`${base}/run/pairs/pair-`, 1000)).toBe(0);
  });

  it('says what is missing when there is no bubblewrap', async () => {
    const lost = newBase();
    const without = await createProbeLauncher(lost, { binaries: { bwrap: '/no/bwrap' } });
    const level = await without.launcher.level();
    expect(level.namespaces).toEqual([]);
    expect(level.notes.join(' ')).toMatch(/apt-get install bubblewrap/);
    await without.close();
    await rm(lost, { recursive: true });
  });

  it('removes what a killed launcher left', async () => {
    const left = newBase();
    const orphan = spawn('/usr/bin/bwrap', [
      '--bind',
      '/',
      '/',
      '--setenv',
      'X',
      join(left, 'state/scratch/pair-9'),
      'sleep',
      '60',
    ]);
    const orphanEnded = once(orphan, 'exit');
    await mkdir(join(left, 'state/scratch/pair-9'), { recursive: true });
    await writeFile(join(left, 'state/scratch/pair-9/f'), '');
    const next = await createProbeLauncher(left);
    await next.launcher.level();
    expect(await readdir(join(left, 'state/scratch'))).not.toContain('pair-9');
    expect(await orphanEnded).toEqual([null, 'SIGKILL']);
    await next.close();
    await rm(left, { recursive: true });
  });

  it('leaves nothing that still makes files, at whatever moment it is closed', async () => {
    for (const afterMs of [0, 2, 5, 10, 20, 40, 80]) {
      const left = newBase();
      const { launcher } = await createProbeLauncher(left);
      const level = launcher.level().catch(() => null);
      const launched = launcher.launch({ ticket: 'a-ticket', limits: testLimits }).catch(() => null);
      await sleep(afterMs);
      await launcher.close();
      const files = await readdir(left, { recursive: true });
      await sleep(50);
      expect(await readdir(left, { recursive: true })).toEqual(files);
      await Promise.all([level, launched]);
      await rm(left, { recursive: true });
    }
  });
});

/** Runs a launching process as `user`; resolves with what it printed, while it lives. */
async function startChild(base: string, user: number | undefined, ...codes: string[]) {
  const drop = ['--reuid', `${user}`, '--regid', `${user}`, '--clear-groups', '--'];
  const [file, ...args] = [
    ...(user === undefined ? [] : ['/usr/bin/setpriv', ...drop]),
    process.execPath,
    child,
  ];
  // The descriptor at the end is one that the launcher is left with.
  const running = spawn(file ?? '', [...args, base, ...codes], {
    stdio: ['ignore', 'pipe', 'inherit', 'ignore', 'ignore', 'ignore', 'pipe'],
  });
  const [line]: string[] = await once(
    createInterface({ input: running.stdout ?? Readable.from([]) }),
    'line',
  );
  return {
    running,
    report: JSON.parse(line ?? '') as { values: unknown[]; level: { separateUids: boolean } },
  };
}

describe('a process that launches', () => {
  it('takes everything with it when it is killed, even a sandbox that hangs', async () => {
    const base = newBase();
    const hang = `setTimeout(() => process.kill(process.pid, 'SIGSTOP'), 200); return 1`;
    const { running } = await startChild(base, undefined, startDaemon('marker-parent'), hang);
    // By then the walls of the next pair stand, too; a bwrap killed while it builds some is the next launcher's to end.
    await sleep(1500);
    expect(await findProcesses('marker-parent')).not.toEqual([]);
    expect(await findProcesses(`${base}/run`)).not.toEqual([]);
    running.kill('SIGKILL');
    expect(await countLeft('marker-parent', 1000)).toBe(0);
    expect(await countLeft(`${base}/run`, 1000)).toBe(0);
    await rm(base, { recursive: true });
  });

  it('works as an ordinary user too, who may enter the clone', async ({ skip }) => {
    skip(!isRoot || !openToAll(appRoot), 'needs root, and a clone in a directory that others may enter');
    const base = newBase();
    await chmod(base, 0o777);
    const { running, report } = await startChild(
      base,
      65_534,
      `load('node:fs').writeFileSync('/work/f', ''); return process.getuid()`,
      `return String(load('node:child_process').execFileSync('/bin/ls', ['/proc/self/fd'])).split('\\n')`,
      startDaemon('marker-user'),
    );
    expect(report.values[0]).toBe(1000);
    expect(report.values[1], 'the last is of ls itself').toEqual(['0', '1', '2', '3', '']);
    expect(report.level).toMatchObject({
      separateUids: false,
      namespaces: expect.arrayContaining(['pid', 'net', 'user']),
    });
    running.kill('SIGKILL');
    expect(await countLeft('marker-user', 1000)).toBe(0);
    await sleep(50);
    await rm(base, { recursive: true });
  });
});

/** Whether every directory down to `path` lets anyone pass. */
function openToAll(path: string): boolean {
  for (let at = path; at !== '/'; at = resolve(at, '..')) {
    if ((statSync(at).mode & 0o001) === 0) return false;
  }
  return true;
}
