import { execFile, spawnSync } from 'node:child_process';
import { access, chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  eventually,
  makeEmptyHome,
  runReeve,
  say,
  startReeve,
  type TestHome,
} from '../testing/reeve-process.ts';

const execute = promisify(execFile);
const MAIN = path.join(import.meta.dirname, '..', 'main.ts');
const NOBODY = ['/usr/bin/setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
/** As root, and where other users can read the clone. */
const canBeNobody =
  process.geteuid?.() === 0 &&
  spawnSync('/usr/bin/setpriv', [...NOBODY.slice(1), '/usr/bin/test', '-r', MAIN]).status === 0;

interface Report {
  readonly ok: boolean;
  readonly findings: readonly { readonly id: string; readonly state: string; readonly observed: string }[];
}

/** Runs `reeve` behind another program, such as one that changes the user. */
async function runBehind(program: readonly string[], home: TestHome, args: readonly string[]) {
  const [file = '', ...rest] = program;
  const run = execute(file, [...rest, process.execPath, MAIN, ...args], { env: home.environment() });
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

describe('a home that cannot be used', () => {
  it('is a finding of doctor --json, like any other', async () => {
    await using home = await makeEmptyHome();
    const file = path.join(home.path, 'file');
    await writeFile(file, '');
    const { code, stdout, stderr } = await runReeve(home, ['doctor', '--json'], { REEVE_HOME: file });
    expect(stderr).toBe('');
    expect(code).toBe(1);
    const report = JSON.parse(stdout) as Report;
    expect(report.ok).toBe(false);
    expect(report.findings.find(({ id }) => id === 'home')).toMatchObject({
      state: 'failed',
      observed: expect.stringContaining('a part of its path is a file'),
    });
    expect(report.findings.map(({ id }) => id)).toContain('sandbox-runs');
  });

  it('so are settings that cannot be read', async () => {
    await using home = await makeEmptyHome();
    const { code, stdout } = await runReeve(home, ['doctor', '--json'], { REEVE_PORT: 'abc' });
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as Report).findings[0]).toMatchObject({
      id: 'settings',
      state: 'failed',
      observed: expect.stringContaining('REEVE_PORT is “abc”'),
    });
  });

  it('on a read-only file system, is said to be there, even when it is yet to be made', async () => {
    await using home = await makeEmptyHome();
    const readOnly = ['/usr/bin/bwrap', '--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--'];
    for (const folder of [home.path, path.join(home.path, 'new', 'home')]) {
      const program = [...readOnly, '/usr/bin/env', `REEVE_HOME=${folder}`];
      const { code, stderr } = await runBehind(program, home, ['up']);
      expect(code).toBe(1);
      expect(stderr).toContain(`The home ${folder} cannot be used: it is on a read-only file system.`);
    }
  });

  it('where no folder can be made is said to be such, and the start ends', async () => {
    await using home = await makeEmptyHome();
    for (const folder of ['/proc/reeve', '/proc/reeve/home']) {
      const { code, stderr } = await runReeve(home, ['up'], { REEVE_HOME: folder });
      expect(code).toBe(1);
      expect(stderr).toContain(`The home ${folder} cannot be used: no folder can be made there.`);
    }
  });

  it('of another user is called that', async ({ skip }) => {
    skip(!canBeNobody, 'needs root, and a clone in a directory that others may enter');
    await using home = await makeEmptyHome();
    await chmod(home.path, 0o700);
    const { stderr } = await runBehind(NOBODY, home, ['config', 'print']);
    expect(stderr).toContain(
      `${home.path} belongs to another user. Nothing was started.\nSet REEVE_HOME to a folder of yours.`,
    );
  });

  it('with a garbled database is said to be damaged, by up and by doctor', async () => {
    await using home = await makeEmptyHome();
    expect((await runReeve(home, ['audit', 'verify'])).code).toBe(0);
    await writeFile(path.join(home.path, 'database', 'global', 'pg_control'), 'garbage');
    const started = await runReeve(home, ['up']);
    expect(started.code).toBe(1);
    expect(started.stderr).toMatch(/^The database folder \S+ is damaged .*\. Nothing was started\.$/m);
    expect(started.stderr).toContain('Restore the whole home from a backup');
    const looked = await runReeve(home, ['doctor', '--json']);
    expect((JSON.parse(looked.stdout) as Report).findings.find(({ id }) => id === 'database')).toMatchObject({
      state: 'failed',
      fix: expect.stringContaining('Restore the whole home from a backup'),
    });
  });
});

describe('a home that another process holds', () => {
  it('is waited for by a chat while that process starts', async () => {
    await using home = await makeEmptyHome();
    const starting = startReeve(home);
    const lock = path.join(home.path, 'lock.json');
    await eventually('the lock', () =>
      access(lock).then(
        () => true,
        () => false,
      ),
    );
    const { code, stderr } = await say(home, 'hello');
    await using _reeve = await starting;
    expect(stderr).toContain('Another Reeve is starting on this home; waiting for it.');
    expect(code).toBe(0);
  });
});
