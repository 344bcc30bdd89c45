import type { Clock, InboxEntry, Sender } from '@reeve/core';

/** A person does not want the answer any more: by a command, or by writing on. */
export class TurnStopped extends Error {
  readonly by: 'command' | 'next-message';
  constructor(by: 'command' | 'next-message') {
    super('the person broke the answer off');
    this.name = 'TurnStopped';
    this.by = by;
  }
}

/** More was typed before anything of the answer was seen. */
export class TurnJoined extends Error {
  constructor() {
    super('the person wrote on before an answer had begun');
    this.name = 'TurnJoined';
  }
}

/** One answer that is being made. */
export interface AnswerInHand {
  /** Aborts with `TurnStopped` or `TurnJoined`. */
  readonly signal: AbortSignal;
  show(): void;
  over(): void;
}

/** The answers that are being made, at most one for each conversation, and what breaks them off. */
export interface AnswersInHand {
  take(conversationId: string, first: InboxEntry): AnswerInHand;
  /** See `Mailboxes.wroteAgain`. */
  wroteAgain(entry: Pick<InboxEntry, 'conversationId' | 'sender'>, reach: Sender | null): void;
  /** False when no answer is being made there, or none within `reach`: to a message of one sender, or (null) of anybody. */
  stop(conversationId: string, reach: Sender | null): boolean;
  list(): { conversationId: string; since: Date }[];
}

/** An answer is begun anew this often at the most; who types on for ever is answered all the same. */
const MOST_JOINS = 3;

interface Hand {
  readonly first: string;
  readonly sender: Sender;
  readonly breaking: AbortController;
  readonly since: Date;
  readonly joins: number;
  isShown: boolean;
}

export function createAnswersInHand(deps: {
  clock: Clock;
  whileAnswering: () => 'queue' | 'stop';
}): AnswersInHand {
  const hands = new Map<string, Hand>();
  /** Of conversations whose answer was broken off to be begun anew. */
  const joined = new Map<string, { readonly first: string; readonly joins: number }>();
  return {
    take(conversationId, { id: first, sender }) {
      const before = joined.get(conversationId);
      joined.delete(conversationId);
      const joins = before?.first === first ? before.joins : 0;
      const hand = {
        first,
        sender,
        breaking: new AbortController(),
        since: deps.clock.now(),
        joins,
        isShown: false,
      };
      hands.set(conversationId, hand);
      return {
        signal: hand.breaking.signal,
        show() {
          hand.isShown = true;
        },
        over: () => void hands.delete(conversationId),
      };
    },
    wroteAgain({ conversationId, sender }, reach) {
      const hand = hands.get(conversationId);
      if (!hand) return;
      if (!hand.isShown && hand.joins < MOST_JOINS && isOf(hand, sender)) {
        joined.set(conversationId, { first: hand.first, joins: hand.joins + 1 });
        hand.breaking.abort(new TurnJoined());
      } else if (hand.isShown && isOf(hand, reach) && deps.whileAnswering() === 'stop') {
        hand.breaking.abort(new TurnStopped('next-message'));
      }
    },
    stop(conversationId, reach) {
      const hand = hands.get(conversationId);
      if (!hand || !isOf(hand, reach)) return false;
      hand.breaking.abort(new TurnStopped('command'));
      return true;
    },
    list: () => [...hands].map(([conversationId, { since }]) => ({ conversationId, since })),
  };
}

/** True when the answer is to a message of this sender; null is anybody. A conversation is of one channel. */
function isOf(hand: Hand, sender: Sender | null): boolean {
  return sender === null || sender.externalId === hand.sender.externalId;
}
