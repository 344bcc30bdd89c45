/**
 * What a chunk counts in a window beside its bytes, at both ends: it costs its receiver memory however short it is, and
 * else the receiver of a window full of single bytes would hold a hundred times the window.
 */
export const chunkCost = 1024;

export interface SendWindow {
  /** Waits until a chunk of `bytes` may be sent. One caller at a time. Rejects with the reason when `signal` aborts. */
  take(bytes: number, signal: AbortSignal): Promise<void>;
  grant(bytes: number): void;
}

/** The sender's side of flow control: chunks that count `initial` bytes may be on the way until the receiver grants more. */
export function createSendWindow(initial: number): SendWindow {
  let credit = initial;
  let wake: (() => void) | undefined;

  return {
    async take(bytes, signal) {
      signal.throwIfAborted();
      const cost = bytes + chunkCost;
      while (credit < cost) {
        const granted = Promise.withResolvers<void>();
        wake = granted.resolve;
        const stop = (): void => granted.reject(signal.reason);
        signal.addEventListener('abort', stop, { once: true });
        try {
          await granted.promise;
        } finally {
          signal.removeEventListener('abort', stop);
        }
      }
      credit -= cost;
    },
    grant(bytes) {
      credit += bytes;
      wake?.();
    },
  };
}

export interface ByteQueue extends AsyncIterable<Uint8Array> {
  /** False when the sender has sent more than it was granted, or nothing: `chunk` is not kept. */
  push(chunk: Uint8Array): boolean;
  end(): void;
  /** What has not been read is dropped; the reader gets `error`. */
  fail(error: Error): void;
}

/** A chunk is a view of what it arrived in; one that is a smaller part of that is copied, or it would keep all of it. */
const smallestPart = 1 / 4;
/** Grants wait until they are this part of the window, so that a sender of single bytes is not answered byte by byte. */
const grantedPart = 1 / 4;

/**
 * The receiver's side: a queue for one reader whose chunks count at most `limit` bytes, `chunkCost` included, and keep no
 * more than a few times that in memory. `onConsumed` is told how much of it the reader has taken, to grant that to the
 * sender again. No chunk may count more than a quarter of `limit`, or a grant could wait for ever.
 */
export function createByteQueue(limit: number, onConsumed: (bytes: number) => void): ByteQueue {
  const chunks: Uint8Array[] = [];
  let held = 0;
  let consumed = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;

  async function next(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (failure !== undefined) throw failure;
      const chunk = chunks.shift();
      if (chunk !== undefined) {
        held -= chunk.length + chunkCost;
        consumed += chunk.length + chunkCost;
        if (consumed >= limit * grantedPart) {
          onConsumed(consumed);
          consumed = 0;
        }
        return chunk;
      }
      if (ended) return undefined;
      const arrived = Promise.withResolvers<void>();
      wake = arrived.resolve;
      await arrived.promise;
    }
  }

  return {
    push(chunk) {
      if (ended || failure !== undefined) return true;
      if (chunk.length === 0 || held + chunk.length + chunkCost > limit) return false;
      held += chunk.length + chunkCost;
      chunks.push(chunk.length < chunk.buffer.byteLength * smallestPart ? new Uint8Array(chunk) : chunk);
      wake?.();
      return true;
    },
    end() {
      ended = true;
      wake?.();
    },
    fail(error) {
      failure ??= error;
      chunks.length = 0;
      wake?.();
    },
    async *[Symbol.asyncIterator]() {
      for (let chunk = await next(); chunk !== undefined; chunk = await next()) yield chunk;
    },
  };
}
