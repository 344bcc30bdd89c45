import type { Background } from './context/assemble.ts';

/** A message that is about to be stored. */
export interface Arrival {
  /** True when nothing of its conversation is in hand or arriving before it. */
  readonly isFirst: boolean;
  /** Called once it was handed over, or was not stored after all: what was read for it and not taken grows stale. */
  over(): void;
}

/** One that comes after others. */
export const LATER_ARRIVAL: Arrival = { isFirst: false, over: () => undefined };

/** What answers will need, read while their messages are being stored and taken up. */
export interface ReadAhead {
  /** Begins to read, unless that was begun. */
  begin(conversationId: string): Arrival;
  /** What is being read for a conversation, once; null when nothing is. */
  take(conversationId: string): Promise<Background> | null;
}

export function createReadAhead(read: (conversationId: string) => Promise<Background>): ReadAhead {
  const begun = new Map<string, Promise<Background>>();
  return {
    begin(conversationId) {
      if (begun.has(conversationId)) return LATER_ARRIVAL;
      const background = read(conversationId);
      // Who takes it is told what went wrong; it may turn out that nobody does.
      background.catch(() => undefined);
      begun.set(conversationId, background);
      return { isFirst: true, over: () => void begun.delete(conversationId) };
    },
    take(conversationId) {
      const background = begun.get(conversationId) ?? null;
      begun.delete(conversationId);
      return background;
    },
  };
}
