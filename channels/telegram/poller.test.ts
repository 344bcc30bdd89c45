import type { Update } from '@grammyjs/types';
import { expect, it } from 'vitest';
import type { BotApi } from './bot-api.ts';
import { createPoller } from './poller.ts';

const said = (id: number) => ({ update_id: id }) as Update;

function pollerOn(batches: unknown[][], now = () => 0) {
  const offsets: unknown[] = [];
  const taken: number[] = [];
  const polls = {
    getUpdates: async ({ offset }: { offset: number }) => {
      offsets.push(offset);
      return batches.shift() ?? [];
    },
  };
  const poll = createPoller({
    api: { polls } as unknown as BotApi,
    take: async (updates) => void taken.push(...updates.map(({ update_id: id }) => id)),
    withdrawWebhook: async () => undefined,
    now,
  });
  return { offsets, taken, poll: () => poll(new AbortController().signal) };
}

it('goes on behind what is no update', async () => {
  const { offsets, taken, poll } = pollerOn([[said(7), {}, null, { update_id: 'x' }]]);
  await poll();
  await poll();
  expect([offsets, taken]).toEqual([[0, 8], [7]]);
});

it('asks from the beginning again after days of silence, when Telegram begins at another number', async () => {
  let now = 0;
  const { offsets, taken, poll } = pollerOn([[said(900)], [], [said(12)]], () => now);
  await poll();
  await poll();
  now += 6 * 24 * 60 * 60 * 1000;
  await poll();
  await poll();
  expect([offsets, taken]).toEqual([
    [0, 901, 0, 13],
    [900, 12],
  ]);
});
