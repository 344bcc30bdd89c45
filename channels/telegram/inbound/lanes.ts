import type { Clock, Log } from '@reeve/core';

/** Something to handle in its order: `album` holds together what a person sent at once. */
export interface LaneItem<T> {
  readonly value: T;
  readonly album: string | null;
}

export interface Lanes<T> {
  add(lane: string, item: LaneItem<T>): void;
  /** The items of a lane that nobody has begun to handle. */
  waiting(lane: string): LaneItem<T>[];
  /** Resolves once nothing is being handled. */
  idle(): Promise<void>;
}

/** Parts of an album come one by one; this long without another, it is whole. */
const ALBUM_QUIET_MS = 600;
const ALBUM_LONGEST_MS = 5000;

/**
 * One serial lane per chat: items are handled one after the other, chats side by side. Parts of an album are waited for
 * and handled together.
 */
export function createLanes<T>(deps: {
  clock: Clock;
  log: Log;
  handle: (items: readonly [T, ...T[]]) => Promise<void>;
  signal: () => AbortSignal;
}): Lanes<T> {
  const { clock, log } = deps;
  const lanes = new Map<string, LaneItem<T>[]>();
  const running = new Map<string, Promise<void>>();

  async function takeNext(queue: LaneItem<T>[]): Promise<readonly [T, ...T[]] | null> {
    const [first] = queue;
    if (!first) return null;
    if (first.album !== null) await albumIsWhole(queue, first.album);
    const isTaken = (item: LaneItem<T>) =>
      item === first || (first.album !== null && item.album === first.album);
    const more = queue.filter((item) => item !== first && isTaken(item)).map(({ value }) => value);
    queue.splice(0, queue.length, ...queue.filter((item) => !isTaken(item)));
    return [first.value, ...more];
  }

  async function albumIsWhole(queue: readonly LaneItem<T>[], album: string): Promise<void> {
    const parts = () => queue.filter((item) => item.album === album).length;
    for (
      let waited = 0, before = 0;
      parts() > before && waited < ALBUM_LONGEST_MS;
      waited += ALBUM_QUIET_MS
    ) {
      before = parts();
      await clock.sleep(ALBUM_QUIET_MS, deps.signal());
    }
  }

  async function drain(lane: string, queue: LaneItem<T>[]): Promise<void> {
    try {
      for (;;) {
        const items = await takeNext(queue);
        if (!items) break;
        await deps.handle(items);
      }
    } catch (error) {
      // Stored updates are taken up at the next start.
      if (!deps.signal().aborted) log.error({ err: error, lane }, 'a chat of Telegram stopped being handled');
    }
    running.delete(lane);
    if (queue.length === 0) lanes.delete(lane);
  }

  return {
    add(lane, item) {
      const queue = lanes.get(lane) ?? [];
      lanes.set(lane, queue);
      queue.push(item);
      // What came along in the same turn of the loop, an edit of this item for one, is known before it is handled.
      if (!running.has(lane))
        running.set(
          lane,
          Promise.resolve().then(() => drain(lane, queue)),
        );
    },
    waiting: (lane) => lanes.get(lane) ?? [],
    async idle() {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}
