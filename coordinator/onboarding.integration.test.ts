import type { Card } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { LOCAL_OWNER } from './people.ts';
import { estateForEach } from './testing/estates.ts';
import { createFixedModel, says } from './testing/fixed-model.ts';
import { type Estate, type House, succeed } from './testing/house.ts';
import { carriesOut, giveFile } from './testing/tasks.ts';
import { until } from './testing/until.ts';

const CHAT = { channel: 'http', externalId: 'main' };

let estate: Estate;
estateForEach('onboarding', (fresh) => {
  estate = fresh;
});

const model = createFixedModel(() => says('fine'));

/** The card of the tour that asks something now, in this house's deliveries. */
function openCard(house: House): Card | null {
  const keys = house.channel.delivered.flatMap(({ content }) =>
    content.kind === 'card' && content.card.key.startsWith('tour:') ? [content.card.key] : [],
  );
  const cards = [...new Set(keys)].map((key) => house.channel.card(key));
  return cards.findLast((card) => card !== null && card.blocks.length > 0) ?? null;
}

async function asks(house: House, step: string): Promise<Card> {
  return until(() => {
    const card = openCard(house);
    return card?.key.endsWith(`:${step}`) ? card : null;
  }, `the card of ${step}`);
}

async function tap(house: House, step: string, option: string) {
  const card = await asks(house, step);
  return house.coordinator.inbound.choose({ card: card.key, option, chat: CHAT, sender: LOCAL_OWNER });
}

describe('the first two minutes', () => {
  it('go from time zone to a question, change what was said, and start what was chosen', async () => {
    const house = await estate.open({ model });
    await house.say('/start');
    expect(await tap(house, 'time-zone', 'yes')).toMatchObject({ kind: 'decided' });
    expect(await tap(house, 'tone', 'warm')).toEqual({ kind: 'decided', sentence: 'Tone: warm.' });
    await tap(house, 'quiet-hours', '22:00-07:00');
    await tap(house, 'first-job', 'primes');
    const first = await estate.reaches('T-1', 'succeeded');
    expect(first).toMatchObject({
      goal: 'Make a CSV of the first 20 primes and tell me their sum',
      origin: { kind: 'owner', person: 'owner' },
    });
    await tap(house, 'question', 'ask');
    expect((await estate.task('T-2')).turnId).toBe(first.turnId);
    expect((await estate.task('T-2')).goal).toBe(`Schedule every Monday at 09:00: ${first.goal}`);
    await estate.reaches('T-2', 'succeeded');
    await until(() => house.channel.texts().at(-1)?.startsWith('That was the tour.'), 'the end');
    expect(house.channel.texts().at(-1)).toMatch(/\n\nNothing was scheduled\.$/);
    expect(await estate.store.tours.get('http', 'owner')).toMatchObject({ step: null, firstTask: 'T-1' });
    expect(openCard(house)).toBeNull();
    expect((await estate.store.config.current()).map(({ name, value }) => `${name} ${value}`)).toEqual([
      'quiet-hours 22:00-07:00',
      'tone warm',
    ]);
  });

  it('start the job of one tap only, and tell the other that nothing was done', async () => {
    const house = await estate.open({ model });
    await house.say('/start');
    for (const step of ['time-zone', 'tone', 'quiet-hours']) await tap(house, step, 'skip');
    const { key } = await asks(house, 'first-job');
    const taps = await Promise.all(
      ['primes', 'note', 'machine'].map((option) =>
        house.coordinator.inbound.choose({ card: key, option, chat: CHAT, sender: LOCAL_OWNER }),
      ),
    );
    expect(taps.filter(({ kind }) => kind === 'decided')).toHaveLength(1);
    expect(taps.filter((each) => each.kind === 'refused').map(({ failure }) => failure.code)).toEqual([
      'choice-over',
      'choice-over',
    ]);
    expect(await estate.store.tasks.list({ limit: 10 })).toHaveLength(1);
  });

  it('offer the primes every Monday to whoever had nothing done first, and say how the schedule ends', async () => {
    const house = await estate.open({
      model,
      work: carriesOut(
        (executor) =>
          executor.declare('s1.1', 'schedule.create', { when: 'every Monday 09:00', goal: 'primes' }),
        (executor, permit) => executor.createSchedule('s1.1', permit),
      ),
    });
    await house.say('/start');
    for (const step of ['time-zone', 'tone', 'quiet-hours', 'first-job']) await tap(house, step, 'skip');
    await tap(house, 'question', 'ask');
    expect((await estate.task('T-1')).goal).toContain(
      'every Monday at 09:00: Make a CSV of the first 20 primes',
    );
    await house.decide((await estate.openQuestion()).code);
    await until(
      () =>
        house.channel
          .texts()
          .at(-1)
          ?.endsWith('S-1 does that by itself: every Monday at 09:00, UTC. `/schedule remove S-1` ends it.'),
      'the last words',
    );
  });

  it('can be skipped step by step, by tap or by word', async () => {
    const house = await estate.open({ model });
    await house.say('/start');
    for (const step of ['time-zone', 'tone', 'quiet-hours']) await tap(house, step, 'skip');
    await asks(house, 'first-job');
    await house.say('/choose first-job skip');
    await tap(house, 'question', 'skip');
    await until(() => house.channel.texts().at(-1)?.startsWith('That was the tour.'), 'the end');
    expect(await estate.store.config.current()).toEqual([]);
    expect(await estate.store.tasks.list({ limit: 9 })).toEqual([]);
  });

  it('end with a menu of connections, which opens in place, and which /connect shows again', async () => {
    const house = await estate.open({ model });
    await house.say('/start');
    for (const step of ['time-zone', 'tone', 'quiet-hours', 'first-job', 'question'])
      await tap(house, step, 'skip');
    const menus = () => [
      ...new Set(
        house.channel.delivered.flatMap(({ content }) =>
          content.kind === 'card' && content.card.key.startsWith('connect:') ? [content.card.key] : [],
        ),
      ),
    ];
    const [key = ''] = await until(() => (menus().length === 1 ? menus() : null), 'the menu');
    const choice = { card: key, chat: { channel: 'http', externalId: 'api' }, sender: LOCAL_OWNER };
    const { inbound } = house.coordinator;
    expect(await inbound.choose({ ...choice, option: 'telegram' })).toMatchObject({ kind: 'decided' });
    await until(() => house.channel.card(key)?.title === 'Telegram: not yet', 'how to connect Telegram');
    expect(house.channel.delivered.at(-1)?.edits).not.toBeNull();
    expect(await inbound.choose({ ...choice, option: 'mail' })).toMatchObject({ kind: 'refused' });
    const stranger = { externalId: '7', name: 'Mallory' };
    expect(await inbound.choose({ ...choice, option: 'all', sender: stranger })).toMatchObject({
      kind: 'refused',
    });
    await inbound.choose({ ...choice, option: 'done' });
    await until(() => house.channel.card(key)?.blocks.length === 0, 'the menu to end');
    await house.say('/connect');
    await until(() => menus().length === 2, 'another menu');
  });

  it('greet before the first card, and answer whatever else is said as always', async () => {
    const house = await estate.open({ model });
    await house.say('/start');
    await asks(house, 'time-zone');
    expect(house.channel.delivered.map(({ content }) => content.kind)).toEqual(['text', 'card']);
    expect(house.channel.texts()[0]).toMatch(/^Hello\. I am Reeve.*\/config name Ada/);
    await house.say('what is up?');
    await until(() => house.channel.texts().at(-1) === 'fine', 'the answer');
    await tap(house, 'time-zone', 'yes');
    await asks(house, 'tone');
  });

  it('greet the owner by the name that they gave', async () => {
    const house = await estate.open({ model, live: (values) => ({ ownerName: values.name }) });
    await house.say('/config name Ada');
    await house.say('/start');
    await until(
      () => house.channel.texts().some((text) => text.startsWith('Hello Ada. I am')),
      'the greeting',
    );
  });

  it('go on after a crash where they were, with the very card that was there', async () => {
    const first = await estate.open({ model });
    await first.say('/start');
    await tap(first, 'time-zone', 'yes');
    const card = await asks(first, 'tone');
    await first.crash();
    const second = await estate.open({ model });
    const choice = { card: card.key, option: 'brief', chat: CHAT, sender: LOCAL_OWNER };
    expect(await second.coordinator.inbound.choose(choice)).toMatchObject({ kind: 'decided' });
    await asks(second, 'quiet-hours');
    expect(await second.coordinator.inbound.choose(choice)).toMatchObject({
      kind: 'refused',
      failure: { code: 'choice-over' },
    });
  });

  /** Comes to the first job, whose worker goes on when it is told to. */
  async function startFirstJob() {
    const gate = Promise.withResolvers<void>();
    const house = await estate.open({
      model,
      work: async (executor) => {
        await gate.promise;
        await succeed(executor);
      },
    });
    await house.say('/start');
    for (const step of ['time-zone', 'tone', 'quiet-hours']) await tap(house, step, 'skip');
    await tap(house, 'first-job', 'note');
    return { house, finishJob: gate.resolve };
  }

  it('wait for the result before they go on, or go on at once when told to', async () => {
    const { house, finishJob } = await startFirstJob();
    const waiting = await asks(house, 'result');
    await house.say('/start');
    await until(() => house.channel.card(waiting.key)?.blocks.length === 0, 'the old card to end');
    await asks(house, 'result');
    finishJob();
    await tap(house, 'question', 'ask');
    const kinds = house.channel.delivered.map(({ about }) => about.kind);
    expect(kinds.indexOf('task-result')).toBeLessThan(kinds.lastIndexOf('notice'));
    await estate.reaches('T-2', 'succeeded');
    await until(() => openCard(house) === null, 'the end');
  });

  it('do not wait for a result when told to go on, and its end then changes nothing', async () => {
    const { house, finishJob } = await startFirstJob();
    await tap(house, 'result', 'skip');
    const { key } = await asks(house, 'question');
    finishJob();
    await estate.reaches('T-1', 'succeeded');
    await until(() => house.channel.delivered.some(({ about }) => about.kind === 'task-result'), 'a result');
    expect((await asks(house, 'question')).key).toBe(key);
  });

  it('go on after a crash in which their task ended', async () => {
    const first = await estate.open({
      model,
      work: (executor) => executor.hear('cancel').then(() => undefined),
    });
    await first.say('/start');
    for (const step of ['time-zone', 'tone', 'quiet-hours']) await tap(first, step, 'skip');
    await tap(first, 'first-job', 'note');
    await asks(first, 'result');
    await first.crash();
    await estate.open({ model });
    await estate.reaches('T-1', 'succeeded');
    await until(
      async () => (await estate.store.tours.get('http', 'owner'))?.step === 'question',
      'the question',
    );
  });

  it.each([
    ['https://example.org/page?a=b', 'Read https://example.org/page?a=b and tell', 'http:example.org/**:get'],
    ['uploads/mine.txt', 'Read the file uploads/mine.txt and tell', 'file:drive/**:delete,list,read,write'],
  ])('start with something of the owner’s own: %s', async (own, goal, capability) => {
    const house = await estate.open({ model });
    await giveFile(house, 'mine.txt', 'words');
    await house.say('/start');
    for (const step of ['time-zone', 'tone', 'quiet-hours']) await tap(house, step, 'skip');
    expect(await tap(house, 'first-job', own)).toMatchObject({ kind: 'decided' });
    const task = await estate.task('T-1');
    expect(task.goal).toContain(goal);
    expect(task.capabilities).toContain(capability);
  });

  it('take a tap once, however many come together', async () => {
    const house = await estate.open({ model });
    await house.say('/start');
    for (const step of ['time-zone', 'tone', 'quiet-hours']) await tap(house, step, 'skip');
    const { key } = await asks(house, 'first-job');
    const choice = { card: key, option: 'primes', chat: CHAT, sender: LOCAL_OWNER };
    await Promise.all(Array.from({ length: 10 }, () => house.coordinator.inbound.choose(choice)));
    await asks(house, 'question');
    expect(await estate.store.tasks.list({ limit: 9 })).toHaveLength(1);
  });

  it('show the open step once more on /start, and begin anew only when asked to', async () => {
    const house = await estate.open({ model });
    await house.say('/start');
    await tap(house, 'time-zone', 'yes');
    const before = await asks(house, 'tone');
    await house.say('/start');
    await until(() => house.channel.texts().includes('We go on where we were.'), 'the answer');
    await until(() => house.channel.card(before.key)?.blocks.length === 0, 'the old card to end');
    expect((await asks(house, 'tone')).key).not.toBe(before.key);
    await house.say('/start again');
    await asks(house, 'time-zone');
    for (const step of ['time-zone', 'tone', 'quiet-hours', 'first-job', 'question'])
      await tap(house, step, 'skip');
    await until(() => openCard(house) === null, 'the end');
    await house.say('/start');
    await until(
      () => house.channel.texts().filter((text) => text.startsWith('That was the tour.')).length === 2,
      'the list once more',
    );
    expect(openCard(house)).toBeNull();
  });

  it.each([
    ['time-zone', 'Mars/Base', 'setting-refused'],
    ['tone', 'x'.repeat(201), 'setting-refused'],
    ['first-job', 'rm -rf /', 'choice-unknown'],
  ])('refuse %s %s in words, and stay', async (step, option, code) => {
    const house = await estate.open({ model });
    await house.say('/start');
    for (const earlier of ['time-zone', 'tone', 'quiet-hours']) {
      if (earlier === step) break;
      await tap(house, earlier, 'skip');
    }
    expect(await tap(house, step, option)).toMatchObject({ kind: 'refused', failure: { code } });
    await asks(house, step);
  });

  it('are the owner’s: a member is greeted and has no card to tap', async () => {
    const house = await estate.open({ model });
    const grace = { externalId: '7', name: 'Grace' };
    await house.say('/people add http 7 member Grace');
    await house.say('/start');
    const { key } = await asks(house, 'time-zone');
    await house.say('/start', 'hers', grace);
    await until(() => house.channel.texts().some((text) => text.startsWith('Hello Grace.')), 'the greeting');
    expect(
      await house.coordinator.inbound.choose({ card: key, option: 'yes', chat: CHAT, sender: grace }),
    ).toMatchObject({ kind: 'refused' });
    expect(await estate.store.tours.get('http', '7')).toBeNull();
    await asks(house, 'time-zone');
  });
});
