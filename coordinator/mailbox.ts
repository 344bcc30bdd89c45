import { type Clock, CoordinatorFenced, type InboxEntry, type Log, type Store } from '@reeve/core';

export interface Mailboxes {
  /** Says that a conversation has something to handle; returns at once. */
  wake(conversationId: string): void;
  /** Messages that are being handled, oldest first. */
  inHand(): { conversationId: string; since: Date }[];
  /** Breaks off what is being handled in a conversation; false when nothing is. */
  interrupt(conversationId: string): boolean;
  /** Resolves once nothing is being handled; for an orderly stop. */
  idle(): Promise<void>;
  stop(): void;
}

/** A person does not want the answer any more. */
export class TurnStopped extends Error {
  constructor() {
    super('the person broke the answer off');
    this.name = 'TurnStopped';
  }
}

/** Tries after which a message that always fails is set aside. */
const MAX_TRIES = 3;
/** Before a message is tried again, and before a mailbox that could not be read is looked into again. */
const RETRY_MS = 500;

/**
 * One serial mailbox per conversation: its messages are handled one after the other, conversations side by side. An
 * entry that fails three times, restarts included, is set aside and its sender told once. A database that is away costs
 * no tries: the mailbox looks again until it is back.
 */
export function createMailboxes(deps: {
  store: Store;
  clock: Clock;
  /** The signal aborts with `TurnStopped` when a person breaks it off, else when everything stops. */
  handle: (entry: InboxEntry, signal: AbortSignal) => Promise<void>;
  setAside: (entry: InboxEntry) => Promise<void>;
  log: Log;
}): Mailboxes {
  const { store, log } = deps;
  const running = new Map<string, Promise<void>>();
  const again = new Set<string>();
  const inHand = new Map<string, { breaking: AbortController; since: Date }>();
  const stopping = new AbortController();

  async function handleNext(conversationId: string): Promise<boolean> {
    const [entry] = await store.inbox.pending(conversationId, 'turn');
    if (!entry) return false;
    // In a transaction, so that a coordinator that was superseded counts no tries.
    const tries = await store.transaction((records) => records.inbox.raiseTries(entry.id));
    if (tries > MAX_TRIES) {
      await deps.setAside(entry);
      return true;
    }
    const breaking = new AbortController();
    inHand.set(conversationId, { breaking, since: deps.clock.now() });
    try {
      await deps.handle(entry, AbortSignal.any([stopping.signal, breaking.signal]));
    } catch (error) {
      if (stopping.signal.aborted) await store.inbox.lowerTries(entry.id);
      if (stopping.signal.aborted || error instanceof CoordinatorFenced) throw error;
      log.error({ err: error, turn: entry.id, tries }, 'handling a message failed');
      await pause();
    } finally {
      inHand.delete(conversationId);
    }
    return true;
  }

  async function drain(conversationId: string): Promise<void> {
    do {
      again.delete(conversationId);
      while (!stopping.signal.aborted && (await handleNext(conversationId)));
    } while (!stopping.signal.aborted && again.has(conversationId));
  }

  async function drainUntilDone(conversationId: string): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        return await drain(conversationId);
      } catch (error) {
        if (stopping.signal.aborted || error instanceof CoordinatorFenced) return;
        log.error({ err: error, conversation: conversationId }, 'a mailbox failed; it is looked into again');
        await pause();
      }
    }
  }

  async function pause(): Promise<void> {
    await deps.clock.sleep(RETRY_MS, stopping.signal).catch(() => undefined);
  }

  function start(conversationId: string): void {
    const work = drainUntilDone(conversationId).finally(() => {
      running.delete(conversationId);
      if (again.has(conversationId) && !stopping.signal.aborted) start(conversationId);
    });
    running.set(conversationId, work);
  }

  return {
    wake(conversationId) {
      if (stopping.signal.aborted) return;
      again.add(conversationId);
      if (!running.has(conversationId)) start(conversationId);
    },
    interrupt(conversationId) {
      const handled = inHand.get(conversationId);
      handled?.breaking.abort(new TurnStopped());
      return handled !== undefined;
    },
    inHand: () => [...inHand].map(([conversationId, { since }]) => ({ conversationId, since })),
    async idle() {
      while (running.size > 0) await Promise.all(running.values());
    },
    stop() {
      stopping.abort();
    },
  };
}
