import type { Clock, Inbound, InboxEntry, Store } from '@reeve/core';
import type { People } from './people.ts';

/** Who is there: people who wrote or tapped a moment ago are awake, whatever the clock says. */
export interface Presence {
  /** Somebody wrote in a conversation, or (null) tapped something. */
  seen(conversationId: string | null, isOwner: boolean): void;
  /** True when somebody wrote in this conversation lately, or the owner did anything anywhere. */
  isAwake(conversationId: string): Promise<boolean>;
  /** Called whenever somebody is seen. */
  onSeen(listener: () => void): void;
}

/** Long enough for one to read an answer, and for most tasks. */
const AWAKE_MS = 30 * 60_000;
const LOOKED_AT = 10;

/** Remembered by this process; what was written before it started is read from the messages. */
export function createPresence(deps: { store: Pick<Store, 'messages'>; clock: Clock }): Presence {
  const { store, clock } = deps;
  const listeners: (() => void)[] = [];
  const lastIn = new Map<string, Date>();
  let lastOwner: Date | null = null;
  const isFresh = (at: Date | null | undefined) =>
    at ? Math.abs(clock.now().getTime() - at.getTime()) < AWAKE_MS : false;
  return {
    seen(conversationId, isOwner) {
      const now = clock.now();
      if (conversationId !== null) lastIn.set(conversationId, now);
      if (isOwner) lastOwner = now;
      for (const listener of listeners) listener();
    },
    async isAwake(conversationId) {
      if (isFresh(lastOwner) || isFresh(lastIn.get(conversationId))) return true;
      const messages = await store.messages.recent(conversationId, LOOKED_AT);
      return isFresh(messages.findLast(({ role }) => role === 'user')?.at);
    },
    onSeen: (listener) => void listeners.push(listener),
  };
}

/** Whoever is heard is there; what is refused comes from nobody. */
export function noticing(
  inbound: Inbound,
  { presence, people }: { presence: Presence; people: Pick<People, 'roleOf'> },
): Inbound {
  const isOwner = ({ sender, chat }: Pick<InboxEntry, 'sender' | 'chat'>) =>
    people.roleOf(sender, chat.channel) === 'owner';
  return {
    async receive(message) {
      const accepted = await inbound.receive(message);
      if (accepted.kind !== 'refused') presence.seen(accepted.conversationId, isOwner(message));
      return accepted;
    },
    decide(request) {
      if (isOwner(request)) presence.seen(null, true);
      return inbound.decide(request);
    },
    choose(request) {
      if (isOwner(request)) presence.seen(null, true);
      return inbound.choose(request);
    },
  };
}
