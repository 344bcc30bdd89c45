import type { Message, Update } from '@grammyjs/types';
import type { Clock, Log, UpdateBox } from '@reeve/core';
import { isPassing } from './handle-update.ts';
import { createLanes, type Lanes } from './lanes.ts';
import { createSettler } from './settler.ts';
import { createStoredUpdates } from './stored-updates.ts';

export interface Receiver {
  /** Stores updates; resolves after the commit, so that they may be acknowledged then. */
  take(updates: readonly Update[]): Promise<void>;
  /** Handles what an earlier process stored and did not handle. */
  takeUp(): Promise<void>;
  idle(): Promise<void>;
}

const MAX_TRIES = 3;
const RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;

/**
 * Between the poll and the handling: updates are stored first, then handled in order for each chat. Taps, the Stop button
 * and commands wait behind nothing. What changes a message that still waits takes its place. An update that always fails
 * is set aside after three tries; while the database is away nothing is given up.
 */
export function createReceiver(deps: {
  box: UpdateBox;
  clock: Clock;
  log: Log;
  handle: (updates: readonly [Update, ...Update[]], signal: AbortSignal) => Promise<void>;
  /** Told of an update that was set aside. */
  onSetAside: (update: Update) => Promise<void>;
  signal: () => AbortSignal;
}): Receiver {
  const { clock, log } = deps;
  const settle = createSettler(deps);
  const urgent = new Set<Promise<void>>();
  /** What waits or is being handled. */
  const inHand = new Set<number>();
  const stored = createStoredUpdates(deps);
  /** The edits that a message has taken in while it waited. */
  const edits = new WeakMap<Update, number[]>();
  const lanes = createLanes<Update>({ clock, log, signal: deps.signal, handle: handleSafely });

  async function handleSafely(updates: readonly [Update, ...Update[]]): Promise<void> {
    for (let tries = 1; ; ) {
      try {
        await deps.handle(updates, deps.signal());
        break;
      } catch (error) {
        deps.signal().throwIfAborted();
        if (!isPassing(error)) tries += 1;
        const [first] = updates;
        log.error({ err: error, update: first.update_id, tries }, 'handling an update failed');
        if (tries > MAX_TRIES) {
          await tellSetAside(first);
          break;
        }
        await clock.sleep(Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** tries), deps.signal());
      }
    }
    await settleAll(updates);
  }

  async function tellSetAside(update: Update): Promise<void> {
    try {
      await deps.onSetAside(update);
    } catch (error) {
      log.error({ err: error, update: update.update_id }, 'that an update was set aside could not be told');
    }
  }

  async function settleAll(updates: readonly Update[]): Promise<void> {
    const ids = updates.flatMap((update) => [update.update_id, ...(edits.get(update) ?? [])]);
    await settle(ids);
    for (const id of ids) inHand.delete(id);
  }

  /** Settles what there is nothing to do for. */
  function passOver(update: Update): void {
    settleAll([update]).catch((error: unknown) => {
      if (!deps.signal().aborted) log.error({ err: error }, 'an update was not marked');
    });
  }

  function dispatch(update: Update): void {
    if (isUrgent(update)) {
      const work = handleSafely([update])
        .catch((error: unknown) => {
          if (!deps.signal().aborted) log.error({ err: error }, 'an update waits for the next start');
        })
        .finally(() => urgent.delete(work));
      urgent.add(work);
      return;
    }
    const message = update.message ?? update.edited_message;
    const lane = message ? `${message.chat.id}:${message.message_thread_id ?? ''}` : 'others';
    // What was handled already is not taken back by an edit.
    if (update.edited_message && changeWaiting({ lanes, edits }, lane, update)) return;
    if (update.edited_message && !isWords(update.edited_message)) {
      passOver(update);
      return;
    }
    lanes.add(lane, { value: update, album: message?.media_group_id ?? null });
  }

  /** What is no update as we know them must not hold up the others that came along. */
  function dispatchSafely(body: string): void {
    const update = JSON.parse(body) as Update;
    if (inHand.has(update.update_id)) return;
    inHand.add(update.update_id);
    try {
      dispatch(update);
    } catch (error) {
      log.error({ err: error, update: update.update_id }, 'an update is not built as expected; set aside');
      passOver(update);
    }
  }

  return {
    async take(updates) {
      for (const { body } of await stored.store(updates)) dispatchSafely(body);
    },
    async takeUp() {
      for (const { body } of await stored.left()) dispatchSafely(body);
    },
    async idle() {
      await lanes.idle();
      await Promise.all(urgent);
    },
  };
}

/**
 * A message of words alone is known by its number when it comes again. A file would be fetched once more, and a part of an
 * album has no number of its own that is remembered.
 */
function isWords({ text, media_group_id: album }: Message): boolean {
  return text !== undefined && album === undefined;
}

function isUrgent({ message, callback_query: tap, stopped_message_generation: stopped }: Update): boolean {
  return tap !== undefined || stopped !== undefined || (message?.text?.startsWith('/') ?? false);
}

/** Puts the new words into the message, if nobody has begun to handle it; the edit is handled when the message is. */
function changeWaiting(
  { lanes, edits }: { lanes: Lanes<Update>; edits: WeakMap<Update, number[]> },
  lane: string,
  { update_id: id, edited_message: edited }: Update,
): boolean {
  for (const { value } of lanes.waiting(lane)) {
    const { message } = value;
    if (message && message.message_id === edited?.message_id) {
      Object.assign(message, { entities: [], caption_entities: [] }, edited);
      edits.set(value, [...(edits.get(value) ?? []), id]);
      return true;
    }
  }
  return false;
}
