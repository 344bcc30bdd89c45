import { estimateRequest, type OwnerValues } from '@reeve/core';
import { expect, it } from 'vitest';
import { estateForEach } from './testing/estates.ts';
import { createFixedModel, lastWords, says, starts } from './testing/fixed-model.ts';
import { type Estate, type House, succeed } from './testing/house.ts';
import { deletes, giveFile } from './testing/tasks.ts';
import { until } from './testing/until.ts';

let estate: Estate;
const _number = 0;
estateForEach('live-settings', (fresh) => {
  estate = fresh;
});

/** As composition does it: what the owner changes is what the coordinator reads. */
const live = (values: OwnerValues) => ({
  parallelTasks: values['parallel-tasks'],
  holdMs: values['hold-seconds'] * 1000,
  timeZone: values['time-zone'],
  contextTokens: values['context-tokens'].any ?? 24_000,
  streaming: values.streaming,
  whileAnswering: values['while-answering'],
  language: values.language,
  tone: values.tone,
});

async function command(house: House, text: string): Promise<string> {
  const before = house.channel.texts().length;
  await house.say(text);
  return until(() => house.channel.texts()[before], `an answer to ${text}`);
}

const talks = () =>
  createFixedModel((request) => {
    const words = lastWords(request);
    if (words.startsWith('start ')) return starts(...words.slice(6).split(' and '));
    return says('fine');
  });

it('lets more tasks run as soon as it is said, while one holds the only place', async () => {
  const gate = Promise.withResolvers<void>();
  const house = await estate.open({
    model: talks(),
    live,
    work: async (executor) => {
      await gate.promise;
      await succeed(executor);
    },
  });
  await command(house, '/config parallel-tasks 1');
  await house.say('start a and b and c');
  await estate.reaches('T-1', 'running');
  expect((await estate.task('T-2')).state).toBe('queued');
  await command(house, '/config parallel-tasks 2');
  await estate.reaches('T-2', 'running');
  expect((await estate.task('T-3')).state).toBe('queued');
  gate.resolve();
  await estate.reaches('T-3', 'succeeded');
});

it('tells the model of language and tone from the next turn on, in front of everything that changes', async () => {
  const model = talks();
  const house = await estate.open({ model, live });
  await command(house, 'hello');
  await command(house, '/config language Deutsch');
  await command(house, '/config tone warm');
  await command(house, 'hello again');
  await command(house, '/undo');
  await command(house, 'and again');
  const wishes = model.requests.map(({ messages }) => String(messages[1]?.content));
  expect(wishes[0]).not.toContain('wishes');
  expect(wishes[1]).toContain('Language: answer in Deutsch');
  expect(wishes[1]).toContain('Tone: warm');
  expect(wishes[2]).toContain('Language: answer in Deutsch');
  expect(wishes[2]).not.toContain('Tone');
});

it('shows no drafts while streaming is off', async () => {
  const house = await estate.open({ model: talks(), live });
  await command(house, '/config streaming off');
  await command(house, 'hello');
  expect(house.channel.drafts).toEqual([]);
  await command(house, '/config streaming on');
  await command(house, 'hello');
  expect(house.channel.drafts).not.toEqual([]);
});

it('speaks in the new time zone at once', async () => {
  const model = talks();
  const house = await estate.open({ model, live });
  await command(house, '/config time-zone Pacific/Kiritimati');
  await command(house, 'hello');
  const board = model.requests[0]?.messages.find(({ content }) => String(content).startsWith('Now: '));
  expect(board?.content).toContain('(Pacific/Kiritimati)');
});

it('frees the worker of a question after the new time, also when it waits already', async () => {
  const house = await estate.open({ model: talks(), live, work: deletes('uploads/a.txt') });
  await giveFile(house, 'a.txt', 'a');
  await command(house, '/config hold-seconds 3600');
  await house.say('start a');
  await estate.openQuestion();
  expect((await estate.reaches('T-1', 'waiting')).leaseUntil).not.toBeNull();
  await command(house, '/config hold-seconds 0');
  await until(async () => (await estate.task('T-1')).leaseUntil === null, 'the worker to be gone');
  expect((await estate.task('T-1')).state).toBe('waiting');
});

it('fits the very next prompt into the new number of tokens', async () => {
  const model = talks();
  const house = await estate.open({ model, live });
  for (let turn = 1; turn <= 5; turn += 1) await command(house, `${turn} ${'word '.repeat(1600)}`);
  await command(house, 'before');
  await command(house, '/config context-tokens 6000');
  await command(house, 'after');
  const sizes = model.requests
    .filter((request) => ['before', 'after'].includes(lastWords(request)))
    .map((request) => estimateRequest(request).inputTokens);
  expect(sizes[0]).toBeGreaterThan(8000);
  expect(sizes[1]).toBeLessThan(6000);
});

it('keeps changes, who made them and the audit entries over a crash', async () => {
  const first = await estate.open({ model: talks(), live });
  await command(first, '/config hold-seconds 44 because calls take long');
  await first.crash();
  const second = await estate.open({ model: talks(), live });
  expect(await command(second, '/config hold-seconds')).toContain('You said why: calls take long.');
  expect(await command(second, '/config history')).toContain('hold-seconds default → `44`');
  expect(await command(second, '/undo')).toBe(
    'Taken back. **hold-seconds**: `44` → `15` (default). It counts from now on; /undo again takes back the change before it.',
  );
  const entries = await estate.store.audit.about('hold-seconds', 9);
  expect(entries.map(({ body }) => JSON.parse(body))).toMatchObject([
    { event: 'setting-changed', actor: 'person:owner', detail: { before: null, value: '44' } },
    { event: 'setting-changed', actor: 'person:owner', detail: { before: '44', value: null, undoes: 1 } },
  ]);
});
