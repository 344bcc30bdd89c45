import type { Background } from './context/assemble.ts';

/** A message that is about to be stored. */
export interface Arrival {
  /** True when nothing of its conversation is in hand or arriving before it; nothing will be until it is over. */
  readonly isFirst: boolean;
  /** Called once it was handed over, or was not stored after all. */
  over(): void;
}

/** One that comes after others. */
export const LATER_ARRIVAL: Arrival = { isFirst: false, over: () => undefined };

/** What answers will need, read while their messages are being stored and taken up. */
export interface ReadAhead {
  /** Begins to read for a message that is about to be stored. What nobody has taken when it is over grows stale. */
  arrive(conversationId: string, onOver: () => void): Arrival;
  /** True while the first message of a conversation is being stored. */
  isArriving(conversationId: string): boolean;
  /** Begins to read, unless that was begun. */
  begin(conversationId: string): void;
  /** What is being read for a conversation, once; null when nothing is. */
  take(conversationId: string): Promise<Background> | null;
}

export function createReadAhead(read: (conversationId: string) => Promise<Background>): ReadAhead {
  const begun = new Map<string, Promise<Background>>();
  const arriving = new Set<string>();

  function begin(conversationId: string): void {
    if (begun.has(conversationId)) return;
    const background = read(conversationId);
    // Who takes it is told what went wrong; it may turn out that nobody does.
    background.catch(() => undefined);
    begun.set(conversationId, background);
  }

  return {
    arrive(conversationId, onOver) {
      if (arriving.has(conversationId)) return LATER_ARRIVAL;
      arriving.add(conversationId);
      begin(conversationId);
      return {
        isFirst: true,
        over() {
          arriving.delete(conversationId);
          onOver();
          begun.delete(conversationId);
        },
      };
    },
    isArriving: (conversationId) => arriving.has(conversationId),
    begin,
    take(conversationId) {
      const background = begun.get(conversationId) ?? null;
      begun.delete(conversationId);
      return background;
    },
  };
}
