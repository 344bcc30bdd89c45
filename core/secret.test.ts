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
  ])('refuses “%s”', (text) => {
    expect(parseSecretHost(text).kind).toBe('refused');
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

it('takes a value that a header can carry', () => {
  expect(secretValueProblem('ghp_0123 "x" \\ ~')).toBeNull();
});
