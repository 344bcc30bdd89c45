import { describe, expect, it } from 'vitest';
import { resolveSettings } from './settings.ts';

function problemsOf(
  environment: Record<string, string>,
  file: Record<string, unknown> = {},
): readonly string[] {
  const result = resolveSettings(environment, file);
  return result.kind === 'invalid' ? result.problems : [];
}

const PRICES_FORM =
  'US dollars per million tokens by model, as JSON such as {"gpt-5-mini":{"inputPerMillion":0.25,"outputPerMillion":2}}';

describe('a bad setting is named, with what it must be', () => {
  it.each([
    ['REEVE_PORT', 'abc', 'REEVE_PORT is “abc”; it must be a whole number from 0 to 65535.'],
    ['REEVE_PORT', '70000', 'REEVE_PORT is “70000”; it must be a whole number from 0 to 65535.'],
    ['REEVE_PARALLEL_TASKS', '1.5', 'REEVE_PARALLEL_TASKS is “1.5”; it must be a whole number from 1 to 64.'],
    ['DATABASE_URL', 'mysql://u:hunter2@h/db', 'DATABASE_URL must begin with postgres://.'],
    ['DATABASE_URL', 'hunter2', 'DATABASE_URL must begin with postgres://.'],
    ['DATABASE_URL', 'postgres://u:hunter2@:x/', 'DATABASE_URL is not a well-formed address.'],
    ['REDIS_URL', 'http://hunter2', 'REDIS_URL must begin with redis:// or rediss://.'],
    ['OPENAI_BASE_URL', 'ftp://u:hunter2@h', 'OPENAI_BASE_URL must be an http or https address.'],
    ['REEVE_TIME_ZONE', 'Mars/Base', 'REEVE_TIME_ZONE must be an IANA time zone such as Europe/Paris.'],
    [
      'REEVE_PRIVATE_HOSTS',
      'nas.lan:80, *.lan:80',
      'REEVE_PRIVATE_HOSTS must name each as host:port: an exemption names one host; wildcards are too wide.',
    ],
    [
      'REEVE_PRIVATE_HOSTS',
      '10.0.0.0/8',
      'REEVE_PRIVATE_HOSTS must name each as host:port: “10.0.0.0/8” is not of the form host:port.',
    ],
    [
      'REEVE_CLOSED_RANGES',
      '10.42.0.0/16, 203.0.114.0/33',
      'REEVE_CLOSED_RANGES must name each as a range such as 203.0.114.0/24 or 2a01:4f8::/32: “203.0.114.0/33” is none.',
    ],
    [
      'REEVE_CAP_TASK_TOKENS',
      '999',
      'REEVE_CAP_TASK_TOKENS is “999”; it must be a whole number from 1000 to 1000000000000.',
    ],
    [
      'REEVE_CAP_DAY_USD',
      'five',
      'REEVE_CAP_DAY_USD is “five”; it must be an amount in US dollars from 0.01 to 1000000.',
    ],
    [
      'REEVE_CAP_MONTH_USD',
      '0',
      'REEVE_CAP_MONTH_USD is “0”; it must be an amount in US dollars from 0.01 to 1000000.',
    ],
    ['REEVE_PRICES', 'cheap', `REEVE_PRICES must be ${PRICES_FORM}.`],
    [
      'REEVE_PRICES',
      '{"m":{"inputPerMillion":-1,"outputPerMillion":2}}',
      `REEVE_PRICES must be ${PRICES_FORM}; m.inputPerMillion is wrong.`,
    ],
    [
      'REEVE_PRICES',
      '{"m":{"inputPerMillion":1}}',
      `REEVE_PRICES must be ${PRICES_FORM}; m.outputPerMillion is wrong.`,
    ],
    ['REEVE_LOG_LEVEL', 'loud', 'REEVE_LOG_LEVEL must be debug, info, warn or error.'],
  ])('%s=%s', (name, value, problem) => {
    expect(problemsOf({ [name]: value })).toEqual([problem]);
    expect(problem).not.toContain('hunter2');
  });

  it('in the file too, whatever its type', () => {
    expect(problemsOf({}, { REEVE_PORT: [80], REEVE_TIME_ZONE: 5 })).toEqual([
      'REEVE_PORT is “80”; it must be a whole number from 0 to 65535.',
      'REEVE_TIME_ZONE must be an IANA time zone such as Europe/Paris.',
    ]);
  });
});

describe('a good setting', () => {
  it.each([
    [{ REEVE_PORT: '0' }, { REEVE_PORT: 0 }],
    [{ REEVE_PORT: '' }, { REEVE_PORT: 7717 }],
    [{ DATABASE_URL: 'postgresql://u:p@h:5432/db' }, { DATABASE_URL: 'postgresql://u:p@h:5432/db' }],
    [
      { REEVE_CLOSED_RANGES: ' 8.8.4.0/24,2a01:4f8::/32 ' },
      { REEVE_CLOSED_RANGES: ['8.8.4.0/24', '2a01:4f8::/32'] },
    ],
    [
      {},
      {
        REEVE_PRIVATE_HOSTS: [],
        REEVE_CLOSED_RANGES: [],
        REEVE_PRICES: {},
        REEVE_CAP_TASK_TOKENS: 2_000_000,
      },
    ],
    [{}, { REEVE_CAP_DAY_TOKENS: undefined, REEVE_CAP_MONTH_USD: undefined }],
    [{ REEVE_CAP_DAY_USD: '2.50' }, { REEVE_CAP_DAY_USD: 2.5 }],
    [
      { REEVE_PRICES: '{"m":{"inputPerMillion":0.25,"outputPerMillion":2}}' },
      { REEVE_PRICES: { m: { inputPerMillion: 0.25, outputPerMillion: 2 } } },
    ],
    [
      { REEVE_PRIVATE_HOSTS: ' NAS.lan.:80,0x7f.1:8080 , [FD00:0::5]:443' },
      {
        REEVE_PRIVATE_HOSTS: [
          { host: 'nas.lan', port: 80 },
          { host: '127.0.0.1', port: 8080 },
          { host: '[fd00::5]', port: 443 },
        ],
      },
    ],
  ])('%j', (environment, expected) => {
    expect(resolveSettings(environment, {})).toMatchObject({
      kind: 'settings',
      settings: { values: expected },
    });
  });

  it('may be a number in the file', () => {
    expect(resolveSettings({}, { REEVE_PORT: 8080 })).toMatchObject({
      settings: { values: { REEVE_PORT: 8080 } },
    });
  });
});
