import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { CoordinatorFenced } from '../store.ts';
import type { OpenStore } from './store-fixture.ts';
import {
  later,
  parallel,
  SAMPLE_TIME,
  sampleConversation,
  sampleInbox,
  sampleOutbox,
  sampleTask,
} from './store-samples.ts';

/** All or nothing, and one coordinator at a time. */
export function transactionContract(open: OpenStore): void {
  it('commits everything, or nothing when the work throws', async () => {
    const { store } = await open();
    const id = await store.transaction(async (records) => {
      const task = await sampleTask(records);
      expect(await records.tasks.get(task.id)).toEqual(task);
      return task.id;
    });
    expect(await store.tasks.get(id)).toMatchObject({ id });
    const failed = store.transaction(async (records) => {
      await sampleConversation(records, 'second');
      await sampleTask(records);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await store.tasks.list({ limit: 10 })).toHaveLength(1);
    expect(await store.conversations.list()).toHaveLength(1);
  });

  it('shows nobody what is not committed yet', async () => {
    const { store, rival } = await open();
    const written = Promise.withResolvers<void>();
    const writing = store.transaction(async (records) => {
      await sampleTask(records);
      written.resolve();
    });
    await written.promise;
    const seen = rival.tasks.list({ limit: 10 });
    await writing;
    expect((await seen).length).toBeLessThanOrEqual(1);
    expect(await rival.tasks.list({ limit: 10 })).toHaveLength(1);
  });

  it('raises the epoch each time somebody takes over', async () => {
    const { store, rival } = await open();
    const first = await store.takeOver('first', SAMPLE_TIME);
    const second = await rival.takeOver('second', later(1));
    expect(second).toBe(first + 1);
    expect(await store.takeOver('first', later(2))).toBe(second + 1);
  });

  it('refuses the transactions of a coordinator that was superseded, and writes nothing of them', async () => {
    const { store, rival } = await open();
    await store.takeOver('first', SAMPLE_TIME);
    await store.transaction((records) => sampleConversation(records, 'before'));
    await rival.takeOver('second', later(1));
    let ran = false;
    const refused = store.transaction(async (records) => {
      ran = true;
      await sampleConversation(records, 'after');
    });
    await expect(refused).rejects.toThrow(CoordinatorFenced);
    await expect(refused).rejects.toThrow('epoch 1 was superseded by 2');
    expect(ran).toBe(false);
    await rival.transaction((records) => sampleConversation(records, 'new'));
    expect((await rival.conversations.list()).map(({ chat }) => chat.externalId).sort()).toEqual([
      'before',
      'new',
    ]);
  });

  it('takes over only after the transactions that have begun are over', async () => {
    const { store, rival } = await open();
    await store.takeOver('first', SAMPLE_TIME);
    const order: string[] = [];
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const writing = store.transaction(async (records) => {
      begun.resolve();
      await gate.promise;
      await sampleConversation(records);
      order.push('written');
    });
    await begun.promise;
    const taking = rival.takeOver('second', later(1)).then(() => order.push('taken over'));
    await sleep(50);
    gate.resolve();
    await Promise.all([writing, taking]);
    expect(order).toEqual(['written', 'taken over']);
  });

  it('does not let a superseded coordinator begin to send', async () => {
    const { store, rival } = await open();
    await store.takeOver('first', SAMPLE_TIME);
    const conversation = await sampleConversation(store);
    await store.outbox.add(sampleOutbox(conversation, 'a'), SAMPLE_TIME);
    await rival.takeOver('second', later(1));
    await expect(store.outbox.markSending('a', SAMPLE_TIME)).rejects.toThrow(CoordinatorFenced);
    await rival.outbox.markSending('a', SAMPLE_TIME);
  });

  it('lets a superseded coordinator neither accept nor begin', async () => {
    const { store, rival } = await open();
    await store.takeOver('first', SAMPLE_TIME);
    const conversation = await sampleConversation(store);
    const entry = sampleInbox(conversation, 'u1');
    await store.inbox.accept(entry, null);
    expect(await store.inbox.begin(conversation.id)).toMatchObject([{ tries: 1 }]);
    await rival.takeOver('second', later(1));
    await expect(store.inbox.begin(conversation.id)).rejects.toThrow(CoordinatorFenced);
    expect(await rival.inbox.begin(conversation.id)).toMatchObject([{ tries: 2 }]);
    await expect(store.inbox.accept(sampleInbox(conversation, 'u2'), null)).rejects.toThrow(
      CoordinatorFenced,
    );
    expect(await rival.inbox.pending(conversation.id, 'turn')).toHaveLength(1);
  });

  it('lets one coordinator through when two take turns taking over under load', async () => {
    const { store, rival } = await open();
    await store.takeOver('first', SAMPLE_TIME);
    const load = parallel(20, (index) =>
      store
        .transaction((records) => sampleConversation(records, `chat ${index}`))
        .then(
          () => 'done',
          (error: unknown) => (error instanceof CoordinatorFenced ? 'fenced' : String(error)),
        ),
    );
    const epoch = await rival.takeOver('second', later(1));
    const outcomes = await load;
    expect(epoch).toBe(2);
    expect(outcomes.filter((outcome) => outcome !== 'done' && outcome !== 'fenced')).toEqual([]);
    expect(await rival.conversations.list()).toHaveLength(
      outcomes.filter((outcome) => outcome === 'done').length,
    );
  });
}
