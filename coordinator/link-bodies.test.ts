import { describe, expect, it } from 'vitest';
import { BadRequest, beatsOf, createPlaces } from './link-bodies.ts';

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
