import type { ChannelAdapter, Clock, Delivery, DueDelivery, Log, Outbound, Store } from '@reeve/core';
import { createSignal } from './wake-signal.ts';

export interface OutboxDelivery {
  /** Says that there is something new to deliver. */
  wake(): void;
  /** Delivers until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

const BATCH = 64;
const MAX_TRIES = 20;
const RETRY_BASE_MS = 500;
const RETRY_CAP_MS = 60_000;
/** Looks again at least this often, should a wake-up have been lost with a crash. */
const IDLE_LOOK_MS = 5000;

/**
 * Delivers the outbox, in order per conversation. Written before each send: that it is being sent. A send whose fate
 * is unknown is repeated once, labelled as a possible duplicate, when it is an answer or a question; progress is
 * dropped, because the next card says the same and more. One channel's failure never stops another's.
 */
export function createOutboxDelivery(deps: {
  store: Store;
  channels: ReadonlyMap<string, ChannelAdapter>;
  clock: Clock;
  log: Log;
}): OutboxDelivery {
  const { store, channels, clock, log } = deps;
  const signal = createSignal();

  async function deliver(due: DueDelivery): Promise<void> {
    const { entry } = due;
    const channel = channels.get(entry.chat.channel);
    if (!channel) {
      await store.outbox.markRefused(
        entry.id,
        `channel ${entry.chat.channel} is not configured`,
        clock.now(),
      );
      log.warn(
        { outbox: entry.id, channel: entry.chat.channel },
        'message for a channel that is not configured was set aside',
      );
      return;
    }
    if (due.mayHaveArrived && entry.urgency === 'progress')
      return store.outbox.markRefused(entry.id, 'progress of unknown fate', clock.now());
    await store.outbox.markSending(entry.id, clock.now());
    await settle(due, await attempt(channel, due));
  }

  async function attempt(channel: ChannelAdapter, due: DueDelivery): Promise<Delivery> {
    try {
      return await channel.deliver(outboundOf(due));
    } catch (error) {
      log.error(
        { err: error, outbox: due.entry.id, channel: channel.name },
        'channel failed while delivering',
      );
      return { kind: 'unknown' };
    }
  }

  async function settle(due: DueDelivery, delivery: Delivery): Promise<void> {
    const { id } = due.entry;
    const now = clock.now();
    if (delivery.kind === 'sent') return store.outbox.markSent(id, delivery.reference, now);
    const wait = Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** due.tries);
    if (delivery.kind === 'unknown' && due.mayHaveArrived)
      return store.outbox.markRefused(id, 'fate unknown twice', now);
    if (delivery.kind === 'unknown') return store.outbox.postpone(id, new Date(now.getTime() + wait), true);
    if (delivery.retryAfterMs === null || due.tries >= MAX_TRIES)
      return store.outbox.markRefused(id, delivery.reason, now);
    return store.outbox.postpone(
      id,
      new Date(now.getTime() + Math.max(wait, delivery.retryAfterMs)),
      due.mayHaveArrived,
    );
  }

  async function drain(abort: AbortSignal): Promise<void> {
    while (!abort.aborted) {
      const due = await store.outbox.due(clock.now(), BATCH);
      if (due.length === 0) return;
      await Promise.all(due.map(deliver));
    }
  }

  async function wait(abort: AbortSignal): Promise<void> {
    const next = await store.outbox.nextDueAt();
    const untilDue = next ? Math.max(1, next.getTime() - clock.now().getTime()) : IDLE_LOOK_MS;
    await signal.wait(clock, Math.min(untilDue, IDLE_LOOK_MS), abort);
  }

  return {
    wake: () => signal.raise(),
    async run(abort) {
      while (!abort.aborted) {
        try {
          await drain(abort);
          await wait(abort);
        } catch (error) {
          if (abort.aborted) return;
          log.error({ err: error }, 'outbox delivery failed; trying again');
          await signal.wait(clock, RETRY_BASE_MS, abort);
        }
      }
    },
  };
}

function outboundOf(due: DueDelivery): Outbound {
  const { entry } = due;
  return {
    id: entry.id,
    conversationId: entry.conversationId,
    chat: entry.chat,
    content: entry.content,
    about: entry.about,
    replyTo: entry.replyTo,
    edits: due.edits,
    possibleDuplicate: due.mayHaveArrived,
  };
}
