import type { KeptOutput } from './protocol.ts';

export interface OutputKeeper {
  add(chunk: Uint8Array): void;
  /** The kept bytes in order, head then tail, and how they are cut. */
  finish(): { readonly kept: KeptOutput; readonly bytes: Buffer };
}

/**
 * Keeps the first and the last half of `maxBytes` of a stream and counts the rest, so that a command printing for
 * hours costs no more memory than this. A stream that fits is kept whole, as head.
 */
export function createOutputKeeper(maxBytes: number): OutputKeeper {
  const headLimit = Math.ceil(maxBytes / 2);
  const tailLimit = maxBytes - headLimit;
  const head: Uint8Array[] = [];
  let headBytes = 0;
  let tail: Uint8Array[] = [];
  let tailHeld = 0;
  let totalBytes = 0;

  function lastOfTail(): Buffer {
    const joined = Buffer.concat(tail, tailHeld);
    return joined.subarray(Math.max(0, joined.length - tailLimit));
  }

  return {
    add(chunk) {
      totalBytes += chunk.length;
      const toHead = Math.min(chunk.length, headLimit - headBytes);
      if (toHead > 0) {
        head.push(chunk.subarray(0, toHead));
        headBytes += toHead;
      }
      if (toHead === chunk.length || tailLimit === 0) return;
      tail.push(chunk.subarray(toHead));
      tailHeld += chunk.length - toHead;
      if (tailHeld < tailLimit + 64 * 1024) return;
      // A copy: a view would keep every chunk's memory alive.
      tail = [Buffer.from(lastOfTail())];
      tailHeld = tail[0]?.length ?? 0;
    },
    finish() {
      const last = lastOfTail();
      const bytes = Buffer.concat([...head, last]);
      const whole = totalBytes === bytes.length;
      return {
        bytes,
        kept: {
          headBytes: whole ? bytes.length : headBytes,
          tailBytes: whole ? 0 : last.length,
          totalBytes,
        },
      };
    },
  };
}
