import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrameDecoder, encodeFrame, FrameError, maxFrameBytes, maxHeaderBytes } from './frames.ts';

/** Frame with lengths as given, true or not. */
function rawFrame(rest: number, headerLength: number, body: string): Buffer {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(rest, 0);
  lengths.writeUInt32BE(headerLength, 4);
  return Buffer.concat([lengths, Buffer.from(body)]);
}

describe('frames', () => {
  it('arrive as they were sent, however the stream is cut', () => {
    const frame = fc.record({
      header: fc.dictionary(fc.string(), fc.oneof(fc.integer(), fc.string())),
      payload: fc.uint8Array({ maxLength: 300 }),
    });
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 6 }), cuts, (frames, sizes) => {
        const stream = Buffer.concat(frames.map(({ header, payload }) => encodeFrame(header, payload)));
        const decoder = createFrameDecoder();
        const arrived = [];
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          arrived.push(...decoder.push(stream.subarray(at, at + size)));
          at += size;
        }
        expect(arrived.map(({ header, payload }) => [header, [...payload]])).toEqual(
          frames.map(({ header, payload }) => [JSON.parse(JSON.stringify(header)), [...payload]]),
        );
      }),
    );
  });

  it.each([
    ['longer than allowed', rawFrame(maxFrameBytes + 1, 2, '{}')],
    ['without room for a header', rawFrame(3, 0, '')],
    ['with a header longer than itself', rawFrame(6, 3, '{}')],
    [
      'with a header longer than allowed',
      rawFrame(maxFrameBytes, maxHeaderBytes + 1, ' '.repeat(maxFrameBytes)),
    ],
    ['whose header is not JSON', rawFrame(6, 2, '{a')],
  ])('are refused when %s', (_name, bytes) => {
    expect(() => createFrameDecoder().push(bytes)).toThrow(FrameError);
  });

  it('are refused by their length alone, before anything is kept for them', () => {
    expect(() => createFrameDecoder().push(rawFrame(0xffff_ffff, 2, ''))).toThrow(
      'frame of 4294967295 bytes',
    );
  });

  it('cannot be built past the bounds', () => {
    expect(() => encodeFrame({}, new Uint8Array(maxFrameBytes))).toThrow(FrameError);
    expect(() => encodeFrame({ text: 'x'.repeat(maxHeaderBytes) })).toThrow(FrameError);
    expect(createFrameDecoder().push(encodeFrame({}, new Uint8Array(maxFrameBytes - 6)))).toHaveLength(1);
  });
});
