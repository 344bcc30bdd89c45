import type { ChannelEvent, EventLog, NewChannelEvent, PageFrom, PlacedEvent } from '@reeve/core';

interface Kept extends ChannelEvent {
  readonly key: string | undefined;
  readonly words: string | undefined;
  /** Null when it is not shown. */
  readonly position: number | null;
}

/** An event log in memory. `pause`, when given, is awaited before each call answers, to provoke races. */
export function createMemoryEventLog(pause: () => Promise<void> = async () => undefined): EventLog {
  const events: Kept[] = [];
  const numbers = new Map<string, number>();
  const firstWithKey = (conversationId: string, key: string | undefined) =>
    key === undefined
      ? undefined
      : events.find((event) => event.conversationId === conversationId && event.key === key)?.number;
  return {
    async append({ deliveryId, conversationId, body, at, key, words, isAside = false }: NewChannelEvent) {
      const known = numbers.get(deliveryId);
      if (known !== undefined) return known;
      const number = events.length + 1;
      const position = isAside ? null : (firstWithKey(conversationId, key) ?? number);
      numbers.set(deliveryId, number);
      events.push({ number, conversationId, body, at, key, words, position });
      await pause();
      return number;
    },
    async after(number, conversationId, limit) {
      const found = events
        .filter((event) => event.number > number)
        .filter((event) => conversationId === null || event.conversationId === conversationId)
        .slice(0, limit);
      await pause();
      return found;
    },
    async newest() {
      const number = events.length;
      await pause();
      return number;
    },
    async page(conversationId, from, limit) {
      const newestAt = new Map<number, PlacedEvent>();
      for (const event of placed(events))
        if (event.conversationId === conversationId) newestAt.set(event.position, event);
      const wanted = [...newestAt.values()].filter(({ position }) => reaches(from, position));
      wanted.sort((one, other) => one.position - other.position);
      return from.kind === 'after' ? wanted.slice(0, limit) : wanted.slice(-limit);
    },
    async find(parts, limit, conversationIds) {
      const isWanted = (id: string) => conversationIds === null || conversationIds.includes(id);
      const holds = (words = '') => parts.every((part) => words.toLowerCase().includes(part.toLowerCase()));
      const found = placed(
        events.filter(
          ({ words, conversationId }) => words !== undefined && holds(words) && isWanted(conversationId),
        ),
      );
      return found.reverse().slice(0, limit);
    },
    async summaries(conversationIds) {
      return conversationIds.flatMap((conversationId) => {
        const own = events.filter((event) => event.conversationId === conversationId);
        const last = own.at(-1);
        if (!last) return [];
        const title = own.findLast((event) => event.key === 'title')?.words ?? null;
        const opening = own.find((event) => event.position !== null && event.words !== undefined)?.words;
        return [{ conversationId, title, opening: opening ?? null, lastAt: last.at }];
      });
    },
  };
}

function placed(events: readonly Kept[]): PlacedEvent[] {
  return events.flatMap((event) => (event.position === null ? [] : [{ ...event, position: event.position }]));
}

function reaches(from: PageFrom, position: number): boolean {
  switch (from.kind) {
    case 'newest':
      return true;
    case 'before':
      return position < from.position;
    case 'after':
      return position > from.position;
  }
}
