import type { Update } from '@grammyjs/types';
import type { ChannelUpdate, Clock, UpdateBox } from '@reeve/core';
import { CHANNEL } from '../chat-address.ts';

/** Handled updates are known this long, should they come again; Telegram keeps them for a day. */
const KNOWN_MS = 7 * 24 * 60 * 60 * 1000;
const FORGET_EVERY_MS = 24 * 60 * 60 * 1000;

/** Updates as they are stored before they are acknowledged. */
export interface StoredUpdates {
  /**
   * Stores updates and resolves after the commit to what is to be handled now: what was not known, and whatever an earlier
   * call stored whose answer was lost, which may be something that is being handled already.
   */
  store(updates: readonly Update[]): Promise<readonly ChannelUpdate[]>;
  /** What an earlier process stored and did not handle. */
  left(): Promise<readonly ChannelUpdate[]>;
}

export function createStoredUpdates({ box, clock }: { box: UpdateBox; clock: Clock }): StoredUpdates {
  /** Something may have been stored of which nobody knows. */
  let isInDoubt = false;
  let forgotAt = clock.now().getTime();

  async function forgetOld(): Promise<void> {
    forgotAt = clock.now().getTime();
    await box.forget(CHANNEL, new Date(forgotAt - KNOWN_MS));
  }

  return {
    async store(updates) {
      const sorted = updates.toSorted((a, b) => a.update_id - b.update_id);
      const bodies = sorted.map((update) => ({ updateId: update.update_id, body: JSON.stringify(update) }));
      const wasInDoubt = isInDoubt;
      isInDoubt = true;
      if (clock.now().getTime() - forgotAt > FORGET_EVERY_MS) await forgetOld();
      const fresh = await box.store(CHANNEL, bodies, clock.now());
      const unhandled = wasInDoubt ? await box.pending(CHANNEL) : fresh;
      isInDoubt = false;
      return unhandled;
    },
    async left() {
      await forgetOld();
      return box.pending(CHANNEL);
    },
  };
}
