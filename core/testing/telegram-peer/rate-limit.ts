/**
 * Telegram's limits as its documentation words them: about one message a second in a chat with short bursts, twenty a
 * minute in a group, thirty a second in all. Source: the Bot FAQ, “My bot is hitting limits”.
 */
const LIMITS = { burst: 5, perChatMs: 1000, groupPerMinute: 20, perSecond: 30 } as const;

const COUNTED: ReadonlySet<string> = new Set([
  'sendmessage',
  'senddocument',
  'sendphoto',
  'sendvoice',
  'editmessagetext',
  'editmessagereplymarkup',
]);

/** Seconds to wait before the call is allowed, or 0 when it is; a call that is allowed counts. */
export type RateLimit = (method: string, chatId: number | null, at: number) => number;

export function createRateLimit(): RateLimit {
  const chats = new Map<number, { tokens: number; at: number }>();
  const groups = new Map<number, number[]>();
  let all: number[] = [];
  return (method, chatId, at) => {
    if (!COUNTED.has(method) || chatId === null) return 0;
    all = all.filter((time) => at - time < 1000);
    if (all.length >= LIMITS.perSecond) return 1;
    const minute = (groups.get(chatId) ?? []).filter((time) => at - time < 60_000);
    if (chatId < 0 && minute.length >= LIMITS.groupPerMinute)
      return Math.ceil((60_000 - (at - (minute[0] ?? at))) / 1000);
    const bucket = chats.get(chatId) ?? { tokens: LIMITS.burst, at };
    const tokens = Math.min(LIMITS.burst, bucket.tokens + (at - bucket.at) / LIMITS.perChatMs);
    if (tokens < 1) return Math.ceil(((1 - tokens) * LIMITS.perChatMs) / 1000);
    chats.set(chatId, { tokens: tokens - 1, at });
    groups.set(chatId, [...minute, at]);
    all.push(at);
    return 0;
  };
}
