import { describe, expect, it } from 'vitest';
import { chunkCost, createByteQueue, createSendWindow } from './byte-stream.ts';
import { chunkBytes } from './frames.ts';
import { windowBytes } from './protocol.ts';

describe('a queue of bytes from a hostile sender', () => {
  it('holds no more chunks than their cost allows, however short they are', () => {
    const queue = createByteQueue(windowBytes, () => undefined);
    let taken = 0;
    while (queue.push(new Uint8Array(1)) && taken < windowBytes) taken += 1;
    expect(taken).toBe(Math.floor(windowBytes / (1 + chunkCost)));
  });

  it('does not keep the frame that a short chunk came in', async () => {
    const queue = createByteQueue(windowBytes, () => undefined);
    const frame = new Uint8Array(250_000).fill(7);
    queue.push(frame.subarray(249_999));
    const { value } = await queue[Symbol.asyncIterator]().next();
    expect([...(value ?? [])]).toEqual([7]);
    expect(value?.buffer.byteLength).toBe(1);
  });

  it('takes no chunk without bytes', () => {
    expect(createByteQueue(windowBytes, () => undefined).push(new Uint8Array(0))).toBe(false);
  });

  it('grants in lumps, and never keeps an honest sender waiting for ever', async () => {
    const sizes = [...Array(2000).fill(1), ...Array(20).fill(chunkBytes), ...Array(2000).fill(3)];
    const window = createSendWindow(windowBytes);
    let grants = 0;
    const queue = createByteQueue(windowBytes, (bytes) => {
      grants += 1;
      window.grant(bytes);
    });
    const sending = (async () => {
      for (const size of sizes) {
        await window.take(size, new AbortController().signal);
        if (!queue.push(new Uint8Array(size))) throw new Error('past the window');
      }
      queue.end();
    })();
    let received = 0;
    for await (const chunk of queue) received += chunk.length;
    await sending;
    expect(received).toBe(sizes.reduce((sum, size) => sum + size, 0));
    expect(grants).toBeLessThan(100);
  });
});
