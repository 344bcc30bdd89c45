import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NumberList } from './number-list.ts';
import { checkScript, listScript } from './number-script.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reeve-numbers-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const bash = (script: string) => execFileSync('bash', ['-c', script], { cwd: folder, encoding: 'utf8' });
const listOf = (kind: NumberList['kind'], size: NumberList['size']): NumberList => ({
  kind,
  size,
  file: null,
  wants: [],
});

function numbersOf(list: NumberList, file = 'x.csv'): number[] {
  bash(listScript(list, file));
  const [, ...lines] = readFileSync(join(folder, file), 'utf8').trimEnd().split('\n');
  return lines.map((line) => Number(line.split(',')[1]));
}

describe('the scripts, by a real bash', () => {
  it.each([
    ['primes', [2, 3, 5, 7, 11, 13]],
    ['squares', [1, 4, 9, 16, 25, 36]],
    ['cubes', [1, 8, 27, 64, 125, 216]],
    ['even numbers', [2, 4, 6, 8, 10, 12]],
    ['odd numbers', [1, 3, 5, 7, 9, 11]],
    ['Fibonacci numbers', [1, 1, 2, 3, 5, 8]],
    ['triangular numbers', [1, 3, 6, 10, 15, 21]],
    ['factorials', [1, 2, 6, 24, 120, 720]],
    ['powers of two', [1, 2, 4, 8, 16, 32]],
    ['numbers', [1, 2, 3, 4, 5, 6]],
  ] as const)('first 6 %s', (kind, expected) => {
    expect(numbersOf(listOf(kind, { first: 6 }))).toEqual(expected);
  });

  it('makes ranges', () => {
    expect(numbersOf(listOf('primes', { from: 50, upTo: 80 }))).toEqual([53, 59, 61, 67, 71, 73, 79]);
  });

  it('reads the file back: the first 20 primes add up to 639', () => {
    bash(listScript(listOf('primes', { first: 20 }), 'primes.csv'));
    expect(bash(checkScript('primes.csv'))).toBe('count=20 sum=639 largest=71\n');
  });

  it('begins with what it does, in words', () => {
    const [first] = listScript(listOf('primes', { first: 20 }), 'primes.csv').split('\n');
    expect(first).toBe('# write the first 20 primes to primes.csv');
  });

  it('takes any file name as a name', () => {
    const file = "it's $(touch oops) `x`.csv";
    expect(numbersOf(listOf('squares', { first: 2 }), file)).toEqual([1, 4]);
    expect(() => readFileSync(join(folder, 'oops'))).toThrow('ENOENT');
  });

  it.each([
    ['factorials', 21],
    ['Fibonacci numbers', 93],
    ['powers of two', 64],
  ] as const)('fails rather than overflow: %s, %i of them', (kind, first) => {
    const { status, stderr } = spawnSync('bash', ['-c', listScript(listOf(kind, { first }), 'x.csv')], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(status).toBe(3);
    expect(stderr).toContain('too large');
  });
});
