import { HEARD_NOTE, type InboundMessage, type InboxEntry, type Store } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { createIntake, MESSAGE_LIMIT } from './intake.ts';
import { LATER_ARRIVAL } from './read-ahead.ts';
import { createManualClock } from './testing/samples.ts';

function createDoor() {
  const stored: InboxEntry[] = [];
  const words: string[] = [];
  const repeated: string[] = [];
  let ids = 0;
  const records = {
    conversations: { ensure: async () => ({ id: 'c' }) },
    inbox: {
      accept: async (entry: InboxEntry, said: object | null) => {
        if (stored.some(({ updateId }) => updateId === entry.updateId && updateId !== 'u'))
          return { kind: 'duplicate', turnId: 'first', conversationId: 'c' };
        stored.push(entry);
        if (said) words.push(entry.text);
        return { kind: 'accepted', entry };
      },
    },
  };
  const receive = createIntake({
    store: records as unknown as Store,
    clock: createManualClock(),
    newId: () => `id-${++ids}`,
    roleOf: ({ externalId }, channel) =>
      channel === 'http' && externalId === 'owner' ? 'owner' : 'stranger',
    onArriving: () => LATER_ARRIVAL,
    onAccepted: () => undefined,
    onRepeated: (conversation) => void repeated.push(conversation),
  });
  const say = (text: string, more: Partial<InboundMessage> = {}) =>
    receive({
      chat: { channel: 'http', externalId: 'main' },
      updateId: 'u',
      sender: { externalId: 'owner', name: 'Ada' },
      text,
      attachments: [],
      ...more,
    });
  const laneOf = async (text: string) => {
    await say(text);
    return stored.at(-1)?.lane;
  };
  return { say, laneOf, stored, words, repeated };
}

describe('intake', () => {
  it.each([
    ['', 'message-empty'],
    [' \n\t', 'message-empty'],
    ['x'.repeat(MESSAGE_LIMIT + 1), 'message-too-long'],
    ['\0\u0001\u0002', 'message-not-text'],
    ['half \ud800', 'message-not-text'],
  ])('refuses %j and stores nothing', async (text, code) => {
    const { say, stored, words } = createDoor();
    expect(await say(text)).toEqual({ kind: 'refused', failure: { code } });
    expect([stored, words]).toEqual([[], []]);
  });

  it('has a conversation looked into whose message comes again: the first answer may have been lost', async () => {
    const { say, repeated } = createDoor();
    await say('hello', { updateId: 'seven' });
    expect(repeated).toEqual([]);
    expect(await say('hello', { updateId: 'seven' })).toMatchObject({ kind: 'duplicate', turnId: 'first' });
    expect(repeated).toEqual(['c']);
  });

  it('refuses strangers before it looks at anything', async () => {
    const { say, stored } = createDoor();
    expect(await say('', { sender: { externalId: '7', name: 'owner' } })).toEqual({
      kind: 'refused',
      failure: { code: 'sender-unknown' },
    });
    expect(await say('hi', { chat: { channel: 'telegram', externalId: 'main' } })).toMatchObject({
      kind: 'refused',
    });
    expect(stored).toEqual([]);
  });

  it('takes the longest message, what an editor pastes, and a file without words', async () => {
    const { say, words } = createDoor();
    expect(await say('x'.repeat(MESSAGE_LIMIT))).toMatchObject({ kind: 'accepted' });
    expect(await say('a\tb\r\nc\u001b[0m\f👍🏽')).toMatchObject({ kind: 'accepted' });
    expect(await say('', { attachments: ['uploads/a.pdf'] })).toMatchObject({ kind: 'accepted' });
    expect(words).toHaveLength(3);
  });

  it.each([
    ['/status', 'command'],
    ['  /cancel T-3', 'command'],
    ['/status@reeve_bot', 'command'],
    ['/nonsense', 'command'],
    ['/etc/hosts is gone', 'turn'],
    ['/ what?', 'turn'],
    ['what does /status do?', 'turn'],
  ])('reads %j as a %s', async (text, lane) => expect(await createDoor().laneOf(text)).toBe(lane));

  it('takes what was heard for words, never for a command, and says that it was heard', async () => {
    const { say, stored } = createDoor();
    for (const text of ['make a list', '/approve A7K2', ' /cancel'])
      await say(text, { isHeard: true, updateId: text });
    expect(stored.map(({ lane, text }) => [lane, text])).toEqual([
      ['turn', `make a list\n\n${HEARD_NOTE}`],
      ['turn', `approve A7K2\n\n${HEARD_NOTE}`],
      ['turn', `cancel\n\n${HEARD_NOTE}`],
    ]);
  });

  it('keeps commands out of what the model reads', async () => {
    const { say, words } = createDoor();
    await say('/status');
    expect(words).toEqual([]);
  });
});
