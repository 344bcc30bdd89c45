import {
  type ChannelAdapter,
  type Clock,
  CoordinatorFenced,
  type Delivery,
  type DueDelivery,
  type Log,
  type Outbound,
  type Store,
} from '@reeve/core';
import { keepTrying } from './keep-trying.ts';
import { PROGRESS_PAUSE_MS } from './task-card.ts';
import { createSignal } from './wake-signal.ts';

/** How whoever wrote something has it delivered. */
export type OutboxWaker = Pick<OutboxDelivery, 'wake' | 'wakeSoon'>;

export interface OutboxDelivery {
  /** Says that there is something new to deliver. */
  wake(): void;
  /** Says that there is a card that is not to be delivered yet (`PROGRESS_PAUSE_MS`), and looks when it is. */
  wakeSoon(): void;
  /** Delivers until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

const BATCH = 64;
const RETRY_BASE_MS = 500;
const RETRY_CAP_MS = 10_000;
/** Looks again at least this often, should a wake-up have been lost with a crash. */
const IDLE_LOOK_MS = 5000;

/**
 * Delivers the outbox, in order per conversation. Written before each send: that it is being sent. A send whose fate
 * is unknown is repeated once, labelled as a possible duplicate, when it is an answer or a question; progress is
 * dropped, because the next card says the same and more. What a channel refuses for now is tried until it takes it: a
 * night without a network loses nothing. What came of a send is written down however long the database is away. One
 * channel's failure or slowness never stops another's.
 */
export function createOutboxDelivery(deps: {
  store: Store;
  channels: ReadonlyMap<string, ChannelAdapter>;
  /** True for what is kept back now, in the owner's quiet hours. */
  holds: (due: DueDelivery) => Promise<boolean>;
  clock: Clock;
  log: Log;
}): OutboxDelivery {
  const { store, channels, clock, log } = deps;
  const signal = createSignal();
  const underway = new Map<string, Promise<void>>();
  let fenced: CoordinatorFenced | null = null;

  async function deliver(due: DueDelivery, abort: AbortSignal): Promise<void> {
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
    if (await deps.holds(due)) return store.outbox.hold(entry.id);
    await store.outbox.markSending(entry.id, clock.now());
    const delivery = await attempt(channel, due, log);
    const what = `what came of outbox entry ${entry.id}`;
    await keepTrying(() => settle(due, delivery), { clock, log, signal: abort, what });
  }

  async function settle(due: DueDelivery, delivery: Delivery): Promise<void> {
    const { id } = due.entry;
    const now = clock.now();
    if (delivery.kind === 'sent') return store.outbox.markSent(id, delivery.reference, now);
    const wait = Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** due.tries);
    if (delivery.kind === 'unknown' && due.mayHaveArrived)
      return store.outbox.markRefused(id, 'fate unknown twice', now);
    if (delivery.kind === 'unknown') return store.outbox.postpone(id, new Date(now.getTime() + wait), true);
    if (delivery.retryAfterMs === null) return store.outbox.markRefused(id, delivery.reason, now);
    return store.outbox.postpone(
      id,
      new Date(now.getTime() + Math.max(wait, delivery.retryAfterMs)),
      due.mayHaveArrived,
    );
  }

  /** Begins what is due and not on its way yet; a slow channel holds up nobody but its own conversations. */
  async function begin(abort: AbortSignal): Promise<void> {
    const due = await store.outbox.due(clock.now(), BATCH);
    for (const each of due) {
      const { conversationId } = each.entry;
      if (underway.has(conversationId)) continue;
      const work = deliver(each, abort)
        .catch(async (error: unknown) => {
          if (error instanceof CoordinatorFenced) fenced = error;
          else if (!abort.aborted)
            log.error({ err: error, outbox: each.entry.id }, 'a delivery failed; trying again');
          await clock.sleep(RETRY_BASE_MS, abort).catch(() => undefined);
        })
        .finally(() => {
          underway.delete(conversationId);
          signal.raise();
        });
      underway.set(conversationId, work);
    }
  }

  async function wait(abort: AbortSignal): Promise<void> {
    // The end of what is on its way raises the signal; what a slow one keeps waiting is seen to by looking often.
    if (underway.size > 0) return signal.wait(clock, RETRY_BASE_MS, abort);
    const next = await store.outbox.nextDueAt();
    const untilDue = next ? next.getTime() - clock.now().getTime() : IDLE_LOOK_MS;
    // What became due since the last look, or cannot be begun, is looked at again soon.
    const pause = untilDue > 0 ? Math.min(untilDue, IDLE_LOOK_MS) : RETRY_BASE_MS;
    await signal.wait(clock, pause, abort);
  }

  return {
    wake: () => signal.raise(),
    wakeSoon: () => signal.raiseIn(clock, PROGRESS_PAUSE_MS),
    async run(abort) {
      while (!abort.aborted && !fenced) {
        try {
          await begin(abort);
          await wait(abort);
        } catch (error) {
          if (abort.aborted) break;
          log.error({ err: error }, 'outbox delivery failed; trying again');
          await signal.wait(clock, RETRY_BASE_MS, abort);
        }
      }
      await Promise.all(underway.values());
      if (fenced) throw fenced;
    },
  };
}

/** Hands a message to its channel; a channel that breaks may have sent it. */
async function attempt(channel: ChannelAdapter, due: DueDelivery, log: Log): Promise<Delivery> {
  try {
    return await channel.deliver(outboundOf(due));
  } catch (error) {
    log.error({ err: error, outbox: due.entry.id, channel: channel.name }, 'channel failed while delivering');
    return { kind: 'unknown' };
  }
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
