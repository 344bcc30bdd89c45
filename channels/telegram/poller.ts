import type { Update } from '@grammyjs/types';
import { type BotApi, POLL_SECONDS } from './bot-api.ts';
import { WANTED_UPDATES } from './inbound/handle-update.ts';
import { librarySignal, type Round } from './supervise.ts';

/** Polls once a round. The offset moves only after updates were stored. */
export function createPoller(deps: {
  api: BotApi;
  /** Stores updates; they count as acknowledged after it. */
  take: (updates: readonly Update[]) => Promise<void>;
  /** Takes back a webhook that we have set, before the first poll. */
  withdrawWebhook: () => Promise<void>;
}): Round {
  let offset = 0;
  let isWithdrawn = false;
  return async (signal) => {
    if (!isWithdrawn) {
      await deps.withdrawWebhook();
      isWithdrawn = true;
    }
    const updates = await deps.api.polls.getUpdates(
      { offset, timeout: POLL_SECONDS, limit: 100, allowed_updates: [...WANTED_UPDATES] },
      librarySignal(signal),
    );
    if (updates.length > 0) await deps.take(updates);
    offset = Math.max(offset, ...updates.map(({ update_id: id }) => id + 1));
    return null;
  };
}
