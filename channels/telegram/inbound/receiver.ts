import type { Update } from '@grammyjs/types';
import type { Clock, Log, UpdateBox } from '@reeve/core';
import { CHANNEL } from '../chat-address.ts';
import { isPassing } from './handle-update.ts';
import { createLanes, type Lanes } from './lanes.ts';
import { createSettler } from './settler.ts';

export interface Receiver {
  /** Stores updates; resolves after the commit, so that they may be acknowledged then. */
  take(updates: readonly Update[]): Promise<void>;
  /** Handles what an earlier process stored and did not handle. */
  takeUp(): Promise<void>;
  idle(): Promise<void>;
}

/** Handled updates are known this long, should they come again; Telegram keeps them for a day. */
const KNOWN_MS = 7 * 24 * 60 * 60 * 1000;
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
  const { box, clock, log } = deps;
  const settle = createSettler(deps);
  const urgent = new Set<Promise<void>>();
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
          await deps.onSetAside(first);
          break;
        }
        await clock.sleep(Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** tries), deps.signal());
      }
    }
    await settle(updates.map(({ update_id: id }) => id));
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
    if (update.edited_message && changeWaiting(lanes, lane, update)) {
      settle([update.update_id]).catch((error: unknown) =>
        log.error({ err: error }, 'an edit was not marked'),
      );
      return;
    }
    // What was handled already is not taken back by an edit.
    lanes.add(lane, { value: update, album: message?.media_group_id ?? null });
  }

  /** What is no update as we know them must not hold up the others that came along. */
  function dispatchSafely(body: string): void {
    const update = JSON.parse(body) as Update;
    try {
      dispatch(update);
    } catch (error) {
      log.error({ err: error, update: update.update_id }, 'an update is not built as expected; set aside');
      settle([update.update_id]).catch((reason: unknown) =>
        log.error({ err: reason }, 'an update was not marked'),
      );
    }
  }

  return {
    async take(updates) {
      const sorted = updates.toSorted((a, b) => a.update_id - b.update_id);
      const bodies = sorted.map((update) => ({ updateId: update.update_id, body: JSON.stringify(update) }));
      for (const fresh of await box.store(CHANNEL, bodies, clock.now())) dispatchSafely(fresh.body);
    },
    async takeUp() {
      await box.forget(CHANNEL, new Date(clock.now().getTime() - KNOWN_MS));
      for (const stored of await box.pending(CHANNEL)) dispatchSafely(stored.body);
    },
    async idle() {
      await lanes.idle();
      await Promise.all(urgent);
    },
  };
}

function isUrgent({ message, callback_query: tap, stopped_message_generation: stopped }: Update): boolean {
  return tap !== undefined || stopped !== undefined || (message?.text?.startsWith('/') ?? false);
}

/** Puts the new words into the message, if nobody has begun to handle it. */
function changeWaiting(lanes: Lanes<Update>, lane: string, { edited_message: edited }: Update): boolean {
  for (const item of lanes.waiting(lane)) {
    const { message } = item.value;
    if (message && message.message_id === edited?.message_id) {
      Object.assign(message, edited);
      return true;
    }
  }
  return false;
}
