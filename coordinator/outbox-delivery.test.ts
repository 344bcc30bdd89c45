import type { ChannelAdapter, Delivery, DueDelivery, Store } from '@reeve/core';
import { expect, it } from 'vitest';
import { createOutboxDelivery } from './outbox-delivery.ts';
import { NOW } from './testing/samples.ts';

const ENTRY = {
  id: 'o-1',
  conversationId: 'c-1',
  chat: { channel: 'phone', externalId: '7' },
  content: { kind: 'text', markdown: 'the answer' },
  about: { kind: 'notice' },
  replyTo: null,
  urgency: 'answer',
  cardKey: null,
} as const;

/** An outbox with one answer, on a clock that jumps to whatever is waited for. */
async function deliverUntilSettled(answers: (tries: number) => Delivery) {
  const stopping = new AbortController();
  let now = NOW.getTime();
  let due: DueDelivery | null = {
    entry: ENTRY,
    sequence: 1,
    edits: null,
    mayHaveArrived: false,
    tries: 0,
  };
  let notBefore = NOW;
  const waits: number[] = [];
  const settle = (how: string) => async () => {
    due = null;
    settled.push(how);
    stopping.abort();
  };
  const settled: string[] = [];
  const outbox = {
    due: async (at: Date) => (due && notBefore <= at ? [due] : []),
    nextDueAt: async () => (due ? notBefore : null),
    markSending: async () => undefined,
    markSent: settle('sent'),
    markRefused: settle('refused'),
    async postpone(_id: string, until: Date) {
      waits.push(until.getTime() - now);
      notBefore = until;
      due = due && { ...due, tries: due.tries + 1 };
    },
  };
  let tries = 0;
  async function deliver(): Promise<Delivery> {
    tries += 1;
    return answers(tries);
  }
  const channel = { name: 'phone', deliver } as unknown as ChannelAdapter;
  await createOutboxDelivery({
    store: { outbox } as unknown as Store,
    channels: new Map([['phone', channel]]),
    holds: async () => false,
    clock: {
      now: () => new Date(now),
      async sleep(milliseconds) {
        await new Promise(setImmediate);
        now += milliseconds;
      },
    },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  }).run(stopping.signal);
  return { settled, waits, tries };
}

it('what a channel refuses for now is tried until it goes through, never sooner than it says', async () => {
  const { settled, waits, tries } = await deliverUntilSettled((count) =>
    count <= 200
      ? { kind: 'refused', reason: 'no network', retryAfterMs: count === 3 ? 60_000 : 2000 }
      : { kind: 'sent', reference: 'r' },
  );
  expect([settled, tries]).toEqual([['sent'], 201]);
  expect(waits.slice(0, 7)).toEqual([2000, 2000, 60_000, 4000, 8000, 10_000, 10_000]);
});

it('what a channel refuses for good is not tried again', async () => {
  const outcome = await deliverUntilSettled(() => ({
    kind: 'refused',
    reason: 'blocked',
    retryAfterMs: null,
  }));
  expect(outcome).toEqual({ settled: ['refused'], waits: [], tries: 1 });
});
