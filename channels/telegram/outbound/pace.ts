/**
 * How fast messages may go out, a little below what Telegram allows: about one a second in a private chat with short
 * bursts, twenty a minute in a group, thirty a second in all (the Bot FAQ).
 */
const PRIVATE = { burst: 3, refillMs: 1050 } as const;
const GROUP = { burst: 3, refillMs: 3600 } as const;
const ALL = { burst: 25, refillMs: 40 } as const;
const MOST_CHATS = 10_000;

export interface Pace {
  /**
   * Takes a place for one message to a chat; milliseconds to wait when there is none, 0 when it was taken. Progress leaves
   * one place to what people wait for.
   */
  take(chatId: number, urgency: 'answer' | 'progress'): number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** @param now in milliseconds. */
export function createPace(now: () => number): Pace {
  const chats = new Map<number, Bucket>();
  const all: Bucket = { tokens: ALL.burst, at: now() };

  function waitFor(
    bucket: Bucket,
    { burst, refillMs }: { burst: number; refillMs: number },
    places: number,
  ): number {
    const at = now();
    bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, at - bucket.at) / refillMs);
    bucket.at = at;
    return bucket.tokens >= places ? 0 : Math.ceil((places - bucket.tokens) * refillMs);
  }

  return {
    take(chatId, urgency) {
      const places = urgency === 'progress' ? 2 : 1;
      const limits = chatId < 0 ? GROUP : PRIVATE;
      const bucket = chats.get(chatId) ?? { tokens: limits.burst, at: now() };
      if (chats.size > MOST_CHATS) chats.clear();
      chats.set(chatId, bucket);
      const wait = Math.max(waitFor(bucket, limits, places), waitFor(all, ALL, places));
      if (wait === 0) {
        bucket.tokens -= 1;
        all.tokens -= 1;
      }
      return wait;
    },
  };
}
