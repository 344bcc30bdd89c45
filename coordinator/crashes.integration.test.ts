import { CoordinatorFenced, StoreUnavailable } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { estateForEach } from './testing/estates.ts';
import { createFixedModel, lastWords, roundResults, says, starts } from './testing/fixed-model.ts';
import { type Estate, type House, succeed } from './testing/house.ts';
import { delegating, deletes, giveFile } from './testing/tasks.ts';
import { until } from './testing/until.ts';

let estate: Estate;
const openAnother = estateForEach('crashes', (fresh) => {
  estate = fresh;
});

const model = delegating();
const FILE = 'uploads/a.txt';

/** The five counters of the ledger, once everything has come to rest; texts over all houses. */
async function ledger(...houses: House[]): Promise<object> {
  await until(
    async () => (await estate.store.inbox.pendingConversations()).length === 0,
    'every message to be answered',
  );
  await until(async () => (await estate.store.tasks.live()).length === 0, 'every task to end');
  const [conversation] = await estate.store.conversations.list();
  if (conversation)
    await until(async () => (await estate.store.outbox.unsent(conversation.id)) === 0, 'every delivery');
  const said = houses
    .flatMap(({ channel }) => channel.delivered)
    .filter(({ content }) => content.kind === 'text');
  const unlabelled = said.filter(({ possibleDuplicate }) => !possibleDuplicate).map(({ id }) => id);
  let effects = 0;
  for await (const { body } of estate.store.audit.entries())
    if (body.includes('"event":"effect-done"')) effects += 1;
  return {
    messages: new Set(said.map(({ id }) => id)).size,
    duplicates: unlabelled.length - new Set(unlabelled).size,
    tasks: (await estate.store.tasks.list({ limit: 100 })).length,
    effects,
  };
}

describe('a coordinator that is killed', () => {
  it('between the round that started tasks and the answer starts nothing twice', async () => {
    const hanging = createFixedModel((request) =>
      roundResults(request).length === 0 ? starts('one', 'two') : { kind: 'hang' },
    );
    const first = await estate.open({ model: hanging });
    await first.say('start one and two');
    await until(() => hanging.requests.length === 2, 'the second round');
    await first.crash();
    const second = await estate.open({ model });
    expect(await ledger(first, second)).toEqual({ messages: 3, duplicates: 0, tasks: 2, effects: 0 });
  });

  it('after any number of commits loses nothing and does nothing twice', async () => {
    for (let commits = 1; commits <= 14; commits += 1) {
      await estate.close();
      await openAnother();
      const first = await estate.open({ model });
      await first.say('start one');
      first.mortal.dieAfter(commits);
      await until(
        async () =>
          first.mortal.isDead() || (await estate.store.tasks.list({ limit: 1 }))[0]?.state === 'succeeded',
        'the death or the end',
      );
      await first.crash();
      const second = await estate.open({ model });
      const counters = await ledger(first, second);
      expect({ commits, ...counters }).toEqual({ commits, messages: 2, duplicates: 0, tasks: 1, effects: 0 });
    }
  });

  it('between question and decision: the same card still works, and the effect happens once', async () => {
    const first = await estate.open({ model, work: deletes(FILE), settings: { holdMs: 10_000 } });
    await giveFile(first, 'a.txt', 'a');
    await first.say('start delete');
    const { code } = await estate.openQuestion();
    await first.crash();
    const second = await estate.open({ model, work: deletes(FILE) });
    expect(await second.decide(code)).toMatchObject({ kind: 'decided' });
    expect(await ledger(first, second)).toEqual({ messages: 2, duplicates: 0, tasks: 1, effects: 1 });
    expect(await estate.store.files.get(FILE)).toBeNull();
    expect((await estate.task('T-1')).state).toBe('succeeded');
  });

  it('between the decision and the effect: the effect happens once', async () => {
    for (let commits = 1; commits <= 5; commits += 1) {
      await estate.close();
      await openAnother();
      const first = await estate.open({ model, work: deletes(FILE), settings: { holdMs: 10_000 } });
      await giveFile(first, 'a.txt', 'a');
      await first.say('start delete');
      const { code } = await estate.openQuestion();
      first.mortal.dieAfter(commits);
      first.decide(code).catch(() => undefined);
      await until(
        async () => first.mortal.isDead() || (await estate.task('T-1')).state === 'succeeded',
        'the death or the end',
      );
      await first.crash();
      const second = await estate.open({ model, work: deletes(FILE) });
      const counters = await ledger(first, second);
      expect({ commits, ...counters }).toMatchObject({ commits, duplicates: 0, tasks: 1, effects: 1 });
    }
  });

  it('with a task at work: the task goes on by a new attempt, and the crash is not its fault', async () => {
    const first = await estate.open({
      model,
      work: async (executor) => {
        await executor.result('half of it');
        await new Promise(() => undefined);
      },
    });
    await first.say('start it');
    await until(async () => (await estate.store.tasks.get('T-1'))?.steps === 1, 'the first step');
    await first.crash();
    const second = await estate.open({ model });
    const task = await estate.reaches('T-1', 'succeeded');
    expect(task).toMatchObject({ attempt: 2, crashes: 0, steps: 2 });
    expect(await ledger(first, second)).toMatchObject({ duplicates: 0, tasks: 1 });
  });

  it('with deliveries on their way repeats only what may have been lost, and says so', async () => {
    const first = await estate.open({ model });
    first.channel.answerWith(() => new Promise(() => undefined));
    await first.say('hello');
    await first.say('/help');
    const { conversationId } = await first.say('/tasks');
    await until(
      async () => (await estate.store.outbox.unsent(conversationId)) === 3,
      'three answers to wait',
    );
    await first.crash();
    const second = await estate.open({ model });
    await until(() => second.channel.texts().length === 3, 'three answers');
    expect(second.channel.delivered.map(({ possibleDuplicate }) => possibleDuplicate)).toEqual([
      true,
      false,
      false,
    ]);
    expect(await estate.store.outbox.unsent(conversationId)).toBe(0);
  });

  it('with commands in hand answers them after the restart', async () => {
    const first = await estate.open({ model });
    first.mortal.dieOnceAccepted();
    await Promise.race([first.say('/help'), until(() => first.mortal.isDead(), 'the death')]);
    await first.crash();
    const second = await estate.open({ model });
    await until(() => second.channel.texts().length === 1, 'the help');
  });
});

describe('a coordinator that was superseded', () => {
  it('stops by itself, changes nothing any more and counts no tries', async () => {
    const waiting = createFixedModel((request) =>
      lastWords(request) === 'hello' ? says('from the old one') : says('fine'),
    );
    const old = await estate.open({ model: waiting });
    const next = await estate.open({ model: createFixedModel(() => says('from the new one')) });
    const refused = await old.coordinator.inbound.receive({
      chat: { channel: 'http', externalId: 'main' },
      updateId: 'late',
      sender: { externalId: 'owner', name: 'owner' },
      text: 'hello',
      attachments: [],
    });
    expect(refused.kind).toBe('refused');
    await expect(old.running).rejects.toBeInstanceOf(CoordinatorFenced);
    await next.say('hello');
    await until(() => next.channel.texts().length === 1, 'the answer');
    expect([old.channel.texts(), next.channel.texts()]).toEqual([[], ['from the new one']]);
  });

  it('cannot answer a turn that the next one answers', async () => {
    const gate = Promise.withResolvers<void>();
    const old = await estate.open({
      model: {
        async *stream() {
          await gate.promise;
          yield { kind: 'text', text: 'old' };
          yield { kind: 'end', reason: 'stop', usage: null, model: 'fixed' };
        },
      },
    });
    await old.say('hello');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const next = await estate.open({ model: createFixedModel(() => says('new')) });
    await until(() => next.channel.texts().length === 1, 'the answer');
    gate.resolve();
    await expect(old.running).rejects.toBeInstanceOf(CoordinatorFenced);
    expect([old.channel.texts(), next.channel.texts()]).toEqual([[], ['new']]);
  });
});

describe('a database that is away', () => {
  it('for a while costs no message its answer and no task its end', async () => {
    const house = await estate.open({ model });
    await house.say('start one');
    await estate.reaches('T-1', 'succeeded');
    house.mortal.disturb(() => {
      throw new StoreUnavailable('away');
    });
    await house.say('hello').catch(() => undefined);
    house.mortal.disturb(null);
    await house.say('start two');
    house.mortal.disturb(() => {
      throw new StoreUnavailable('away');
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    house.mortal.disturb(null);
    await estate.reaches('T-2', 'succeeded');
    expect(await ledger(house)).toEqual({ messages: 4, duplicates: 0, tasks: 2, effects: 0 });
  });

  it('when a delivery has arrived is told as soon as it is back, without a second delivery', async () => {
    const house = await estate.open({ model });
    house.channel.answerWith((outbound) => {
      house.mortal.loseSettles(3);
      return { kind: 'sent', reference: `ref-${outbound.id}` };
    });
    const { conversationId } = await house.say('hello');
    await until(
      async () =>
        (await estate.store.outbox.unsent(conversationId)) === 0 && house.channel.texts().length > 0,
      'the delivery to be settled',
    );
    expect(house.channel.texts()).toEqual(['You said: hello']);
  });

  it('refuses a message rather than accept it without a commit', async () => {
    const house = await estate.open({ model });
    house.mortal.disturb(() => {
      throw new StoreUnavailable('away');
    });
    await expect(house.say('hello')).rejects.toThrow('database-away');
    await expect(house.say('/help')).rejects.toThrow('database-away');
    house.mortal.disturb(null);
    await house.say('/help');
    await until(() => house.channel.texts().length === 1, 'the help');
  });
});

describe('channels', () => {
  it('one that is slow or breaks holds up only its own chats', async () => {
    const house = await estate.open({ model, work: succeed });
    house.channel.answerWith((outbound) =>
      outbound.chat.externalId === 'slow'
        ? new Promise(() => undefined)
        : { kind: 'sent', reference: outbound.id },
    );
    await house.coordinator.inbound.receive({
      chat: { channel: 'http', externalId: 'slow' },
      updateId: 'slow-1',
      sender: { externalId: 'owner', name: 'owner' },
      text: '/help',
      attachments: [],
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await house.say('hello');
    await until(() => house.channel.texts().length === 1, 'the other chat’s answer');
    house.channel.release();
  });

  it('that cannot tell what came of an answer is asked once more, with a label; progress is dropped', async () => {
    const house = await estate.open({ model });
    const tries: [string, boolean][] = [];
    house.channel.answerWith((outbound) => {
      tries.push([outbound.about.kind, outbound.possibleDuplicate]);
      return { kind: 'unknown' };
    });
    const { conversationId } = await house.say('hello');
    await until(
      async () => tries.length === 2 && (await estate.store.outbox.unsent(conversationId)) === 0,
      'the end of it',
    );
    expect(tries).toEqual([
      ['turn', false],
      ['turn', true],
    ]);
  });
});
