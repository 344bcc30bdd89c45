/** Chats that nobody can be reached in: the bot was blocked or thrown out, or the chat is gone. */
export interface LostChats {
  has(chatId: number): boolean;
  add(chatId: number): void;
  /** Somebody wrote there again. */
  found(chatId: number): void;
}

const MOST_CHATS = 10_000;

/** Remembers until the next start, so that a lost chat is tried once and not once for each message. */
export function createLostChats(): LostChats {
  const lost = new Set<number>();
  return {
    has: (chatId) => lost.has(chatId),
    add(chatId) {
      if (lost.size < MOST_CHATS) lost.add(chatId);
    },
    found: (chatId) => void lost.delete(chatId),
  };
}
