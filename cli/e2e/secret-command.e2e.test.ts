import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeEmptyHome, runReeve } from '../testing/reeve-process.ts';

const VALUE = 'ghp_0123456789';
const HOST = ['--host', 'api.example.com'];

describe('a value on the command line', () => {
  it.each([
    ['behind the name', ['set', 'A_KEY', VALUE, ...HOST]],
    ['behind the name, without a host', ['set', 'A_KEY', VALUE]],
    ['in an option', ['set', 'A_KEY', ...HOST, `--value=${VALUE}`]],
    ['behind an option', ['set', 'A_KEY', '--value', VALUE, ...HOST]],
    ['before the name', ['set', VALUE, 'A_KEY', ...HOST]],
    ['of a rotation', ['rotate', 'A_KEY', VALUE]],
    ['of a removal', ['rm', 'A_KEY', VALUE]],
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
