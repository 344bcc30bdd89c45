import type { Socket } from 'node:net';
import { createFrameDecoder, encodeFrame, type Frame } from './frames.ts';

/**
 * Writes one frame; resolves when the socket wants more, at once when it has ended (its close is noticed elsewhere).
 * Throws FrameError when the frame is too long.
 */
export type WriteFrame = (header: object, payload?: Uint8Array) => Promise<void>;

/** Writes to `socket`. All that wait for it share one pair of listeners: the other side decides how many that are. */
export function createFrameWriter(socket: Socket): WriteFrame {
  let drained: Promise<void> | undefined;

  function untilDrained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    function done(): void {
      socket.off('drain', done).off('close', done);
      drained = undefined;
      resolve();
    }
    socket.on('drain', done).on('close', done);
    return promise;
  }

  return async (header, payload) => {
    const frame = encodeFrame(header, payload);
    if (socket.destroyed || socket.write(frame)) return;
    drained ??= untilDrained();
    await drained;
  };
}

/** Calls `receive` for each frame in order; `broken` with what the decoder or `receive` threw, then nothing more. */
export function readFrames(
  socket: Socket,
  receive: (frame: Frame) => void,
  broken: (error: unknown) => void,
): void {
  const decoder = createFrameDecoder();
  function take(chunk: Buffer): void {
    try {
      for (const frame of decoder.push(chunk)) receive(frame);
    } catch (error) {
      socket.off('data', take);
      broken(error);
    }
  }
  socket.on('data', take);
}
