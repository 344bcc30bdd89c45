import type { EventLog } from '@reeve/core';

/** An event log in memory. `pause`, when given, is awaited before each call answers, to provoke races. */
export function createMemoryEventLog(pause: () => Promise<void> = async () => undefined): EventLog {
  const events: Awaited<ReturnType<EventLog['after']>> = [];
  const numbers = new Map<string, number>();
  return {
    async append({ deliveryId, ...event }) {
      const known = numbers.get(deliveryId);
      if (known !== undefined) return known;
      const number = events.length + 1;
      numbers.set(deliveryId, number);
      events.push({ number, ...event });
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
  };
}
