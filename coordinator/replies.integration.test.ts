import { CHANGE_WANTED } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { estateForEach } from './testing/estates.ts';
import type { Estate, House } from './testing/house.ts';
import { delegating, deletes, giveFile } from './testing/tasks.ts';
import { until } from './testing/until.ts';

let estate: Estate;
estateForEach('replies', (fresh) => {
  estate = fresh;
});

let updates = 0;
const reply = (house: House, replyTo: string, text: string) =>
  house.coordinator.inbound.receive({
    chat: { channel: 'http', externalId: 'main' },
    updateId: `reply-${++updates}`,
    sender: { externalId: 'owner', name: 'owner' },
    text,
    attachments: [],
    replyTo,
  });

describe('a reply to a card', () => {
  it('steers its task with the words, by the card’s key and by the message’s reference', async () => {
    const done = Promise.withResolvers<void>();
    const house = await estate.open({
      model: delegating(),
      work: async (executor) => {
        const notes = () =>
          new Set(executor.heard.flatMap((said) => (said.kind === 'steer' ? [said.input.text] : [])));
        await until(() => notes().has('in blue, please') && notes().has('and large'), 'two notes');
        await executor.finish();
        done.resolve();
      },
    });
    await house.say('start it');
    const card = await until(
      () => house.channel.delivered.find(({ about }) => about.kind === 'task-card'),
      'the card',
    );
    await estate.reaches('T-1', 'running');
    await reply(house, 'task:T-1', 'in blue, please');
    await reply(house, `ref-${card.id}`, 'and large');
    await done.promise;
    await until(
      () => house.channel.texts().filter((text) => text === 'Passed on to T-1.').length === 2,
      'two answers',
    );
  });

  it('that says stop stops its task; after its end it is an ordinary message about it', async () => {
    const house = await estate.open({
      model: delegating(),
      work: async (executor) => {
        await executor.hear('cancel');
      },
    });
    await house.say('start it');
    await until(() => house.channel.card('task:T-1'), 'the card');
    await estate.reaches('T-1', 'running');
    await reply(house, 'task:T-1', 'Stop!');
    await estate.reaches('T-1', 'cancelled');
    await reply(house, 'task:T-1', 'why did it fail?');
    await until(
      () => house.channel.texts().includes('You said: About T-1: why did it fail?'),
      'the answer of the model',
    );
  });

  it('to any other message is what it says', async () => {
    const house = await estate.open({ model: delegating() });
    await reply(house, 'ref-nothing', 'hello');
    await until(() => house.channel.texts().includes('You said: hello'), 'the answer');
  });
});

describe('a question', () => {
  it('that is sent back is not done; the worker is told what to change, and asks anew', async () => {
    const house = await estate.open({
      model: delegating(),
      work: deletes('uploads/a.txt'),
      settings: { holdMs: 10_000 },
    });
    await giveFile(house, 'a.txt', 'a');
    await house.say('start delete');
    const { code } = await estate.openQuestion();
    await house.say(`/edit ${code} only when it is older than a week`);
    await estate.reaches('T-1', 'succeeded');
    expect(await estate.store.files.get('uploads/a.txt')).not.toBeNull();
    const [step] = await estate.store.steps.list('T-1');
    expect(step?.body).toMatchObject({
      ok: false,
      content: expect.stringMatching(new RegExp(`^${CHANGE_WANTED} by the owner: only when it is older`)),
    });
    const card = await until(() => {
      const found = house.channel.card(`approval:${code}`);
      return found?.title.startsWith('✗') ? found : null;
    }, 'the settled card');
    expect(JSON.stringify(card.blocks)).toMatch(
      /Sent back by owner.*Wanted: only when it is older than a week/,
    );
  });

  it('with more to it than a card shows has all of it in a file that anybody may open', async () => {
    const body = `first\n${'a line of the letter\n'.repeat(500)}last`;
    const house = await estate.open({
      model: delegating(),
      settings: { holdMs: 10_000 },
      work: async (executor) => {
        await executor.declare('s1.1', 'http.fetch', {
          method: 'POST',
          url: 'https://api.example.com/letters',
          headers: {},
          body,
        });
        await executor.hear('decision');
        await executor.finish();
      },
    });
    await house.say('start it');
    const { code } = await estate.openQuestion();
    const card = await until(() => house.channel.card(`approval:${code}`), 'the card');
    const file = card.blocks.find((block) => block.kind === 'file');
    if (file?.kind !== 'file') throw new Error('the card has no file');
    const opened = await house.coordinator.desk.openFile(file.path);
    if (opened.kind === 'failed') throw new Error(opened.failure.code);
    const chunks: Uint8Array[] = [];
    for await (const chunk of opened.value.content) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe(body);
    expect(opened.value.entry.sha256).toBe(file.sha256);
    expect(JSON.stringify(card)).not.toContain('last"');
    expect(JSON.stringify(card)).toContain('the rest is in the file attached below');
    await house.decide(code, 'deny');
    await estate.reaches('T-1', 'succeeded');
  });
});
