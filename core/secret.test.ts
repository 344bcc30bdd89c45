import { describe, expect, it } from 'vitest';
import { parseSecretHost, secretNameSchema, secretValueProblem } from './secret.ts';

describe('parseSecretHost', () => {
  it.each([
    ['API.GitHub.com', 'api.github.com'],
    [' example.org. ', 'example.org'],
    ['nas.lan', 'nas.lan'],
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['[FD00::5]', 'fd00::5'],
  ])('takes %s', (text, host) => {
    expect(parseSecretHost(text)).toEqual({ kind: 'host', host });
  });

  it.each([
    '',
    '*',
    '*.github.com',
    'github.com:443',
    'https://github.com',
    'github.com/path',
    'a b',
    'u@github.com',
    'a.com,b.com',
    'api..example.com',
    '.example.com',
    '-a.com',
    'a-.com',
    `${'a'.repeat(64)}.com`,
    'com',
    'nas',
    'localhost',
    'xn--',
  ])('refuses “%s”', (text) => {
    expect(parseSecretHost(text).kind).toBe('refused');
  });

  it('takes a single label where the operator has named it as a private host', () => {
    expect(parseSecretHost('NAS', ['nas', '10.0.0.5'])).toEqual({ kind: 'host', host: 'nas' });
    expect(parseSecretHost('com', ['nas', 'a.com'])).toEqual({
      kind: 'refused',
      reason: '“com” is one label only; a host of your own network is named in REEVE_PRIVATE_HOSTS first',
    });
  });

  it('says how several are named', () => {
    expect(parseSecretHost('a.com,b.com')).toEqual({
      kind: 'refused',
      reason: 'it names several; give each a --host of its own',
    });
  });
});

it.each(['github', '_A', '1A', 'A-B', 'A'.repeat(65), ''])('“%s” is no name of a secret', (name) => {
  expect(secretNameSchema.safeParse(name).success).toBe(false);
});

it.each(['short', ' padded value', 'padded value ', 'line\nbreak', 'caf\u00e9 caf\u00e9', 'x'.repeat(4097)])(
  'a value that no header could carry or nothing could hide is refused without repeating it',
  (value) => {
    expect(secretValueProblem(value)).toMatch(/^it /);
    expect(secretValueProblem(value)).not.toContain(value);
  },
);

it.each([
  ['\uFEFFabcdefgh12', 'it begins with a byte-order mark, which belongs to the file and not to the value'],
  ['abcdefgh\u00A0', 'it holds characters that no header may hold'],
  ['abcdefgh12 ', 'it begins or ends with a space'],
])('says what is wrong with %j', (value, problem) => {
  expect(secretValueProblem(value)).toBe(problem);
});

it('takes a value that a header can carry', () => {
  expect(secretValueProblem('ghp_0123 "x" \\ ~')).toBeNull();
});
