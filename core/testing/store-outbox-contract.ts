import { expect, it } from 'vitest';
import { formatTaskId } from '../ids.ts';
import type { Conversation, DueDelivery, OutboxEntry, Store } from '../store.ts';
import type { OpenStore } from './store-fixture.ts';
import {
  deliverAll,
  later,
  parallel,
  SAMPLE_TIME,
  sampleConversation,
  sampleOutbox,
} from './store-samples.ts';

/** Order per conversation, cards, postponed and uncertain deliveries. */
export function outboxContract(open: OpenStore): void {
  it('knows what a sent message is about, by its reference and by its card’s key', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    const about = { kind: 'task-card', taskId: formatTaskId(3), state: 'running' } as const;
    const card = { ...sampleOutbox(conversation, 'o1'), about, cardKey: 'task:T-3' };
    await store.outbox.add(card, SAMPLE_TIME);
    expect(await store.outbox.aboutSent(conversation.id, 'task:T-3')).toBeNull();
    await store.outbox.due(SAMPLE_TIME, 10);
    await store.outbox.markSending('o1', SAMPLE_TIME);
    await store.outbox.markSent('o1', 'reference 7', SAMPLE_TIME);
    expect(await store.outbox.aboutSent(conversation.id, 'task:T-3')).toEqual(about);
    expect(await store.outbox.aboutSent(conversation.id, 'reference 7')).toEqual(about);
    expect(await store.outbox.aboutSent(conversation.id, 'reference 8')).toBeNull();
    expect(await store.outbox.aboutSent('another', 'reference 7')).toBeNull();
    const { id, chat } = conversation;
    expect(await store.outbox.placeOfMenu(chat.channel, 'connect:1')).toBeNull();
    await store.outbox.add({ ...sampleOutbox(conversation, 'o2'), cardKey: 'connect:1' }, SAMPLE_TIME);
    expect(await store.outbox.placeOfMenu(chat.channel, 'connect:1')).toEqual({ id, chat });
    expect(await store.outbox.placeOfMenu('another', 'connect:1')).toBeNull();
  });

  it('offers one entry for each conversation, answers first, then in order', async () => {
    const { store } = await open();
    const first = await sampleConversation(store, 'first');
    const second = await sampleConversation(store, 'second');
    await store.outbox.add(sampleOutbox(first, 'card', { urgency: 'progress' }), SAMPLE_TIME);
    await store.outbox.add(sampleOutbox(first, 'b'), SAMPLE_TIME);
    await store.outbox.add(sampleOutbox(first, 'a'), SAMPLE_TIME);
    await store.outbox.add(sampleOutbox(second, 'other'), SAMPLE_TIME);
    const due = await store.outbox.due(SAMPLE_TIME, 10);
    expect(idsOf(due)).toEqual(['b', 'other']);
    expect(due[0]).toEqual({
      entry: sampleOutbox(first, 'b'),
      sequence: due[0]?.sequence,
      edits: null,
      mayHaveArrived: false,
      tries: 0,
    });
    expect(await store.outbox.due(SAMPLE_TIME, 1)).toHaveLength(1);
    expect(await store.outbox.unsent(first.id)).toBe(3);
    expect(await deliverAll(store)).toEqual(['b', 'other', 'a', 'card']);
    expect(await store.outbox.unsent(first.id)).toBe(0);
    expect(await store.outbox.due(SAMPLE_TIME, 10)).toEqual([]);
  });

  it('keeps back what is held, lets others past, and offers it in order once released', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    for (const id of ['a', 'b', 'c']) await store.outbox.add(sampleOutbox(conversation, id), SAMPLE_TIME);
    for (const id of ['a', 'b']) {
      await store.outbox.due(SAMPLE_TIME, 10);
      await store.outbox.hold(id);
    }
    const { chat, about } = sampleOutbox(conversation, 'a');
    expect(await store.outbox.held()).toEqual(
      ['a', 'b'].map((id) => ({ id, conversationId: conversation.id, chat, about })),
    );
    expect(await deliverAll(store)).toEqual(['c']);
    expect(await store.outbox.nextDueAt()).toBeNull();
    await store.outbox.add(sampleOutbox(conversation, 'd'), SAMPLE_TIME);
    await store.outbox.release(['a', 'b'], SAMPLE_TIME);
    expect(await store.outbox.held()).toEqual([]);
    expect(await deliverAll(store)).toEqual(['a', 'b', 'd']);
  });

  it('releases of a held card only what it is now', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    const card = (id: string) => sampleOutbox(conversation, id, { cardKey: 'approval:A7K2' });
    for (const id of ['asks', 'answered']) {
      await store.outbox.add(card(id), SAMPLE_TIME);
      await store.outbox.due(SAMPLE_TIME, 10);
      await store.outbox.hold(id);
    }
    await store.outbox.release(['asks', 'answered'], SAMPLE_TIME);
    expect(await deliverAll(store)).toEqual(['answered']);
    expect(await store.outbox.held()).toEqual([]);
  });

  it('offers nothing behind an entry that is being sent', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    await store.outbox.add(sampleOutbox(conversation, 'a'), SAMPLE_TIME);
    await store.outbox.add(sampleOutbox(conversation, 'b'), SAMPLE_TIME);
    await store.outbox.markSending('a', SAMPLE_TIME);
    expect(await store.outbox.due(later(1000), 10)).toEqual([]);
    await store.outbox.markRefused('a', 'chat is gone', SAMPLE_TIME);
    expect(idsOf(await store.outbox.due(SAMPLE_TIME, 10))).toEqual(['b']);
  });

  it('puts newer content of a card in the place of what waits, and keeps the place', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    await store.outbox.add(card(conversation, 'c1', 'step 1'), SAMPLE_TIME);
    await store.outbox.add(sampleOutbox(conversation, 'later', { urgency: 'progress' }), SAMPLE_TIME);
    await store.outbox.add(card(conversation, 'c2', 'step 2', { replyTo: 'u1' }), SAMPLE_TIME);
    const [due] = await store.outbox.due(SAMPLE_TIME, 10);
    expect(due?.entry).toMatchObject({ id: 'c1', content: { markdown: 'step 2' }, replyTo: 'u1' });
    expect(await store.outbox.unsent(conversation.id)).toBe(2);
  });

  it('holds one waiting row of a card when 20 contents come at once', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    await parallel(20, (index) => store.outbox.add(card(conversation, `c${index}`, `${index}`), SAMPLE_TIME));
    expect(await store.outbox.unsent(conversation.id)).toBe(1);
  });

  it('edits the newest message of a card once one was sent', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    await store.outbox.add(card(conversation, 'c1', 'step 1'), SAMPLE_TIME);
    await deliverAll(store);
    await store.outbox.add(card(conversation, 'c2', 'step 2'), SAMPLE_TIME);
    await store.outbox.add(card(conversation, 'x', 'other card', { cardKey: 'task:T-2' }), SAMPLE_TIME);
    const [edit] = await store.outbox.due(SAMPLE_TIME, 10);
    expect(edit).toMatchObject({ entry: { id: 'c2' }, edits: 'sent-c1' });
    await send(store, 'c2');
    expect(await store.outbox.due(SAMPLE_TIME, 10)).toMatchObject([{ entry: { id: 'x' }, edits: null }]);
    await store.outbox.add(card(conversation, 'c3', 'done'), SAMPLE_TIME);
    await send(store, 'x');
    expect(await store.outbox.due(SAMPLE_TIME, 10)).toMatchObject([
      { entry: { id: 'c3' }, edits: 'sent-c2' },
    ]);
  });

  it.each(['after it was read', 'after its sending began'])(
    'never loses the newest content of a card on its way: %s',
    async (moment) => {
      const { store } = await open();
      const conversation = await sampleConversation(store);
      const addNewest = () => store.outbox.add(card(conversation, 'c2', 'done'), SAMPLE_TIME);
      await store.outbox.add(card(conversation, 'c1', 'running'), SAMPLE_TIME);
      const [onItsWay] = await store.outbox.due(SAMPLE_TIME, 10);
      expect(onItsWay).toMatchObject({ entry: { content: { markdown: 'running' } } });
      if (moment === 'after it was read') await addNewest();
      await store.outbox.markSending('c1', SAMPLE_TIME);
      if (moment === 'after its sending began') await addNewest();
      await store.outbox.markSent('c1', 'message-1', SAMPLE_TIME);
      const [newest] = await store.outbox.due(SAMPLE_TIME, 10);
      expect(newest).toMatchObject({ entry: { content: { markdown: 'done' } }, edits: 'message-1' });
    },
  );

  it('postpones without letting others overtake, and counts the tries', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    await store.outbox.add(sampleOutbox(conversation, 'a'), SAMPLE_TIME);
    await store.outbox.add(sampleOutbox(conversation, 'b'), SAMPLE_TIME);
    expect(await store.outbox.nextDueAt()).toBeNull();
    await store.outbox.markSending('a', SAMPLE_TIME);
    await store.outbox.postpone('a', later(500), false);
    expect(await store.outbox.due(later(499), 10)).toEqual([]);
    expect(await store.outbox.nextDueAt()).toEqual(later(500));
    const [due] = await store.outbox.due(later(500), 10);
    expect(due).toMatchObject({ entry: { id: 'a' }, mayHaveArrived: false, tries: 1 });
    await store.outbox.markSending('a', later(500));
    await store.outbox.postpone('a', later(900), true);
    expect(await store.outbox.due(later(900), 10)).toMatchObject([{ mayHaveArrived: true, tries: 2 }]);
  });

  it('lets an answer go before postponed progress', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    await store.outbox.add(card(conversation, 'c1', 'step 1'), SAMPLE_TIME);
    await store.outbox.markSending('c1', SAMPLE_TIME);
    await store.outbox.postpone('c1', later(60_000), false);
    await store.outbox.add(sampleOutbox(conversation, 'a'), SAMPLE_TIME);
    expect(idsOf(await store.outbox.due(SAMPLE_TIME, 10))).toEqual(['a']);
  });

  it('keeps a card until its time, in which newer content replaces it', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    await store.outbox.add(card(conversation, 'c1', 'queued', { notBefore: later(100) }), SAMPLE_TIME);
    await store.outbox.add(card(conversation, 'c2', 'running', { notBefore: later(150) }), later(50));
    expect(await store.outbox.due(later(99), 10)).toEqual([]);
    expect(await store.outbox.nextDueAt()).toEqual(later(100));
    expect(await store.outbox.due(later(100), 10)).toMatchObject([
      { entry: { id: 'c1', content: { markdown: 'running' } } },
    ]);
  });

  it('keeps the content of an entry that may have arrived; newer content follows it', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    await store.outbox.add(card(conversation, 'c1', 'question', { urgency: 'answer' }), SAMPLE_TIME);
    await store.outbox.markSending('c1', SAMPLE_TIME);
    await store.outbox.postpone('c1', SAMPLE_TIME, true);
    await store.outbox.add(card(conversation, 'c2', 'decided', { urgency: 'answer' }), SAMPLE_TIME);
    const [first] = await store.outbox.due(SAMPLE_TIME, 10);
    expect(first).toMatchObject({ entry: { content: { markdown: 'question' } }, mayHaveArrived: true });
    await send(store, 'c1');
    const [second] = await store.outbox.due(SAMPLE_TIME, 10);
    expect(second).toMatchObject({ entry: { content: { markdown: 'decided' } }, edits: 'sent-c1' });
    expect(second?.mayHaveArrived).toBe(false);
  });

  it('offers what an earlier process was sending again, as one that may have arrived', async () => {
    const { store, rival } = await open();
    const conversation = await sampleConversation(store);
    await store.outbox.add(sampleOutbox(conversation, 'a'), SAMPLE_TIME);
    await store.outbox.add(sampleOutbox(conversation, 'b'), SAMPLE_TIME);
    await store.outbox.markSending('a', SAMPLE_TIME);
    await rival.takeOver('second', later(1));
    const [due] = await rival.outbox.due(later(1), 10);
    expect(due).toMatchObject({ entry: { id: 'a' }, mayHaveArrived: true, tries: 1 });
  });

  it('offers an entry again whose sending was never settled, so that its chat does not stay stuck', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    await store.outbox.add(sampleOutbox(conversation, 'a'), SAMPLE_TIME);
    await store.outbox.markSending('a', SAMPLE_TIME);
    const next = await store.outbox.nextDueAt();
    expect(next?.getTime()).toBeGreaterThan(later(60_000).getTime());
    expect(await store.outbox.due(next ?? SAMPLE_TIME, 10)).toMatchObject([{ mayHaveArrived: true }]);
  });

  it('leaves a settled entry as it is', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    await store.outbox.add(sampleOutbox(conversation, 'a'), SAMPLE_TIME);
    await send(store, 'a');
    await store.outbox.postpone('a', SAMPLE_TIME, true);
    await expect(store.outbox.markSending('a', SAMPLE_TIME)).rejects.toThrow('not open');
    expect(await store.outbox.due(SAMPLE_TIME, 10)).toEqual([]);
  });
}

function card(
  conversation: Conversation,
  id: string,
  markdown: string,
  more: Partial<OutboxEntry> = {},
): OutboxEntry {
  const content = { kind: 'text', markdown } as const;
  return sampleOutbox(conversation, id, { content, urgency: 'progress', cardKey: 'task:T-1', ...more });
}

function idsOf(due: readonly DueDelivery[]): string[] {
  return due.map(({ entry }) => entry.id);
}

async function send(store: Store, id: string): Promise<void> {
  await store.outbox.markSending(id, SAMPLE_TIME);
  await store.outbox.markSent(id, `sent-${id}`, SAMPLE_TIME);
}
