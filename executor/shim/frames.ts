/** Largest frame either side accepts, in bytes after the length word. The sender splits what is longer. */
export const maxFrameBytes = 1024 * 1024;
/** Largest JSON header; a command with its environment has to fit. */
export const maxHeaderBytes = 256 * 1024;
/** Streams travel in chunks of at most this many bytes. */
export const chunkBytes = 64 * 1024;

export interface Frame {
  /** Parsed JSON that nobody has checked yet. */
  readonly header: unknown;
  readonly headerBytes: number;
  readonly payload: Uint8Array;
}

/** The other side broke the framing; the connection cannot be used any further. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

export interface FrameDecoder {
  /** Returns the frames that `chunk` completes. Throws FrameError on a frame that breaks a bound. */
  push(chunk: Uint8Array): Frame[];
}

/**
 * One frame: uint32 length of the rest, uint32 length of the header, the header as JSON, the payload (big endian).
 * Throws FrameError when it would be longer than the other side accepts.
 */
export function encodeFrame(header: object, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const rest = 4 + json.length + payload.length;
  if (json.length > maxHeaderBytes) throw new FrameError(`header of ${json.length} bytes`);
  if (rest > maxFrameBytes) throw new FrameError(`frame of ${rest} bytes`);
  const frame = Buffer.allocUnsafe(4 + rest);
  frame.writeUInt32BE(rest, 0);
  frame.writeUInt32BE(json.length, 4);
  json.copy(frame, 8);
  frame.set(payload, 8 + json.length);
  return frame;
}

/**
 * Cuts a byte stream into frames. Never holds more than one frame and one chunk: the lengths are checked before
 * anything is kept for them, because the sender may be hostile.
 */
export function createFrameDecoder(): FrameDecoder {
  let parts: Uint8Array[] = [];
  let held = 0;
  let wanted = 4;

  /** Joins the held parts; called once per complete frame, so a drip of single bytes stays linear. */
  function join(): Buffer {
    const joined = Buffer.concat(parts, held);
    parts = [];
    held = 0;
    return joined;
  }

  return {
    push(chunk) {
      parts.push(chunk);
      held += chunk.length;
      const frames: Frame[] = [];
      while (held >= wanted) {
        const buffer = join();
        let at = 0;
        wanted = 4;
        while (buffer.length - at >= 4) {
          const size = readLength(buffer, at);
          if (buffer.length - at < 4 + size) {
            wanted = 4 + size;
            break;
          }
          frames.push(parseFrame(buffer.subarray(at + 4, at + 4 + size)));
          at += 4 + size;
        }
        if (at < buffer.length) {
          parts = [buffer.subarray(at)];
          held = buffer.length - at;
        }
      }
      return frames;
    },
  };
}

function readLength(buffer: Buffer, at: number): number {
  const size = buffer.readUInt32BE(at);
  if (size < 4 || size > maxFrameBytes) throw new FrameError(`frame of ${size} bytes`);
  return size;
}

function parseFrame(body: Buffer): Frame {
  const headerLength = body.readUInt32BE(0);
  if (headerLength > maxHeaderBytes || headerLength > body.length - 4) {
    throw new FrameError(`header of ${headerLength} bytes in a frame of ${body.length}`);
  }
  try {
    const header: unknown = JSON.parse(body.toString('utf8', 4, 4 + headerLength));
    return { header, headerBytes: headerLength, payload: body.subarray(4 + headerLength) };
  } catch (error) {
    throw new FrameError('header is not JSON', { cause: error });
  }
}
