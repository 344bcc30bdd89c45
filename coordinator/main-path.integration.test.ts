import { FAILURES, type ModelError } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { estateForEach } from './testing/estates.ts';
import {
  calls,
  createFixedModel,
  failsWith,
  lastWords,
  roundResults,
  says,
  starts,
} from './testing/fixed-model.ts';
import type { Estate } from './testing/house.ts';
import { until } from './testing/until.ts';

let estate: Estate;
estateForEach('main', (fresh) => {
  estate = fresh;
});

/** Starts what is asked for, then says so. */
const delegating = () =>
  createFixedModel((request) => {
    const words = lastWords(request);
    if (!words.startsWith('start ')) return says(`You said: ${words}`);
    return roundResults(request).length === 0
      ? starts(...words.slice('start '.length).split(' and '))
      : says('On it.');
  });

describe('from a message to its answer', () => {
  it('answers, works, and delivers the result with its proof as a reply to the message', async () => {
    const house = await estate.open({ model: delegating() });
    const { turnId } = await house.say('start primes', 'update-primes');
    const result = await until(
      () => house.channel.delivered.find(({ about }) => about.kind === 'task-result'),
      'the result',
    );
    expect(house.channel.texts()).toEqual([
      'On it.',
      '**T-1 primes**: done.\n\nall done\n\nProof: step 1 counted to three.',
    ]);
    expect(result.replyTo).toBe('update-primes');
    expect(house.channel.delivered.find(({ about }) => about.kind === 'turn')?.about).toEqual({
      kind: 'turn',
      turnId,
      also: [],
      tasks: ['T-1'],
    });
    await until(() => house.channel.card('task:T-1')?.blocks.length === 0, 'the card to fold');
    expect(house.channel.card('task:T-1')?.title).toMatch(/^✓ T-1 primes · done · \d s$/);
  });

  it('starts every task of one answer, once each', async () => {
    const house = await estate.open({ model: delegating() });
    await house.say('start one and two');
    await estate.reaches('T-1', 'succeeded');
    await estate.reaches('T-2', 'succeeded');
    expect((await estate.store.tasks.list({ limit: 10 })).map((task) => task.title)).toEqual(['two', 'one']);
  });

  it('stores and answers the same update once, however often it comes', async () => {
    const model = delegating();
    const house = await estate.open({ model });
    const first = await house.say('hello', 'same');
    const again = await Promise.all(Array.from({ length: 20 }, () => house.say('hello', 'same')));
    await until(() => house.channel.texts().length > 0, 'an answer');
    await house.say('/help');
    await until(() => house.channel.texts().length > 1, 'the help');
    expect(new Set(again.map((accepted) => `${accepted.kind} ${accepted.turnId}`))).toEqual(
      new Set([`duplicate ${first.turnId}`]),
    );
    expect(house.channel.texts().filter((text) => text === 'You said: hello')).toHaveLength(1);
    expect(model.requests).toHaveLength(1);
  });

  it('answers a burst in order: each message once, what was typed in a row together', async () => {
    const model = delegating();
    const house = await estate.open({ model });
    const said = await Promise.all(['a', 'b', 'c', 'd'].map((words) => house.say(words)));
    const answered = () =>
      house.channel.delivered.flatMap(({ about }) =>
        about.kind === 'turn' ? [about.turnId, ...about.also] : [],
      );
    await until(() => answered().length === 4, 'all four to be answered');
    expect(answered()).toEqual(said.map(({ turnId }) => turnId));
    expect(house.channel.texts().at(-1)).toBe('You said: d');
    const last = model.requests.at(-1)?.messages.filter(({ role }) => role === 'user');
    expect(last?.map(({ content }) => content)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('keeps what was seen of an answer that the next message breaks off, where the owner chose that', async () => {
    const house = await estate.open({
      model: createFixedModel((request) =>
        lastWords(request) === 'tell me all' ? { kind: 'hang', after: 'Once upon a time' } : says('fine'),
      ),
      settings: { whileAnswering: 'stop' },
    });
    await house.say('tell me all');
    await until(() => house.channel.drafts.length > 0, 'a draft');
    await house.say('never mind');
    await until(() => house.channel.texts().length === 2, 'both answers');
    expect(house.channel.texts()).toEqual(['Once upon a time…\n\nYou wrote on, so I stopped here.', 'fine']);
  });

  it('answers commands while a turn hangs', async () => {
    const house = await estate.open({ model: createFixedModel(() => ({ kind: 'hang' })) });
    await house.say('are you there?');
    await house.say('/status');
    await until(() => house.channel.texts()[0]?.startsWith('Running 0 of 5.'), 'the status');
  });
});

describe('a model that fails', () => {
  const codes: ModelError['code'][] = [
    'model-unreachable',
    'model-refused-key',
    'model-rate-limited',
    'model-failed',
    'model-cut-off',
    'model-timeout',
    'model-bad-answer',
  ];

  it('is told in plain words for every kind of failure, and the next message is answered', async () => {
    const house = await estate.open({
      model: createFixedModel((request) => {
        const code = codes.find((known) => known === lastWords(request));
        return code ? failsWith(code) : says('fine');
      }),
    });
    for (const [index, code] of codes.entries()) {
      await house.say(code);
      await until(() => house.channel.texts().length > index, 'what is said of it');
    }
    await house.say('and now?');
    await until(() => house.channel.texts().at(-1) === 'fine', 'the last answer');
    const texts = house.channel.texts();
    expect(texts).toHaveLength(codes.length + 1);
    for (const [index, code] of codes.entries()) {
      expect(texts[index]).toContain(FAILURES[code].what);
      expect(texts[index]).toMatch(/\(Reference [0-9a-f]{6}\)$/);
      expect(texts[index]).not.toContain('scripted');
    }
  });

  it('is broken off after the same call five times', async () => {
    const model = createFixedModel(() => calls({ name: 'files_list', arguments: {} }));
    const house = await estate.open({ model });
    await house.say('loop');
    await until(() => house.channel.texts().length > 0, 'an answer');
    expect(house.channel.texts()[0]).toContain(FAILURES['model-loop'].what);
    expect(model.requests).toHaveLength(5);
  });

  it('gets wrong calls explained and can go on', async () => {
    const house = await estate.open({
      model: createFixedModel((request) =>
        roundResults(request).length === 0
          ? calls(
              { name: 'no_such', arguments: {} },
              { name: 'task_start', arguments: 'not json' },
              { name: 'task_cancel', arguments: { task: 7, extra: true } },
              { name: 'task_cancel', arguments: { task: 'T-9' } },
            )
          : says(roundResults(request).join('\n')),
      ),
    });
    await house.say('go');
    await until(() => house.channel.texts().length > 0, 'an answer');
    const said = house.channel.texts()[0];
    expect(said).toContain('There is no tool “no_such”');
    expect(said).toContain('not valid JSON');
    expect(said).toContain('Wrong arguments for task_cancel');
    expect(said).toContain('There is no such task: T-9');
    expect(await estate.store.tasks.list({ limit: 1 })).toEqual([]);
  });

  it('may say half characters and NUL, in words and in calls', async () => {
    const house = await estate.open({
      model: createFixedModel((request) =>
        roundResults(request).length === 0
          ? calls(
              { name: 'task_start', arguments: '{"title":"x\\ud800","goal":"a\\u0000b"}' },
              { name: 'x\ud800', arguments: '\ud800' },
            )
          : says('half \ud83d and nul \0.'),
      ),
    });
    await house.say('go');
    await until(() => house.channel.texts().length > 0, 'an answer');
    expect(house.channel.texts()[0]).toBe('half \uFFFD and nul \uFFFD.');
    expect((await estate.task('T-1')).goal).toBe('a\uFFFDb');
  });

  it('that breaks is tried three times, then the message is set aside, told once, and the next one answered', async () => {
    const model = createFixedModel((request) =>
      lastWords(request) === 'poison' ? { kind: 'error', error: new Error('a bug') } : says('fine'),
    );
    const house = await estate.open({ model });
    await house.say('poison');
    await until(() => house.channel.texts().length === 1, 'its being set aside');
    await house.say('next');
    await until(() => house.channel.texts().at(-1) === 'fine', 'the next answer');
    expect(house.channel.texts()).toEqual([
      expect.stringContaining(FAILURES['message-set-aside'].what),
      'fine',
    ]);
    expect(model.requests).toHaveLength(4);
  });
});
