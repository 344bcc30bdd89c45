import type { OutputChannel } from './protocol.ts';

export interface Progress {
  add(channel: OutputChannel, chunk: Uint8Array): void;
  /** What has not been reported yet is dropped: the result holds it. */
  stop(): void;
}

const everyMs = 200;
const maxBytes = 4096;

/** Passes on the newest output at most every 200 ms and 4 KiB per channel: a glimpse for a card, not the output. */
export function createProgress(report: (channel: OutputChannel, bytes: Uint8Array) => void): Progress {
  const newest = new Map<OutputChannel, Buffer>();
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    timer = undefined;
    for (const [channel, bytes] of newest) report(channel, bytes);
    newest.clear();
  }

  return {
    add(channel, chunk) {
      const last = chunk.subarray(Math.max(0, chunk.length - maxBytes));
      const joined = Buffer.concat([newest.get(channel) ?? Buffer.alloc(0), last]);
      newest.set(channel, joined.subarray(Math.max(0, joined.length - maxBytes)));
      timer ??= setTimeout(flush, everyMs);
    },
    stop() {
      clearTimeout(timer);
    },
  };
}
