import type { ModelError } from '@reeve/core';
import {
  cutsAfter,
  DONE,
  event,
  hangsAfter,
  type Misbehaviour,
  piece,
  refuses,
  streams,
  USAGE,
} from './raw-provider.ts';

/** A key that providers here echo; it must turn up nowhere. */
const ECHOED_KEY = 'sk-test-canary-0123456789';

type Row = readonly [name: string, act: Misbehaviour, failure: Partial<ModelError>];

const ROWS: readonly Row[] = [
  [
    '401',
    refuses(401, { error: { message: `Incorrect API key provided: ${ECHOED_KEY}.` } }),
    { code: 'model-refused-key', retryable: false, status: 401 },
  ],
  ['403', refuses(403), { code: 'model-refused-key', retryable: false }],
  ['402, no credit', refuses(402), { code: 'model-failed', retryable: false }],
  [
    '404, no such model',
    refuses(404, { error: { message: 'no such model' } }),
    { code: 'model-failed', retryable: false },
  ],
  ['400', refuses(400), { code: 'model-failed', retryable: false }],
  [
    '429 with seconds',
    refuses(429, {}, { 'retry-after': '2' }),
    { code: 'model-rate-limited', retryable: true, retryAfterMs: 2000 },
  ],
  [
    '429 with milliseconds',
    refuses(429, {}, { 'retry-after-ms': '150' }),
    { code: 'model-rate-limited', retryAfterMs: 150 },
  ],
  [
    '429 with a date',
    refuses(
      429,
      {},
      { date: 'Sat, 21 Nov 2026 10:00:00 GMT', 'retry-after': 'Sat, 21 Nov 2026 10:00:09 GMT' },
    ),
    { code: 'model-rate-limited', retryAfterMs: 9000 },
  ],
  [
    '429, quota used up',
    refuses(429, { error: { message: 'quota', code: 'insufficient_quota' } }),
    { code: 'model-rate-limited', retryable: false },
  ],
  ['500', refuses(500, 'oops'), { code: 'model-failed', retryable: true, status: 500 }],
  ['503', refuses(503), { code: 'model-failed', retryable: true }],
  ['504', refuses(504), { code: 'model-timeout', retryable: true }],
  [
    'a redirect',
    refuses(307, '', { location: 'http://127.0.0.1:1/elsewhere' }),
    { code: 'model-failed', retryable: false },
  ],
  [
    'JSON where a stream was asked for',
    refuses(200, { choices: [] }),
    { code: 'model-bad-answer', retryable: true },
  ],
  ['a page of HTML', refuses(200, '<html>', { 'content-type': 'text/html' }), { code: 'model-bad-answer' }],
  ['an empty body', streams(), { code: 'model-cut-off', retryable: true }],
  ['only [DONE]', streams(DONE), { code: 'model-cut-off' }],
  [
    'an empty answer',
    streams(piece({ content: '' }), piece({}, 'stop'), USAGE, DONE),
    { code: 'model-bad-answer', retryable: true },
  ],
  ['blanks only', streams(piece({ content: ' \n ' }), piece({}, 'stop'), DONE), { code: 'model-bad-answer' }],
  ['a cut before the first piece', cutsAfter(), { code: 'model-cut-off', retryable: true }],
  ['a cut in mid-text', cutsAfter(piece({ content: 'half' })), { code: 'model-cut-off', retryable: true }],
  ['a clean end in mid-text', streams(piece({ content: 'half' })), { code: 'model-cut-off' }],
  [
    'a connection dropped without a word',
    (response) => response.destroy(),
    { code: 'model-unreachable', retryable: true },
  ],
  [
    'bad UTF-8',
    streams('data: {"choices":[{"delta":{"content":"', Uint8Array.of(0xff, 0xfe), '"}}]}\n\n'),
    { code: 'model-bad-answer' },
  ],
  [
    'UTF-8 cut in mid-character',
    streams(piece({ content: 'x' }), Uint8Array.of(0xe2, 0x82)),
    { code: 'model-bad-answer' },
  ],
  [
    'an event that is not JSON',
    streams(event('{"choices":[')),
    { code: 'model-bad-answer', retryable: true },
  ],
  [
    'an event of the wrong form',
    streams(event({ choices: [{ delta: { content: { text: 'x' } } }] })),
    { code: 'model-bad-answer' },
  ],
  ['an event that is a number', streams(event('17')), { code: 'model-bad-answer' }],
  [
    'a tool call without a name',
    streams(
      piece({ tool_calls: [{ index: 0, id: 'a', function: { arguments: '{}' } }] }),
      piece({}, 'tool_calls'),
    ),
    { code: 'model-bad-answer' },
  ],
  [
    'a tool call cut by the length limit',
    streams(
      piece({ tool_calls: [{ index: 0, id: 'a', function: { name: 'clock', arguments: '{"a":"b' } }] }),
      piece({}, 'length'),
    ),
    { code: 'model-cut-off' },
  ],
  [
    'huge tool arguments',
    streams(
      piece({
        tool_calls: [{ index: 0, id: 'a', function: { name: 'clock', arguments: 'x'.repeat(4_100_000) } }],
      }),
      piece({}, 'tool_calls'),
    ),
    { code: 'model-bad-answer' },
  ],
  [
    'hundreds of tool calls',
    streams(
      ...Array.from({ length: 200 }, (_, index) =>
        piece({ tool_calls: [{ index, id: `c${index}`, function: { name: 'clock', arguments: '{}' } }] }),
      ),
    ),
    { code: 'model-bad-answer' },
  ],
  [
    'an error event in mid-stream',
    streams(piece({ content: 'half' }), event({ error: { message: 'overloaded', code: 529 } })),
    { code: 'model-failed', retryable: true },
  ],
  [
    'a rate limit in mid-stream',
    streams(piece({ content: 'half' }), event({ error: { message: 'slow down', code: 429 } })),
    { code: 'model-rate-limited' },
  ],
  ['a hang before the headers', () => undefined, { code: 'model-timeout', retryable: true }],
  ['a hang after the headers', hangsAfter(), { code: 'model-timeout' }],
  ['a hang in mid-answer', hangsAfter(piece({ content: 'half' })), { code: 'model-timeout' }],
];

/** Everything that a provider was ever seen to do wrong, and the failure that it must come to. */
export const MISBEHAVIOURS = ROWS.map(([name, act, failure]) => ({ name, act, failure }));
