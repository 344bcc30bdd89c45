import type { Socket } from 'node:net';
import { createFrameDecoder, encodeFrame, type Frame } from './frames.ts';

/**
 * Writes one frame; resolves when the socket wants more, at once when it has ended (its close is noticed elsewhere).
 * Throws FrameError when the frame is too long.
 */
export async function writeFrame(socket: Socket, header: object, payload?: Uint8Array): Promise<void> {
  const frame = encodeFrame(header, payload);
  if (socket.destroyed || socket.write(frame)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('drain', resolve).once('close', resolve);
  await promise;
  socket.off('drain', resolve).off('close', resolve);
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
