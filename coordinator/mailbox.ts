import {
  type Clock,
  CoordinatorFenced,
  type InboxEntry,
  type Log,
  type Sender,
  type Store,
} from '@reeve/core';
import { createAnswersInHand, TurnJoined } from './answers-in-hand.ts';
import type { Background } from './context/assemble.ts';
import { type Arrival, createReadAhead, LATER_ARRIVAL } from './read-ahead.ts';

/** One inbound message, or several that a person typed in a row, answered together. */
export interface Turn {
  /** The first gives the turn its id. All of one sender. */
  readonly entries: readonly [InboxEntry, ...InboxEntry[]];
  /** What its context is made of, when that is being read already. */
  readonly background: Promise<Background> | null;
  /** From now on the person sees something of the answer, or something was begun: it is not begun anew any more. */
  show(): void;
}

export interface Mailboxes {
  /**
   * Says that a message is about to be stored: what its answer will need is read meanwhile, if nothing of its conversation
   * is in hand. Call its `over` in any case.
   */
  expect(conversationId: string): Arrival;
  /** Says that a conversation has something to handle; returns at once. */
  wake(conversationId: string): void;
  /**
   * Says that a person wrote. A message that counted its first try as it was stored is taken up as it is. An answer to the
   * same person of which nothing is seen yet begins anew with both messages; one that is being written goes on or is
   * broken off, as the owner chose. `reach`: whose answers the writer may break off, null for everybody's.
   */
  wroteAgain(entry: InboxEntry, reach: Sender | null): void;
  /** Messages that are being handled, oldest first. */
  inHand(): { conversationId: string; since: Date }[];
  /** Breaks off what is being handled in a conversation, if it is within `reach`; false when nothing is. */
  interrupt(conversationId: string, reach: Sender | null): boolean;
  /** Resolves once nothing is being handled; for an orderly stop. */
  idle(): Promise<void>;
  stop(): void;
}

/** Tries after which a message that always fails is set aside. */
const MAX_TRIES = 3;
/** Before a message is tried again, and before a mailbox that could not be read is looked into again. */
const RETRY_MS = 500;
/** Typed in a row: no longer than this between one message and the next. */
const IN_A_ROW_MS = 15_000;
const MOST_TOGETHER = 10;
const MOST_CHARACTERS = 16_000;

/**
 * One serial mailbox per conversation: its messages are handled one after the other, conversations side by side;
 * messages that one person typed in a row are handled together. An entry that fails three times, restarts included, is set aside and its sender told once. A database that is away costs
 * no tries: the mailbox looks again until it is back.
 */
export function createMailboxes(deps: {
  store: Store;
  clock: Clock;
  /** Begins to read what a turn of this conversation will need. */
  readBackground: (conversationId: string) => Promise<Background>;
  /** The signal aborts with `TurnStopped` when a person breaks it off, else when everything stops. */
  handle: (turn: Turn, signal: AbortSignal) => Promise<void>;
  setAside: (entry: InboxEntry) => Promise<void>;
  /** What becomes of an answer that is being written when its reader writes again. */
  whileAnswering: () => 'queue' | 'stop';
  log: Log;
}): Mailboxes {
  const { store, log } = deps;
  const running = new Map<string, Promise<void>>();
  const again = new Set<string>();
  /** Messages that counted their first try as they were stored. */
  const begun = new Map<string, readonly [InboxEntry]>();
  const ahead = createReadAhead(deps.readBackground);
  const inHand = createAnswersInHand(deps);
  const stopping = new AbortController();
  const pause = () => deps.clock.sleep(RETRY_MS, stopping.signal).catch(() => undefined);

  /** @param isAwaited true when something is known to wait: what answering it needs is then read at the same time. */
  async function handleNext(conversationId: string, isAwaited: boolean): Promise<boolean> {
    const beginning = takeOut(begun, conversationId) ?? store.inbox.begin(conversationId);
    if (isAwaited) ahead.begin(conversationId);
    const background = ahead.take(conversationId);
    let pending = await beginning;
    const [entry] = pending;
    if (!entry) return false;
    if (entry.tries > MAX_TRIES) {
      await deps.setAside(entry);
      return true;
    }
    const hand = inHand.take(conversationId, entry);
    try {
      // What came in between nobody was told of.
      if (again.delete(conversationId)) pending = await store.inbox.pending(conversationId, 'turn');
      // Tried again, a message is alone: what fails must not take others with it.
      const entries = entry.tries === 1 ? typedInARow(entry, pending) : ([entry] as const);
      await deps.handle(
        { entries, background, show: hand.show },
        AbortSignal.any([stopping.signal, hand.signal]),
      );
    } catch (error) {
      const isUnfinished = stopping.signal.aborted || hand.signal.reason instanceof TurnJoined;
      if (isUnfinished) await store.inbox.lowerTries(entry.id);
      if (stopping.signal.aborted || error instanceof CoordinatorFenced) throw error;
      if (isUnfinished) return true;
      log.error({ err: error, turn: entry.id, tries: entry.tries }, 'handling a message failed');
      await pause();
    } finally {
      hand.over();
    }
    return true;
  }

  async function drain(conversationId: string): Promise<void> {
    do {
      let isAwaited = begun.has(conversationId) || again.delete(conversationId);
      while (!stopping.signal.aborted && (await handleNext(conversationId, isAwaited))) isAwaited = false;
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

  /** Handles what waits, unless that is being done, or the first of it is still being stored. */
  function start(conversationId: string): void {
    if (!begun.has(conversationId) && !again.has(conversationId)) return;
    if (running.has(conversationId) || ahead.isArriving(conversationId) || stopping.signal.aborted) return;
    const work = drainUntilDone(conversationId).finally(() => {
      running.delete(conversationId);
      start(conversationId);
    });
    running.set(conversationId, work);
  }

  function wake(conversationId: string): void {
    again.add(conversationId);
    start(conversationId);
  }

  return {
    expect: (conversation) =>
      running.has(conversation) || stopping.signal.aborted
        ? LATER_ARRIVAL
        : ahead.arrive(conversation, () => start(conversation)),
    wake,
    wroteAgain(entry, reach) {
      inHand.wroteAgain(entry, reach);
      if (entry.tries > 0) begun.set(entry.conversationId, [entry]);
      else wake(entry.conversationId);
    },
    interrupt: inHand.stop,
    inHand: inHand.list,
    async idle() {
      while (running.size > 0) await Promise.all(running.values());
    },
    stop: () => stopping.abort(),
  };
}

function takeOut<Value>(map: Map<string, Value>, key: string): Value | undefined {
  const value = map.get(key);
  map.delete(key);
  return value;
}

/** The first message and those that its sender typed right after it, as many as make one turn. */
function typedInARow(
  first: InboxEntry,
  pending: readonly InboxEntry[],
): readonly [InboxEntry, ...InboxEntry[]] {
  const more: InboxEntry[] = [];
  let last = first;
  let characters = first.text.length;
  // One that was stored before it may have become visible since; its turn comes after this one.
  const after = pending.slice(pending.findIndex(({ id }) => id === first.id) + 1);
  for (const entry of after.slice(0, MOST_TOGETHER - 1)) {
    characters += entry.text.length;
    const gap = entry.receivedAt.getTime() - last.receivedAt.getTime();
    if (entry.sender.externalId !== first.sender.externalId) break;
    if (gap > IN_A_ROW_MS || characters > MOST_CHARACTERS) break;
    more.push(entry);
    last = entry;
  }
  return [first, ...more];
}
