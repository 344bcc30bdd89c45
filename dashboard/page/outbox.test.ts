import { expect, test } from 'vitest';
import { type OutgoingMessage, Refused } from './api-client.ts';
import { createOutbox } from './outbox.ts';

function openStorage() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
}

/** An outbox of one page; `answers` says what each sending comes to. */
function open(storage: ReturnType<typeof openStorage>, answers: (Error | 'taken')[]) {
  const sent: string[] = [];
  const later: (() => void)[] = [];
  const outbox = createOutbox({
    client: {
      send: async (_conversation: string, message: OutgoingMessage) => {
        sent.push(message.clientId);
        const answer = answers.shift() ?? new Error('away');
        if (answer !== 'taken') throw answer;
        return { turnId: `turn of ${message.clientId}` };
      },
    },
    storage,
    onChange: () => undefined,
    later: (work) => void later.push(work),
    onAccepted: () => undefined,
  });
  return { outbox, sent, later };
}

const message = (clientId: string) => ({ clientId, text: clientId, attachments: [] });
const settled = () => new Promise((resolve) => setTimeout(resolve));

test('what was not taken outlives the page, and goes out in order under the same ids', async () => {
  const storage = openStorage();
  const first = open(storage, []);
  first.outbox.add('main', message('a'));
  first.outbox.add('main', message('b'));
  await settled();
  expect(first.sent).toEqual(['a']);
  const second = open(storage, ['taken', 'taken']);
  second.outbox.wake();
  await settled();
  expect(second.sent).toEqual(['a', 'b']);
  expect(open(storage, []).outbox.waiting()).toEqual([]);
});

test('what passes is tried again later; a refusal is kept with its words until somebody decides', async () => {
  const refusal = new Refused(413, 'message-too-long', 'Too long.');
  const { outbox, sent, later } = open(openStorage(), [
    new Refused(503, 'database-away', 'Away.'),
    refusal,
    'taken',
  ]);
  outbox.add('main', message('a'));
  await settled();
  expect(outbox.waiting()).toMatchObject([{ refusal: null }]);
  later[0]?.();
  await settled();
  expect(outbox.waiting()).toMatchObject([{ refusal: 'Too long.' }]);
  outbox.retry('a');
  await settled();
  expect(sent).toEqual(['a', 'a', 'a']);
  expect(outbox.waiting()).toEqual([]);
});
