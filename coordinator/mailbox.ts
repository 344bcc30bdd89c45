import type { InboxEntry, Log, Store } from '@reeve/core';

export interface Mailboxes {
  /** Says that a conversation has something to handle; returns at once. */
  wake(conversationId: string): void;
  /** Resolves once nothing is being handled; for an orderly stop. */
  idle(): Promise<void>;
  stop(): void;
}

/** Tries after which a message that always fails is set aside. */
const MAX_TRIES = 3;

/**
 * One serial mailbox per conversation: its messages are handled one after the other, conversations side by side. An
 * entry that fails three times, restarts included, is set aside and its sender told once.
 */
export function createMailboxes(deps: {
  store: Store;
  handle: (entry: InboxEntry) => Promise<void>;
  setAside: (entry: InboxEntry) => Promise<void>;
  log: Log;
}): Mailboxes {
  const { store, log } = deps;
  const running = new Map<string, Promise<void>>();
  const again = new Set<string>();
  let isStopped = false;

  async function handleNext(conversationId: string): Promise<boolean> {
    const [entry] = await store.inbox.pending(conversationId, 'turn');
    if (!entry) return false;
    const tries = await store.inbox.raiseTries(entry.id);
    if (tries > MAX_TRIES) {
      await deps.setAside(entry);
      return true;
    }
    try {
      await deps.handle(entry);
    } catch (error) {
      if (isStopped) return false;
      log.error({ err: error, turn: entry.id, tries }, 'handling a message failed');
    }
    return true;
  }

  async function drain(conversationId: string): Promise<void> {
    do {
      again.delete(conversationId);
      while (!isStopped && (await handleNext(conversationId)));
    } while (!isStopped && again.has(conversationId));
  }

  function start(conversationId: string): void {
    const work = drain(conversationId)
      .catch((error: unknown) =>
        log.error(
          { err: error, conversation: conversationId },
          'mailbox failed; it goes on with the next message',
        ),
      )
      .finally(() => {
        running.delete(conversationId);
        if (again.has(conversationId) && !isStopped) start(conversationId);
      });
    running.set(conversationId, work);
  }

  return {
    wake(conversationId) {
      if (isStopped) return;
      again.add(conversationId);
      if (!running.has(conversationId)) start(conversationId);
    },
    async idle() {
      while (running.size > 0) await Promise.all(running.values());
    },
    stop() {
      isStopped = true;
    },
  };
}
