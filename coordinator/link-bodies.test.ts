import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { BadRequest, beatsOf, createLinkBodies, createPlaces } from './link-bodies.ts';

async function beatsIn(...chunks: string[]): Promise<number> {
  let beats = 0;
  const stream = (async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk);
  })();
  for await (const _beat of beatsOf(stream)) beats += 1;
  return beats;
}

describe('beats', () => {
  it.each([
    ['one', ['beat\n'], 1],
    ['several at once count once', ['beat\nbeat\nbeat\n'], 1],
    ['one in pieces', ['be', 'at', '\n'], 1],
    ['one and the start of the next', ['beat\nbe', 'at\n'], 2],
    ['empty lines', ['\n\n', '\n'], 0],
    ['an end that never came', ['beat'], 0],
  ])('%s', async (_name, chunks, count) => {
    expect(await beatsIn(...chunks)).toBe(count);
  });

  it.each([[['x'.repeat(65)]], [['x'.repeat(40), 'x'.repeat(40)]], [[`beat\n${'x'.repeat(65)}\n`]]])(
    'are short',
    async (chunks) => {
      await expect(beatsIn(...chunks)).rejects.toThrow(BadRequest);
    },
  );
});

it('a place is free again when its work is over, also when that failed', async () => {
  const places = createPlaces(1);
  const held = Promise.withResolvers<void>();
  const first = places.take('T-1', () => held.promise);
  await expect(places.take('T-1', async () => undefined)).rejects.toThrow('too many calls are under way');
  expect(await places.take('T-2', async () => 'other')).toBe('other');
  held.reject(new Error('no'));
  await expect(first).rejects.toThrow('no');
  expect(await places.take('T-1', async () => 'again')).toBe('again');
});

it('a body counts until the work on it is over, whoever hangs up meanwhile', async () => {
  const bodies = createLinkBodies();
  const over = Promise.withResolvers<void>();
  const read = (until: Promise<void>) => {
    const request = Readable.from([Buffer.alloc(4 * 1024 * 1024, 'x')]) as IncomingMessage;
    return bodies.read(request, { holder: 'T-1 1', limit: 4 * 1024 * 1024, over: until });
  };
  for (let body = 0; body < 4; body += 1) await read(over.promise);
  await expect(read(Promise.resolve())).rejects.toThrow('too many calls are under way');
  over.resolve();
  await over.promise;
  expect((await read(Promise.resolve())).length).toBe(4 * 1024 * 1024);
});
