import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeEmptyHome, makeTestHome, runReeve, startReeve } from '../testing/reeve-process.ts';

const VALUE = 'ghp_0123456789';
const HOST = ['--host', 'api.example.com'];

describe('a value on the command line', () => {
  it.each([
    ['behind the name', ['set', 'A_KEY', VALUE, ...HOST]],
    ['in an option', ['set', 'A_KEY', ...HOST, `--value=${VALUE}`]],
    ['before the name', ['set', VALUE, 'A_KEY', ...HOST]],
    ['of a rotation', ['rotate', 'A_KEY', VALUE]],
    ['in place of a command', [`A_KEY=${VALUE}`]],
  ])('is refused without being repeated, %s', async (_where, args) => {
    await using home = await makeEmptyHome();
    const { code, stdout, stderr } = await runReeve(home, ['secret', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Values are read from standard input only');
    expect(stderr).not.toContain(VALUE);
    expect(existsSync(path.join(home.path, 'database'))).toBe(false);
  });

  it('leaves other mistakes their words', async () => {
    await using home = await makeEmptyHome();
    const missing = await runReeve(home, ['secret', 'set', 'A_KEY'], {}, VALUE);
    expect([missing.code, missing.stderr]).toEqual([
      2,
      expect.stringContaining("'--host <host>' not specified"),
    ]);
    const helped = await runReeve(home, ['secret', 'set', '--help']);
    expect([helped.code, helped.stdout]).toEqual([0, expect.stringContaining('Usage: reeve secret set')]);
  });
});

describe('a home that is not there', () => {
  it.each([[['list']], [['rm', 'A_KEY']], [['rotate', 'A_KEY']], [['rekey']]])(
    'is not made by %j',
    async (args) => {
      await using home = await makeEmptyHome();
      const mistyped = path.join(home.path, 'reevee');
      const { code, stdout, stderr } = await runReeve(
        home,
        ['secret', ...args],
        { REEVE_HOME: mistyped },
        VALUE,
      );
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(`There is no Reeve at ${mistyped}.`);
      expect(existsSync(mistyped)).toBe(false);
    },
  );

  it('is not made in a folder of something else either', async () => {
    await using home = await makeEmptyHome();
    const other = path.join(home.path, 'photos');
    await mkdir(other);
    const { code, stderr } = await runReeve(home, ['secret', 'list'], { REEVE_HOME: other });
    expect([code, stderr]).toEqual([1, expect.stringContaining(`There is no Reeve at ${other}.`)]);
    expect(existsSync(path.join(other, 'keys'))).toBe(false);
  });
});

it('waits for the other command that holds the home', async () => {
  await using home = await makeTestHome();
  const set = (name: string) => runReeve(home, ['secret', 'set', name, ...HOST], {}, VALUE);
  const finished = await Promise.all(['A_KEY', 'B_KEY', 'C_KEY'].map(set));
  expect(finished.map(({ code }) => code)).toEqual([0, 0, 0]);
  const { stdout } = await runReeve(home, ['secret', 'list']);
  expect(stdout.match(/^[ABC]_KEY/gm)).toHaveLength(3);
});

it('says the same while Reeve runs as while it does not', async () => {
  await using home = await makeTestHome();
  const attempts = [
    [['set', '..', ...HOST], VALUE],
    [['set', '', ...HOST], VALUE],
    [['rm', '..'], ''],
    [['rotate', '.'], VALUE],
    [['set', 'A_KEY', ...HOST], 'x'.repeat(65_530)],
    [['set', 'A_KEY', '--host', 'com'], VALUE],
  ] as const;
  const trial = async () => {
    const said: unknown[] = [];
    for (const [args, input] of attempts) {
      const { code, stderr } = await runReeve(home, ['secret', ...args], {}, input);
      said.push([code, stderr]);
    }
    return said;
  };
  const alone = await trial();
  await using _reeve = await startReeve(home);
  expect(await trial()).toEqual(alone);
});
