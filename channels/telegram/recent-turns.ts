export interface RecentTurns {
  note(turnId: string, messageId: number): void;
  /** The message that a turn answers; null when it was too long ago or before a restart. */
  messageOf(turnId: string): number | null;
}

const MOST_TURNS = 2000;

/** Which message a turn answers, for drafts, which only know the turn. */
export function createRecentTurns(): RecentTurns {
  const turns = new Map<string, number>();
  return {
    note(turnId, messageId) {
      turns.set(turnId, messageId);
      const [oldest] = turns.keys();
      if (turns.size > MOST_TURNS && oldest !== undefined) turns.delete(oldest);
    },
    messageOf: (turnId) => turns.get(turnId) ?? null,
  };
}
