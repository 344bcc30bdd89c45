import { makePdf } from '@reeve/core/testing';
import type { Person, ShownMessage } from '@reeve/core/testing/telegram-peer';
import { describe, expect, it } from 'vitest';
import { eventually } from '../testing/reeve-process.ts';
import { startScriptedModelServer } from '../testing/scripted-model-server.ts';
import { ANN_ID, labelsOf, openTelegramHouse, type TelegramHouse } from '../testing/telegram-house.ts';

const GRACE_ID = 5150;
/** A real picture. */
const ONE_PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const has = (words: string) => (message: ShownMessage) => message.text.includes(words);

/** Taps a button of the newest message that shows it. */
async function tapOn(house: TelegramHouse, who: Person, words: string, label: string): Promise<string> {
  const card = await house.shown(
    `“${label}” on “${words}”`,
    (message) => has(words)(message) && labelsOf(message).includes(label),
    who.user.id,
  );
  return who.tap(card, label);
}

describe('the first two minutes on Telegram', () => {
  it('go from /start to a real result and a real question by taps alone', async () => {
    await using house = await openTelegramHouse();
    const { ann, peer } = house;
    ann.say('/start');
    await house.shown('a greeting by name', has('Hello Ann. I am Reeve'));
    await tapOn(house, ann, 'One tap and the set-up is finished', 'It works');
    await tapOn(house, ann, 'Is your time zone UTC?', 'Yes');
    await tapOn(house, ann, 'How shall I sound?', 'Brief');
    await tapOn(house, ann, 'When shall I keep quiet?', '22 to 7');
    ann.say('/start');
    await house.shown('the way back', has('We go on where we were'));
    const tap = await tapOn(house, ann, 'What shall I start with?', 'A table of primes');
    await house.shown('the file', ({ file }) => file?.name === 'primes.csv');
    expect(peer.tapAnswer(tap).text).toContain('A table of primes: started.');
    await tapOn(house, ann, 'Shall I do this every Monday 09:00?', 'Ask me');
    await tapOn(house, ann, 'Schedule 1 job', 'Once');
    await house.shown('the decision', has('Approved (once) by Ann'));
    await house.shown('what else there is', has('That was the tour'));
    const { body } = await house.reeve().call('GET', '/v1/config');
    expect(body['settings']).toContainEqual(
      expect.objectContaining({ name: 'quiet-hours', value: '22:00-07:00', source: 'owner' }),
    );
    expect(peer.calls.filter(({ status }) => status >= 400)).toEqual([]);
  });
});

describe('what the owner sends as a first job on Telegram', () => {
  async function atFirstJob(house: TelegramHouse): Promise<void> {
    house.ann.say('/start');
    await tapOn(house, house.ann, 'One tap and the set-up is finished', 'It works');
    for (const question of ['Is your time zone', 'How shall I sound?', 'When shall I keep quiet?'])
      await tapOn(house, house.ann, question, 'Skip');
    await house.shown('what to start with', has('What shall I start with?'));
  }

  it('a PDF is read by a worker, and the tour goes on by itself', async () => {
    await using house = await openTelegramHouse();
    await atFirstJob(house);
    const pages = ['The harbour opens at six.', 'It closes at nine.'];
    house.ann.document('harbour.pdf', makePdf({ title: 'Harbour hours', pages }));
    await house.shown(
      'the digest',
      ({ text }) => /The harbour opens at six/.test(text) && /2 pages/.test(text),
    );
    await house.shown('the next step', has('Shall I do this every Monday 09:00?'));
    expect(house.peer.calls.filter(({ status }) => status >= 400)).toEqual([]);
  });

  it('a photo is seen by the model that sees, and its answer is the result', async () => {
    const model = await startScriptedModelServer();
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => model.close());
    await using house = await openTelegramHouse({
      OPENAI_BASE_URL: model.url,
      OPENAI_API_KEY: 'none',
      REEVE_MODEL_COORDINATOR: 'chat-model',
      REEVE_MODEL_VISION: 'chat-model',
    });
    await atFirstJob(house);
    house.ann.photo(Buffer.from(ONE_PIXEL, 'base64'));
    await house.shown('the next step', has('Shall I do this every Monday 09:00?'));
    const seen = model.asked().filter((body) => body.includes(`data:image/png;base64,${ONE_PIXEL}`));
    expect(seen).toHaveLength(1);
    expect(
      model
        .asked()
        .filter((body) => !seen.includes(body))
        .join(''),
    ).not.toContain(ONE_PIXEL);
  });
});

describe('a member on Telegram', () => {
  it('is admitted by the owner, starts tasks, and decides nothing', async () => {
    await using house = await openTelegramHouse();
    const { ann, peer } = house;
    const grace = peer.person(GRACE_ID, 'Grace Hopper');
    grace.say('hello?');
    ann.say(`/people add telegram ${GRACE_ID} member Grace`);
    await house.shown('the admission', has('may talk to me and start tasks'));
    grace.say('/start');
    await house.shown('her greeting', has('Hello Grace. Tell me what you want done.'), GRACE_ID);
    const menu = await eventually('her menu', async () => {
      const commands = peer.menu(`chat:${GRACE_ID}`).map(({ command }) => command);
      return commands.length > 0 && commands;
    });
    expect(menu).not.toContain('approve');
    expect(menu).toContain('status');
    grace.say('what is 20 + 3?');
    await house.shown('her result', has('20 + 3 = 23'), GRACE_ID);
    const group = peer.group(-1005, 'Family', [ann, grace]);
    ann.say('@reeve_test_bot write x to x.txt', { chat: group });
    await house.shown('the file', ({ file }) => file?.name === 'x.txt', group);
    ann.say('@reeve_test_bot delete x.txt', { chat: group });
    const question = await house.shown(
      'the question',
      (message) => labelsOf(message).includes('Once'),
      group,
    );
    const code = /\/approve ([A-Z0-9]+)/.exec(question.text)?.[1] ?? '';
    const tap = grace.tap(question, 'Once');
    await eventually('her tap to be refused', async () => peer.tapAnswer(tap).isAnswered);
    expect(peer.tapAnswer(tap).text).toContain('owner');
    grace.say(`/approve ${code}`, { chat: group });
    await house.shown('that she cannot', has('There is no such command'), group);
    ann.tap(question, 'Deny');
    await house.shown('the denial', has('Denied by Ann'), group);
    ann.say(`/people remove telegram ${GRACE_ID}`);
    await house.shown('the removal', has('is a stranger from now on'));
    const before = peer.fromBot(GRACE_ID).length;
    grace.say('and now?');
    ann.say('/status');
    await house.shown('the status', has('Running 0 of'), ANN_ID);
    expect(peer.fromBot(GRACE_ID).length).toBe(before);
  });
});
