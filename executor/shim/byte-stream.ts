export interface SendWindow {
  /** Waits until `bytes` may be sent. One caller at a time. Rejects with the reason when `signal` aborts. */
  take(bytes: number, signal: AbortSignal): Promise<void>;
  grant(bytes: number): void;
}

/** The sender's side of flow control: `initial` bytes may be on the way until the receiver grants more. */
export function createSendWindow(initial: number): SendWindow {
  let credit = initial;
  let wake: (() => void) | undefined;

  return {
    async take(bytes, signal) {
      signal.throwIfAborted();
      while (credit < bytes) {
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
      credit -= bytes;
    },
    grant(bytes) {
      credit += bytes;
      wake?.();
    },
  };
}

export interface ByteQueue extends AsyncIterable<Uint8Array> {
  /** False when the sender has sent more than it was granted: `chunk` is not kept. */
  push(chunk: Uint8Array): boolean;
  end(): void;
  /** What has not been read is dropped; the reader gets `error`. */
  fail(error: Error): void;
}

/**
 * The receiver's side: a queue for one reader that holds at most `limit` bytes. `onConsumed` is told how many bytes
 * the reader has taken, to grant them to the sender again.
 */
export function createByteQueue(limit: number, onConsumed: (bytes: number) => void): ByteQueue {
  const chunks: Uint8Array[] = [];
  let held = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;

  async function next(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (failure !== undefined) throw failure;
      const chunk = chunks.shift();
      if (chunk !== undefined) {
        held -= chunk.length;
        onConsumed(chunk.length);
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
      if (held + chunk.length > limit) return false;
      held += chunk.length;
      chunks.push(chunk);
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
