import type { Update } from '@grammyjs/types';
import { type BotApi, POLL_SECONDS } from './bot-api.ts';
import { WANTED_UPDATES } from './inbound/handle-update.ts';
import { librarySignal, type Round } from './supervise.ts';

/** After a week without updates Telegram may go on at any number, also a lower one. */
const LONG_SILENCE_MS = 5 * 24 * 60 * 60 * 1000;

/** Polls once a round. The offset moves only after updates were stored. */
export function createPoller(deps: {
  api: BotApi;
  /** Stores updates; they count as acknowledged after it. */
  take: (updates: readonly Update[]) => Promise<void>;
  /** Takes back a webhook that we have set, before the first poll. */
  withdrawWebhook: () => Promise<void>;
  /** In milliseconds. */
  now: () => number;
}): Round {
  let offset = 0;
  let lastAt = deps.now();
  let isWithdrawn = false;
  return async (signal) => {
    if (!isWithdrawn) {
      await deps.withdrawWebhook();
      isWithdrawn = true;
    }
    if (deps.now() - lastAt > LONG_SILENCE_MS) offset = 0;
    const polled = await deps.api.polls.getUpdates(
      { offset, timeout: POLL_SECONDS, limit: 100, allowed_updates: [...WANTED_UPDATES] },
      librarySignal(signal),
    );
    // What has no number could never be acknowledged, and must not hold up the rest.
    const updates = polled.filter((update) => Number.isSafeInteger(update?.update_id));
    if (updates.length === 0) return null;
    await deps.take(updates);
    offset = Math.max(offset, ...updates.map(({ update_id: id }) => id + 1));
    lastAt = deps.now();
    return null;
  };
}
