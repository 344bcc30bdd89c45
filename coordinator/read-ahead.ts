import type { Background } from './context/assemble.ts';

/** What answers will need, read while their messages are being stored and taken up. */
export interface ReadAhead {
  /** Begins to read; what it returns forgets what nobody has taken by then, for it grows stale. */
  begin(conversationId: string): () => void;
  /** What is being read for a conversation, once; null when nothing is. */
  take(conversationId: string): Promise<Background> | null;
}

export function createReadAhead(read: (conversationId: string) => Promise<Background>): ReadAhead {
  const begun = new Map<string, Promise<Background>>();
  return {
    begin(conversationId) {
      if (!begun.has(conversationId)) {
        const background = read(conversationId);
        // Who takes it is told what went wrong; it may turn out that nobody does.
        background.catch(() => undefined);
        begun.set(conversationId, background);
      }
      return () => void begun.delete(conversationId);
    },
    take(conversationId) {
      const background = begun.get(conversationId) ?? null;
      begun.delete(conversationId);
      return background;
    },
  };
}
