import type { About, Outbound } from '@reeve/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ANN, type ChannelBench, openChannelBench, textFor } from './testing/channel-bench.ts';

const NOTE = 'This may be a repeat';
/** Three messages' worth. */
const LONG = ['one ', 'two ', 'three '].map((word) => word.repeat(600).trim()).join('\n\n');

describe('what may have arrived', () => {
  let bench: ChannelBench;
  beforeEach(async () => {
    bench = await openChannelBench();
    await bench.start();
  });
  afterEach(() => bench[Symbol.asyncDispose]());

  const deliver = (outbound: Outbound) => bench.channel().deliver(outbound);
  const texts = () => bench.peer.fromBot(ANN).map(({ text }) => text);
  const again = (outbound: Outbound) => ({ ...outbound, possibleDuplicate: true });

  it('is the one part whose answer was lost, and only that is labelled', async () => {
    const long = textFor(LONG);
    for (const kind of ['none', 'lost-response'] as const) bench.peer.inject('sendMessage', { kind });
    expect((await deliver(long)).kind).toBe('unknown');
    expect((await deliver(again(long))).kind).toBe('sent');
    const [one = '', two = '', three = ''] = LONG.split('\n\n');
    expect(texts()).toEqual([one, two, expect.stringMatching(NOTE), three]);
    expect(texts()[2]).toContain(two);
  });

  it('is one part after another, and none of them is given up for the one before', async () => {
    const long = textFor(LONG);
    for (const kind of ['server-error', 'none', 'server-error'] as const)
      bench.peer.inject('sendMessage', { kind });
    expect((await deliver(long)).kind).toBe('unknown');
    expect(await deliver(again(long))).toMatchObject({ kind: 'refused', retryAfterMs: 1000 });
    expect((await deliver(again(long))).kind).toBe('sent');
    expect(texts().map((text) => [text.startsWith(NOTE), text.slice(-3)])).toEqual([
      [true, 'one'],
      [true, 'two'],
      [false, 'ree'],
    ]);
  });

  it('is every part when an earlier process sent it, and files too', async () => {
    await deliver(textFor('word '.repeat(2000), { possibleDuplicate: true }));
    expect(texts().every((text) => text.startsWith(NOTE))).toBe(true);
    const file = { kind: 'file', path: 'questions/x/body.txt', bytes: 5, sha256: 'abc' } as const;
    const card = { key: 'k', title: 'Files', blocks: [file] };
    const content: Outbound['content'] = { kind: 'card', card };
    await deliver(textFor('', { content, possibleDuplicate: true }));
    expect(
      texts()
        .slice(-2)
        .every((text) => text.startsWith(NOTE)),
    ).toBe(true);
  });

  describe('in a group', () => {
    const group = -100;
    const chat = { channel: 'telegram', externalId: String(group) };
    const about: About = { kind: 'turn', turnId: 'turn-1', also: [], tasks: [] };
    beforeEach(async () => {
      bench.peer.group(group, 'Team', [bench.ann]);
      bench.channel().draft({ conversationId: 'c', chat, turnId: 'turn-1', text: 'It is.' });
      await vi.waitUntil(() => bench.peer.fromBot(group).length === 1, 5000);
    });

    it('an answer that grew to its end already counts as sent', async () => {
      const [grown] = bench.peer.fromBot(group);
      const reference = `${group}/${grown?.id}`;
      expect(await deliver(textFor('It is.', { chat, about }))).toEqual({ kind: 'sent', reference });
      expect(bench.peer.fromBot(group)).toHaveLength(1);
    });

    it('an answer whose growing message was deleted comes as a new one', async () => {
      const [grown] = bench.peer.fromBot(group);
      bench.peer.world.put({ ...grown!, isDeleted: true });
      expect((await deliver(textFor('It is so.', { chat, about }))).kind).toBe('sent');
      expect(bench.peer.fromBot(group)).toMatchObject([{ text: 'It is so.' }]);
    });

    it('an edit whose answer was lost is made again, and repeats nothing', async () => {
      const answer = textFor('It is so.', { chat, about });
      bench.peer.inject('editMessageText', { kind: 'lost-response' });
      expect(await deliver(answer)).toMatchObject({ kind: 'refused', retryAfterMs: 1000 });
      expect((await deliver(answer)).kind).toBe('sent');
      expect(bench.peer.fromBot(group)).toMatchObject([{ text: 'It is so.' }]);
    });

    it('goes to the supergroup that the group has become', async () => {
      bench.peer.group(-1001, 'Team', [bench.ann]);
      bench.peer.world.movedTo.set(group, -1001);
      expect(await deliver(textFor('one', { chat }))).toMatchObject({ kind: 'sent' });
      expect(await deliver(textFor('two', { chat }))).toMatchObject({ kind: 'sent' });
      expect(bench.peer.fromBot(-1001).map(({ text }) => text)).toEqual(['one', 'two']);
    });
  });
});
