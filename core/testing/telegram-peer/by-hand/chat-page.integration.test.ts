import { expect, it } from 'vitest';
import { createTelegramPeer } from '../telegram-peer.ts';
import { createChatPage } from './chat-page.ts';

it('the page by hand says and taps what a person would, and serves no other site', async () => {
  const page = createChatPage('<!doctype html>');
  await using peer = await createTelegramPeer({ page: page.serve });
  page.open(peer, [peer.person(4711, 'Ann')]);
  const act = async (what: object, origin = peer.url) => {
    const body = JSON.stringify({ person: 4711, chat: 4711, act: what });
    const answer = await fetch(`${peer.url}/act`, { method: 'POST', body, headers: { origin } });
    return [answer.status, await answer.json()];
  };
  const words = { kind: 'say', text: 'hello', replyTo: null };
  expect(await act(words)).toEqual([200, { problem: null }]);
  expect((await act(words, 'https://example.org'))[0]).toBe(404);
  expect(peer.messages(4711).map(({ text }) => text)).toEqual(['hello']);
  await fetch(`${peer.url}/bot${peer.token}/sendMessage`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      chat_id: 4711,
      text: 'Sure?',
      reply_markup: { inline_keyboard: [[{ text: 'Yes', callback_data: 'y' }]] },
    }),
  });
  const [question] = peer.fromBot(4711);
  const tap = { kind: 'tap', message: question?.id, row: 0, column: 0 };
  expect(await act(tap)).toEqual([200, { problem: null }]);
  expect(await act({ ...tap, row: 1 })).toEqual([200, { problem: 'That button is gone.' }]);
  expect(await act({ kind: 'stop' })).toEqual([200, { problem: 'There is nothing to stop.' }]);
  expect(await act({ kind: 'nonsense' })).toEqual([
    200,
    { problem: 'The page asked for something unknown.' },
  ]);
  const state = await (await fetch(`${peer.url}/state?chat=4711`)).json();
  expect(state).toMatchObject({ waiting: 2, messages: [{ text: 'hello' }, { text: 'Sure?' }] });
});
