import { expect, it } from 'vitest';
import { formatTaskId } from '../ids.ts';
import type { OpenStore } from './store-fixture.ts';
import { countOf, later, parallel, SAMPLE_TIME, sampleConversation, sampleInbox } from './store-samples.ts';

/** Inbox, conversations, messages and turns. */
export function conversationContract(open: OpenStore): void {
  it('accepts an update once, however often it comes, and says which turn it was', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    const entry = sampleInbox(conversation, 'u1');
    expect(await store.inbox.accept(entry, null)).toEqual({
      kind: 'accepted',
      entry: { ...entry, tries: 0 },
    });
    expect(await store.inbox.accept({ ...entry, id: 'other', text: 'changed' }, null)).toEqual({
      kind: 'duplicate',
      turnId: entry.id,
      conversationId: conversation.id,
    });
    const elsewhere = { ...entry, id: 'elsewhere', chat: { channel: 'telegram', externalId: '1' } };
    expect((await store.inbox.accept(elsewhere, null)).kind).toBe('accepted');
    expect(await store.inbox.updateIdOf(entry.id)).toBe('u1');
    expect(await store.inbox.updateIdOf('nobody')).toBeNull();
  });

  it('keeps what was said as a message of its turn, once, and commands not', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    const origin = { kind: 'owner', person: 'Ada' } as const;
    const entry = sampleInbox(conversation, 'u1', { text: 'hello', attachments: ['a.txt'] });
    await store.inbox.accept(entry, origin);
    await store.inbox.accept({ ...entry, id: 'again' }, origin);
    await store.inbox.accept(sampleInbox(conversation, 'u2', { lane: 'command' }), null);
    expect(await store.messages.recent(conversation.id, 9)).toEqual([
      {
        sequence: expect.any(Number),
        conversationId: conversation.id,
        turnId: entry.id,
        taskId: null,
        role: 'user',
        origin,
        text: 'hello',
        attachments: ['a.txt'],
        at: entry.receivedAt,
      },
    ]);
  });

  it('accepts one of 20 parallel copies of an update', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    const outcomes = await parallel(20, (index) =>
      store.transaction((records) =>
        records.inbox.accept(sampleInbox(conversation, 'u1', { id: `turn-${index}` }), null),
      ),
    );
    const kinds = outcomes.map((outcome) => outcome.kind);
    expect(countOf(kinds, 'accepted')).toBe(1);
    expect(countOf(kinds, 'duplicate')).toBe(19);
    expect(await store.inbox.pending(conversation.id, 'turn')).toHaveLength(1);
  });

  it('keeps the lanes apart and entries in order of arrival until they are handled', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    for (const update of ['z', 'm', 'a']) await store.inbox.accept(sampleInbox(conversation, update), null);
    await store.inbox.accept(sampleInbox(conversation, 'status', { lane: 'command', text: '/status' }), null);
    const turns = await store.inbox.pending(conversation.id, 'turn');
    expect(turns.map((entry) => entry.updateId)).toEqual(['z', 'm', 'a']);
    expect((await store.inbox.pending(conversation.id, 'command')).map(({ text }) => text)).toEqual([
      '/status',
    ]);
    await store.inbox.markHandled(['turn-z', 'turn-a'], later(1));
    expect((await store.inbox.pending(conversation.id, 'turn')).map(({ id }) => id)).toEqual(['turn-m']);
    expect(await store.inbox.accept(sampleInbox(conversation, 'z'), null)).toMatchObject({
      kind: 'duplicate',
    });
  });

  it('counts tries, sets aside, and names the conversations that still wait', async () => {
    const { store } = await open();
    const first = await sampleConversation(store, 'first');
    const second = await sampleConversation(store, 'second');
    await store.inbox.accept(sampleInbox(first, 'u1'), null);
    await store.inbox.accept(sampleInbox(second, 'u2', { lane: 'command' }), null);
    expect(await store.inbox.begin(first.id)).toMatchObject([{ id: 'turn-u1', tries: 1 }]);
    expect(await store.inbox.begin(first.id)).toMatchObject([{ id: 'turn-u1', tries: 2 }]);
    expect(await store.inbox.begin(second.id)).toEqual([]);
    expect((await store.inbox.pending(first.id, 'turn'))[0]?.tries).toBe(2);
    expect(await store.inbox.pendingConversations()).toEqual([first.id, second.id]);
    await store.inbox.setAside('turn-u1', later(1));
    expect(await store.inbox.pendingConversations()).toEqual([second.id]);
  });

  it('counts the first try of a turn as it is stored, if nothing of its conversation stands before it', async () => {
    const { store } = await open();
    const first = await sampleConversation(store, 'first');
    const second = await sampleConversation(store, 'second');
    const triesOf = async (conversation: typeof first, update: string, more = {}) => {
      const taken = await store.inbox.accept(sampleInbox(conversation, update, more), null, true);
      return taken.kind === 'accepted' ? taken.entry.tries : null;
    };
    expect(await triesOf(first, 'command', { lane: 'command' })).toBe(0);
    expect(await triesOf(first, 'u1')).toBe(1);
    expect(await triesOf(first, 'u2')).toBe(0);
    expect(await triesOf(first, 'u1')).toBeNull();
    expect(await triesOf(second, 'u3')).toBe(1);
    expect(await store.inbox.begin(first.id)).toMatchObject([
      { id: 'turn-u1', tries: 2 },
      { id: 'turn-u2', tries: 0 },
    ]);
    await store.inbox.markHandled(['turn-u1', 'turn-u2'], later(1));
    expect(await triesOf(first, 'u4')).toBe(1);
  });

  it('has one conversation for each chat, also when 20 ask at once', async () => {
    const { store } = await open();
    const chat = { channel: 'http', externalId: 'x' };
    const ensured = await parallel(20, (index) =>
      store.transaction((records) => records.conversations.ensure(chat, `id-${index}`, SAMPLE_TIME)),
    );
    const [first] = ensured;
    expect(new Set(ensured.map(({ id }) => id)).size).toBe(1);
    expect(first).toEqual({ id: first?.id, chat, createdAt: SAMPLE_TIME });
    expect(await store.conversations.list()).toEqual([first]);
    expect(await store.conversations.get(first?.id ?? '')).toEqual(first);
    expect(await store.conversations.get('nobody')).toBeNull();
  });

  it('returns the newest messages, oldest first, and pages backwards', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    const other = await sampleConversation(store, 'other');
    const message = {
      conversationId: conversation.id,
      turnId: 'turn-1',
      taskId: formatTaskId(3),
      role: 'event',
      origin: { kind: 'untrusted', source: 'a mail' },
      attachments: ['a.csv'],
      at: SAMPLE_TIME,
    } as const;
    for (const text of ['1', '2', '3', '4']) await store.messages.append({ ...message, text });
    await store.messages.append({
      ...message,
      conversationId: other.id,
      taskId: null,
      turnId: null,
      text: 'x',
    });
    const recent = await store.messages.recent(conversation.id, 2);
    expect(recent.map(({ text }) => text)).toEqual(['3', '4']);
    expect(recent[0]).toEqual({ ...message, text: '3', sequence: recent[0]?.sequence });
    const earlier = await store.messages.recent(conversation.id, 2, recent[0]?.sequence ?? null);
    expect(earlier.map(({ text }) => text)).toEqual(['1', '2']);
    expect((await store.messages.recent(other.id, 9))[0]).toMatchObject({ taskId: null, turnId: null });
  });

  it('stores text that no database likes without losing the rest of it', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    const message = {
      conversationId: conversation.id,
      turnId: null,
      taskId: null,
      role: 'user',
      origin: { kind: 'untrusted', source: 'a\0b' },
      attachments: ['line\nbreak', '💾'],
      at: SAMPLE_TIME,
    } as const;
    await store.messages.append({ ...message, text: "a\0b'; drop table messages; -- 💾" });
    const [stored] = await store.messages.recent(conversation.id, 1);
    expect(stored?.text).toBe("a\u{FFFD}b'; drop table messages; -- 💾");
    expect(stored?.origin).toEqual({ kind: 'untrusted', source: 'a\0b' });
    expect(stored?.attachments).toEqual(['line\nbreak', '💾']);
  });

  it('keeps the first of two equal rounds of a turn', async () => {
    const { store } = await open();
    const round = {
      round: 2,
      text: 'on it',
      toolCalls: [
        { id: 'c1', type: 'function', function: { name: 'start_task', arguments: '{"a":"\\u0000"}' } },
      ],
      results: [{ callId: 'c1', content: 'T-1\0' }],
      tasks: [formatTaskId(1)],
    } as const;
    await store.turns.appendRound('turn-1', round);
    await store.turns.appendRound('turn-1', { ...round, text: 'again' });
    await store.turns.appendRound('turn-1', { ...round, round: 1, text: 'before', tasks: [] });
    const rounds = await store.turns.rounds('turn-1');
    expect(rounds.map(({ text }) => text)).toEqual(['before', 'on it']);
    expect(rounds[1]).toEqual(round);
    expect(await store.turns.rounds('nobody')).toEqual([]);
  });
}
