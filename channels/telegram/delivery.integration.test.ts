import type { About, Card, Outbound } from '@reeve/core';
import type { ShownMessage } from '@reeve/core/testing/telegram-peer';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ANN, type ChannelBench, openChannelBench, textFor } from './testing/channel-bench.ts';

const CARD: Card = {
  key: 'approval:A7K2',
  title: '? T-1 asks: delete 1 file',
  blocks: [
    { kind: 'fields', fields: [{ name: 'File', value: 'a\u202Eb.txt' }] },
    { kind: 'file', path: 'questions/x/body.txt', bytes: 5, sha256: 'abc' },
    {
      kind: 'actions',
      actions: [
        {
          label: 'Once',
          style: 'danger',
          action: { kind: 'approve', code: 'A7K2', scope: 'once' },
          typed: '/approve A7K2',
        },
        { label: 'Deny', style: 'plain', action: { kind: 'deny', code: 'A7K2' }, typed: '/deny A7K2' },
      ],
    },
  ],
};

describe('what goes out', () => {
  let bench: ChannelBench;
  beforeEach(async () => {
    bench = await openChannelBench();
    await bench.start();
  });
  afterEach(() => bench[Symbol.asyncDispose]());

  const deliver = (outbound: Outbound) => bench.channel().deliver(outbound);
  const texts = () => bench.peer.fromBot(ANN).map(({ text }) => text);
  const card = (more: Partial<Outbound> = {}) =>
    textFor('', { content: { kind: 'card', card: CARD }, ...more });

  it('replies, without previews, and gives a reference that replies to it carry', async () => {
    const said = bench.ann.say('hello');
    const sent = await deliver(textFor('**hi** https://example.org', { replyTo: `${ANN}/${said.id}` }));
    const [shown] = bench.peer.fromBot(ANN);
    expect(sent).toEqual({ kind: 'sent', reference: `${ANN}/${shown?.id}` });
    expect(shown).toMatchObject({ replyTo: said.id, previewsLinks: false, entities: [{ type: 'bold' }] });
    bench.ann.say('and this?', { replyTo: shown!.id });
    await vi.waitUntil(() => bench.received.length === 2, 5000);
    expect(bench.received[1]).toMatchObject({ replyTo: `${ANN}/${shown?.id}` });
  });

  it('splits long answers, and puts very long ones into a file', async () => {
    await deliver(textFor('word '.repeat(2000)));
    expect(texts().map(({ length }) => length <= 4096)).toEqual([true, true, true]);
    await deliver(textFor(`start ${'word '.repeat(20_000)}`));
    const file = bench.peer.fromBot(ANN).at(-1)?.file;
    expect([file?.name, file?.bytes.length]).toEqual(['answer.txt', 100_005]);
  });

  it('says what the server said: wait, unknown, gone; and labels what may be a repeat', async () => {
    bench.peer.inject('sendMessage', { kind: 'too-many-requests', retryAfter: 7 });
    expect(await deliver(textFor('a'))).toMatchObject({ kind: 'refused', retryAfterMs: 7000 });
    bench.peer.inject('sendMessage', { kind: 'lost-response' });
    expect(await deliver(textFor('b'))).toEqual({ kind: 'unknown' });
    bench.peer.inject('sendMessage', { kind: 'malformed-json' });
    expect(await deliver(textFor('c'))).toEqual({ kind: 'unknown' });
    bench.peer.inject('sendMessage', { kind: 'server-error' });
    expect(await deliver(textFor('d'))).toEqual({ kind: 'unknown' });
    expect(await deliver(textFor('b', { possibleDuplicate: true }))).toMatchObject({ kind: 'sent' });
    expect(texts()).toEqual(['b', 'c', 'This may be a repeat: my first try may have reached you.\n\nb']);
  });

  it.each([
    ['blocked', () => bench.ann.block(), () => bench.ann.unblock()],
    ['deleted', () => bench.peer.deleteChat(ANN), () => bench.ann.open()],
  ])('tries a chat once that was %s, until somebody writes there again', async (_how, lose, find) => {
    lose();
    for (const words of ['a', 'b', 'c'])
      expect(await deliver(textFor(words))).toMatchObject({ kind: 'refused', retryAfterMs: null });
    expect(bench.peer.calls.filter(({ method }) => method === 'sendmessage')).toHaveLength(1);
    find();
    bench.ann.say('here I am');
    await vi.waitUntil(() => bench.received.length === 1, 5000);
    expect((await deliver(textFor('d'))).kind).toBe('sent');
    expect(texts()).toEqual(['d']);
  });

  it('shows no card of a task that is over, unless it was shown before', async () => {
    const about = (state: 'running' | 'succeeded') =>
      ({ about: { kind: 'task-card', taskId: 'T-1', state } }) as const;
    expect(await deliver(card(about('succeeded')))).toMatchObject({ kind: 'refused', retryAfterMs: null });
    expect(texts()).toEqual([]);
    const titled = (title: string): Pick<Outbound, 'content'> => ({
      content: { kind: 'card', card: { key: 'task:T-1', title, blocks: [] } },
    });
    const sent = await deliver(card({ ...about('running'), ...titled('T-1') }));
    const edits = sent.kind === 'sent' ? sent.reference : '';
    expect(await deliver(card({ ...about('succeeded'), ...titled('✓ T-1 · done'), edits }))).toEqual(sent);
    expect(texts().at(-1)).toBe('✓ T-1 · done');
  });

  it('gives an edit up that never goes through, so that it holds up nothing', async () => {
    const sent = await deliver(card());
    const reference = sent.kind === 'sent' ? sent.reference : '';
    const settled = { ...CARD, title: 'Denied', blocks: [] };
    const edit = card({ edits: reference, content: { kind: 'card', card: settled } });
    bench.peer.inject('editMessageText', { kind: 'server-error' }, 10);
    const outcomes = [];
    for (let tries = 1; tries <= 10; tries += 1) outcomes.push(await deliver(edit));
    expect(outcomes.map((outcome) => outcome.kind === 'refused' && outcome.retryAfterMs)).toEqual([
      ...Array(9).fill(1000),
      null,
    ]);
  });

  it('goes on behind the parts that arrived', async () => {
    const long = textFor('word '.repeat(2000));
    for (const kind of ['none', 'server-error', 'server-error'] as const)
      bench.peer.inject('sendMessage', { kind });
    for (const kind of ['unknown', 'unknown', 'sent']) expect((await deliver(long)).kind).toBe(kind);
    expect(texts().map((text) => text.length)).toEqual([4094, 4094, 1809]);
    expect(texts().join(' ')).toBe('word '.repeat(2000).trim());
  });

  it('shows cards with styled buttons, hidden characters and attached files, and edits them in place', async () => {
    const sent = await deliver(card());
    const [file, shown] = bench.peer.fromBot(ANN);
    expect(file?.file?.name).toBe('body.txt');
    expect(shown?.text).toContain('File: a⟨U+202E⟩b.txt');
    expect(shown?.buttons).toMatchObject([[{ text: 'Once', style: 'danger' }, { text: 'Deny' }]]);
    const reference = sent.kind === 'sent' ? sent.reference : '';
    const settled = { ...CARD, title: 'Denied', blocks: [] };
    const edit = () => card({ edits: reference, content: { kind: 'card', card: settled } });
    expect(await deliver(edit())).toEqual(sent);
    expect(await deliver(edit())).toEqual(sent);
    expect(bench.peer.fromBot(ANN)).toHaveLength(2);
    expect(bench.peer.fromBot(ANN)[1]).toMatchObject({ text: 'Denied', buttons: [] });
  });

  describe('taps', () => {
    let shown: ShownMessage;
    beforeEach(async () => {
      await deliver(card());
      shown = bench.peer.fromBot(ANN).at(-1)!;
    });
    const answered = async (id: string) => {
      await vi.waitUntil(() => bench.peer.tapAnswer(id).isAnswered, 5000);
      return bench.peer.tapAnswer(id).text;
    };

    it('decide, with the chat, the person and the words of the decision', async () => {
      expect(await answered(bench.ann.tap(shown, 'Once'))).toBe('A7K2 was decided.');
      expect(bench.decisions).toEqual([
        {
          code: 'A7K2',
          decision: { kind: 'approve', scope: 'once' },
          chat: { channel: 'telegram', externalId: String(ANN) },
          sender: { externalId: String(ANN), name: 'Ann' },
        },
      ]);
    });

    it('choose an answer that a card offers, days and restarts later', async () => {
      const key = 'tour:0a1b2c3d:quiet-hours';
      const offer = (option: string) => ({
        label: option,
        style: 'primary' as const,
        action: { kind: 'choose' as const, card: key, option },
        typed: `/choose quiet-hours ${option}`,
      });
      const long = 'x'.repeat(60);
      const actions = [offer('22:00-07:00'), offer(long)];
      const tour = { key, title: 'When?', blocks: [{ kind: 'actions' as const, actions }] };
      await deliver(card({ content: { kind: 'card', card: tour } }));
      const message = bench.peer.fromBot(ANN).at(-1)!;
      // What does not fit into a button is copied, to be pasted.
      expect(message.buttons.flat()[1]).toMatchObject({ copy_text: { text: `/choose quiet-hours ${long}` } });
      await bench.stop();
      const tap = bench.ann.tap(message, '22:00-07:00');
      await bench.start();
      expect(await answered(tap)).toBe('22:00-07:00 it is.');
      expect(bench.choices).toMatchObject([{ card: key, option: '22:00-07:00' }]);
    });

    it('count once they arrive, also when they are too old to be answered, and twice when tapped twice', async () => {
      await bench.stop();
      bench.ann.tap(shown, 'Once');
      bench.peer.expireTaps();
      await bench.start();
      await vi.waitUntil(() => bench.decisions.length === 1, 5000);
      expect(await answered(bench.ann.tap(shown, 'Once'))).toBe('A7K2 was decided.');
      expect(bench.decisions).toHaveLength(2);
      expect(bench.channel().trouble()).toEqual([]);
    });

    it('of strangers, forged ones, ones of another chat and ones that the message shows no more, decide nothing', async () => {
      const [button] = shown.buttons.flat();
      const data = button && 'callback_data' in button ? button.callback_data : '';
      const mallory = bench.peer.person(666, 'Mallory');
      expect(await answered(mallory.tap(shown, 'Once'))).toContain('Only people whom');
      expect(await answered(bench.ann.tap(shown, 'Once', data.replace('once', 'always')))).toContain(
        'does not count',
      );
      expect(await answered(bench.ann.tap(shown, 'Once', `x${data}`))).toContain('does not count');
      const group = bench.peer.group(-100, 'Team', [bench.ann]);
      await deliver(card({ chat: { channel: 'telegram', externalId: String(group) } }));
      const other = bench.peer.fromBot(group).at(-1)!;
      expect(await answered(bench.ann.tap(other, 'Once', data))).toContain('does not count');
      expect(bench.decisions).toEqual([]);
    });
  });

  it('says which files Telegram does not take', async () => {
    bench.files.set('big.bin', new Uint8Array(50 * 1024 * 1024 + 1));
    bench.files.set('empty.txt', new Uint8Array(0));
    bench.files.set('huge.png', new Uint8Array(10 * 1024 * 1024 + 1));
    const file = (path: string) => ({ kind: 'file', path, bytes: 1, sha256: 'abc' }) as const;
    const blocks = ['big.bin', 'empty.txt', 'huge.png', 'gone.txt'].map(file);
    await deliver(card({ content: { kind: 'card', card: { key: 'k', title: 'Files', blocks } } }));
    const shown = bench.peer.fromBot(ANN);
    expect(shown.map(({ text, file }) => file?.name ?? text.split(':')[0])).toEqual([
      'The file big.bin could not be sent here',
      'The file empty.txt could not be sent here',
      'huge.png',
      'The file gone.txt could not be sent here',
      'Files\n📎 big.bin (1 bytes), SHA-256 abc\n📎 empty.txt (1 bytes), SHA-256 abc\n📎 huge.png (1 bytes), SHA-256 abc\n📎 gone.txt (1 bytes), SHA-256 abc',
    ]);
    expect(shown[0]?.text).toContain('it has 51 MB, and Telegram takes up to 50 MB');
    expect(shown[2]).toMatchObject({
      text: 'As a file: Telegram shows pictures up to 10 MB.',
      file: { kind: 'document' },
    });
  });

  it('streams drafts at most once a second, and Stop ends the answer', async () => {
    bench.ann.say('tell me a story');
    await vi.waitUntil(() => bench.received.length === 1, 5000);
    const chat = { channel: 'telegram', externalId: String(ANN) };
    const draft = (text: string) =>
      bench.channel().draft({ conversationId: 'c', chat, turnId: 'turn-1', text });
    for (let words = 1; words <= 25; words += 1) {
      draft('word '.repeat(words));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const drafts = bench.peer.calls.filter(({ method }) => method === 'sendmessagedraft');
    expect(drafts.length).toBeGreaterThanOrEqual(2);
    expect(drafts.length).toBeLessThanOrEqual(4);
    expect(bench.peer.draft(ANN)?.canStop).toBe(true);
    bench.ann.stopDraft();
    await vi.waitUntil(() => bench.received.length === 2, 5000);
    expect(bench.received[1]).toMatchObject({
      text: '/cancel answer',
      chat,
      sender: { externalId: String(ANN) },
    });
    const about: About = { kind: 'turn', turnId: 'turn-1', also: [], tasks: [] };
    await deliver(textFor('the end', { about }));
    draft('late');
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(bench.peer.draft(ANN)).toBeNull();
  });

  it('in a group lets one message grow, which becomes the answer', async () => {
    const group = bench.peer.group(-100, 'Team', [bench.ann]);
    const chat = { channel: 'telegram', externalId: String(group) };
    bench.channel().draft({ conversationId: 'c', chat, turnId: 'turn-1', text: 'It' });
    await vi.waitUntil(() => bench.peer.fromBot(group).length === 1, 5000);
    const about: About = { kind: 'turn', turnId: 'turn-1', also: [], tasks: [] };
    await deliver(textFor('It *is*.', { chat, about }));
    expect(bench.peer.fromBot(group)).toMatchObject([{ text: 'It is.', edits: 1 }]);
  });
});

describe('a busy chat', () => {
  it('keeps below the limits: no message is refused, and answers go before progress', async () => {
    await using bench = await openChannelBench({ limitsRate: true });
    await bench.start();
    const about = { kind: 'task-card', taskId: 'T-1', state: 'running' } as const;
    const outcomes: string[] = [];
    for (let index = 0; index < 8; index += 1) {
      const card = { key: 'task:T-1', title: `card ${index}`, blocks: [] };
      const progress = textFor('', { about, content: { kind: 'card', card } });
      outcomes.push((await bench.channel().deliver(progress)).kind);
    }
    expect(outcomes).toContain('refused');
    expect((await bench.channel().deliver(textFor('the answer'))).kind).toBe('sent');
    expect(bench.peer.calls.filter(({ status }) => status === 429)).toEqual([]);
  });
});
