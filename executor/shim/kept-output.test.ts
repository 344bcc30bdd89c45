import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createOutputKeeper } from './kept-output.ts';

it('keeps the first and the last bytes of any stream, and all of one that fits', () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 });
  fc.assert(
    fc.property(chunks, fc.integer({ min: 1, max: 120 }), (stream, maxBytes) => {
      const keeper = createOutputKeeper(maxBytes);
      for (const chunk of stream) keeper.add(chunk);
      const { kept, bytes } = keeper.finish();
      const all = Buffer.concat(stream);
      expect(kept.totalBytes).toBe(all.length);
      expect(kept.headBytes + kept.tailBytes).toBe(Math.min(maxBytes, all.length));
      expect(bytes.subarray(0, kept.headBytes).equals(all.subarray(0, kept.headBytes))).toBe(true);
      expect(bytes.subarray(kept.headBytes).equals(all.subarray(all.length - kept.tailBytes))).toBe(true);
      if (all.length <= maxBytes) expect(kept.headBytes).toBe(all.length);
    }),
  );
});

it('holds no more than its limit and a chunk, however long the stream', () => {
  const keeper = createOutputKeeper(1000);
  const chunk = Buffer.alloc(64 * 1024, 'x');
  for (let i = 0; i < 1000; i += 1) keeper.add(chunk);
  keeper.add(Buffer.from('end'));
  const { kept, bytes } = keeper.finish();
  expect(kept).toEqual({ headBytes: 500, tailBytes: 500, totalBytes: 1000 * chunk.length + 3 });
  expect(bytes.toString().endsWith('xend')).toBe(true);
});
