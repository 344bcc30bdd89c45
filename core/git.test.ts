import { describe, expect, it } from 'vitest';
import {
  gitPushSchema,
  gitRefSchema,
  parseRepository,
  parseRepositoryPath,
  repositoriesNamedIn,
} from './git.ts';

const nameOf = (text: string) => {
  const parsed = parseRepository(text);
  return parsed.kind === 'repository' ? parsed.repository.name : null;
};

describe('a repository', () => {
  it.each([
    'https://github.com/owner/name',
    'https://github.com/owner/name.git',
    'https://GitHub.com:443/owner/name.git/',
    'ssh://git@github.com/owner/name.git',
    'git@github.com:owner/name.git',
    'github.com/owner/name',
    'git://github.com/owner/name',
  ])('%s is github.com/owner/name', (text) => {
    expect(nameOf(text)).toBe('github.com/owner/name');
  });

  it.each([
    ['https://git.example.org:8443/a/b', 'git.example.org:8443/a/b'],
    ['http://10.0.0.5:3000/a/b.git', 'http:10.0.0.5:3000/a/b'],
    ['https://0x7f000001/a/b', '127.0.0.1/a/b'],
    ['https://[::1]/a', '[::1]/a'],
  ])('%s is %s', (text, name) => {
    expect(nameOf(text)).toBe(name);
    expect(parseRepositoryPath(name), 'its name names it again').toMatchObject({ repository: { name } });
  });

  it.each([
    'https://user:password@github.com/a/b',
    'https://github.com/',
    'https://github.com/a/../b',
    'https://github.com/a//b',
    'https://github.com/a/%2e%2e/b',
    'https://github.com/a/b?service=x',
    'https://github.com/a/b#c',
    'https://github.com:99999/a/b',
    'file:///etc/passwd',
    'ext::sh -c true',
    '/srv/git/a',
    'https://github.com/a b',
    '',
  ])('is not named by %j', (text) => {
    expect(nameOf(text)).toBeNull();
  });
});

describe('a push', () => {
  const zero = '0'.repeat(40);
  const [one, two] = ['1'.repeat(40), '2'.repeat(40)];
  const push = (update: object) =>
    gitPushSchema.safeParse({
      repository: 'git@github.com:a/b.git',
      updates: [{ ref: 'refs/heads/main', old: one, new: two, kind: 'update', subjects: [], ...update }],
    });

  it('names its repository in one way', () => {
    expect(push({}).data?.repository).toBe('github.com/a/b');
  });

  it.each([
    { kind: 'delete' },
    { kind: 'create' },
    { new: zero },
    { new: zero, kind: 'force' },
    { old: zero },
    { old: zero, kind: 'force' },
    { old: 'main' },
    { ref: 'main' },
    { ref: 'HEAD' },
  ])('that contradicts itself is none: %j', (update) => {
    expect(push(update).success).toBe(false);
  });

  it.each([
    'refs/heads/a b',
    'refs/heads/../x',
    'refs/heads/x.lock',
    'refs/heads/',
    'refs/heads/a:b',
    'refs/heads/a\u0000',
  ])('has no ref %j', (ref) => {
    expect(gitRefSchema.safeParse(ref).success).toBe(false);
  });
});

describe('words', () => {
  it.each([
    ['see https://github.com/owner/name, please', ['github.com/owner/name']],
    ['(https://GitHub.com/owner/name.git) and https://github.com/owner/name', ['github.com/owner/name']],
    ['https://gitlab.com/a/b/c/', ['gitlab.com/a/b/c']],
    ['https://github.com/owner/name/issues/5', ['github.com/owner/name/issues/5']],
    ['https://github.com/owner', []],
    ['https://github.com/a/../../owner', []],
    ['http://github.com/owner/name', []],
    ['https://github.com:8443/owner/name', []],
    ['https://github.com/owner/name?tab=code', []],
    ['https://10.0.0.1/owner/name', []],
    ['github.com/owner/name', []],
  ])('“%s” name %j', (words, names) => {
    expect(repositoriesNamedIn(words)).toEqual(names);
  });

  it('name no more repositories than a task can carry', () => {
    const words = Array.from({ length: 500 }, (_, index) => `https://example.org/a/${index}`).join(' ');
    expect(repositoriesNamedIn(words)).toHaveLength(20);
  });
});
