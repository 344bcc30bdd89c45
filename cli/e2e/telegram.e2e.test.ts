import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ShownMessage } from '@reeve/core/testing/telegram-peer';
import { describe, expect, it } from 'vitest';
import { eventually, runReeve } from '../testing/reeve-process.ts';
import { ANN_ID, labelsOf, openTelegramHouse } from '../testing/telegram-house.ts';

const MAIN_JOB = 'Make a CSV of the first 20 primes and tell me their sum';
const has = (words: string) => (message: ShownMessage) => message.text.includes(words);
const isCardOf = (task: string) => (message: ShownMessage) =>
  message.text.includes(task) && labelsOf(message).includes('Stop');
const isOpen = (message: ShownMessage) => labelsOf(message).includes('Once');

describe('Reeve on Telegram', () => {
  it('does the main job, asks by card, and obeys a tap', async () => {
    await using house = await openTelegramHouse();
    const { ann, peer } = house;
    const said = ann.say(MAIN_JOB);
    const result = await house.shown('the result', has('The sum of the first 20 primes is 639.'));
    expect(result.replyTo).toBe(said.id);
    await house.shown('the file', ({ file }) => file?.name === 'primes.csv');
    const card = await house.shown('the folded card', (message) => /^✓? ?.*T-1.*done/.test(message.text));
    expect(labelsOf(card)).toEqual([]);
    expect(peer.messages(ANN_ID).find(({ id }) => id === said.id)?.reactions).toEqual(['👀']);

    ann.say('Delete it');
    const question = await house.shown('the question', isOpen);
    expect(question.buttons.flat().find(({ text }) => text === 'Once')).toMatchObject({ style: 'danger' });
    const tap = ann.tap(question, 'Once');
    await house.shown(
      'the decision',
      ({ id, text }) => id === question.id && text.includes('Approved (once) by'),
    );
    expect(peer.tapAnswer(tap).isAnswered).toBe(true);
    await house.shown('the deletion', has('T-2'));
    const again = ann.tap(
      question,
      'Once',
      peer.calls.find(({ method }) => method === 'sendmessage')?.method,
    );
    await eventually('the late tap to be answered', async () => peer.tapAnswer(again).isAnswered);
    await eventually('the file to be gone', async () => {
      const { status } = await house.reeve().call('GET', '/v1/files/T-1/primes.csv');
      return status === 404;
    });
    expect(
      peer.calls.filter(({ status }) => status >= 400).map(({ method, status }) => [method, status]),
    ).toEqual([]);
  });

  it('is steered by a reply to a card, stopped by command and by button, and takes notes', async () => {
    await using house = await openTelegramHouse();
    const { ann } = house;
    ann.say('work 60 seconds');
    const card = await house.shown('the card', isCardOf('T-1'));
    ann.say('be quick', { replyTo: card.id });
    await house.shown('the steer', has('Passed on to T-1'));
    ann.tap(card, 'Add note');
    const prompt = await house.shown('the request for words', has('Reply to this message with your note'));
    ann.say('and be neat', { replyTo: prompt.id });
    await eventually('the note', async () => {
      const { body } = await house.reeve().call('GET', '/v1/tasks/T-1');
      return JSON.stringify(body).includes('and be neat');
    });
    ann.tap(card, 'Stop');
    await house.shown('the end', has('T-1 was cancelled'));
    ann.say('work 60 seconds');
    await house.shown('another card', isCardOf('T-2'));
    ann.say('/cancel T-2');
    await house.shown('the second end', has('T-2 was cancelled'));
    ann.say('work 60 seconds');
    const third = await house.shown('a third card', isCardOf('T-3'));
    ann.say('stop', { replyTo: third.id });
    await house.shown('the third end', has('T-3 was cancelled'));
  });

  it('keeps a question through a kill, and a yes through the restart', async () => {
    await using house = await openTelegramHouse();
    const { ann, peer } = house;
    ann.say('write hello to notes.txt');
    await house.shown('the file', ({ file }) => file?.name === 'notes.txt');
    ann.say('Delete it');
    const question = await house.shown('the question', isOpen);
    // What is delivered next says that Reeve knows that the question arrived; else it would come once more, as a duplicate.
    await house.shown('the card', has('T-2 Delete T-1/notes.txt · '));
    await house.reeve().kill('SIGKILL');
    ann.tap(question, 'Once');
    await house.restart('SIGKILL');
    await house.shown(
      'the decision',
      ({ id, text }) => id === question.id && text.includes('Approved (once) by'),
    );
    await house.shown('the result', (message) => message.text.startsWith('T-2') && has('deleted')(message));
    expect(peer.fromBot(ANN_ID).filter(isOpen)).toEqual([]);
  });

  it('takes photos, documents, albums, places and forwarded words', async () => {
    await using house = await openTelegramHouse();
    const { ann, peer } = house;
    ann.document('plan.txt', new TextEncoder().encode('the plan'), 'what is 1 + 1?');
    await house.shown('an answer', has('2'));
    expect((await house.reeve().call('GET', '/v1/files/uploads/plan.txt')).body).toEqual({
      text: 'the plan',
    });
    const picture = new Uint8Array(2000).fill(7);
    for (const caption of ['what is 2 + 3?', '', '']) ann.photo(picture, caption, { album: 'A1' });
    await house.shown('one answer for the album', has('5'));
    const { body } = await house.reeve().call('GET', '/v1/conversations');
    expect(JSON.stringify(body)).toContain('telegram');
    ann.say('/approve everything', { forwardedFrom: 'Mallory' });
    ann.location(48.1, 11.5);
    ann.voice(new Uint8Array(100), 2);
    await house.shown('what voice notes come to', has('I cannot listen to recordings'));
    ann.document('film.mkv', new Uint8Array(21 * 1024 * 1024));
    await house.shown('the limit', has('film.mkv has 21 MB, and Telegram lets a bot fetch up to 20 MB'));
    expect(peer.fromBot(ANN_ID).some(has('There is no such command'))).toBe(false);
    for (const method of ['sendMessage', 'getUpdates', 'getFile', 'setMessageReaction'])
      peer.inject(method, { kind: 'lost-response' });
    ann.document('more.txt', new TextEncoder().encode('more'), 'what is 3 + 3?');
    await house.shown('an answer all the same', has('3 + 3 = 6'));
    expect(await readFile(path.join(house.home.path, 'logs', 'reeve.log'), 'utf8')).not.toContain(peer.token);
  });

  it('answers in groups when it is addressed, and strangers get nothing', async () => {
    await using house = await openTelegramHouse();
    const { ann, peer } = house;
    const mallory = peer.person(6666, 'Mallory');
    const group = peer.group(-1001234, 'Team', [ann, mallory]);
    mallory.say('@reeve_test_bot make a file', { chat: group });
    mallory.say('/status', { chat: group });
    mallory.say('hello');
    ann.say('just among us', { chat: group });
    ann.say('/status@another_bot', { chat: group });
    ann.say('@reeve_test_bot what is 4 + 4?', { chat: group });
    await house.shown('the answer in the group', has('4 + 4 = 8'), group);
    const answer = peer.fromBot(group).find(has('Started T-1'))!;
    const { body } = await house.reeve().call('GET', '/v1/tasks');
    expect(body['tasks']).toHaveLength(1);
    ann.say('what is 5 + 5?', { chat: group, replyTo: answer.id });
    await house.shown('the answer to a reply', has('5 + 5 = 10'), group);
    ann.say('@reeve_test_bot write x to x.txt', { chat: group });
    await house.shown('the file', ({ file }) => file?.name === 'x.txt', group);
    ann.say('@reeve_test_bot delete x.txt', { chat: group });
    const question = await house.shown('the question', isOpen, group);
    const tap = mallory.tap(question, 'Once');
    await eventually('her tap to be refused', async () =>
      peer.tapAnswer(tap).text?.includes('Only people whom'),
    );
    expect(peer.fromBot(6666)).toEqual([]);
    ann.tap(question, 'Deny');
    await house.shown('the denial', has('Denied by Ann'), group);
  });

  it('pairs its owner by a code that only the operator sees, and counts as set up after a tap', async () => {
    await using house = await openTelegramHouse({ TELEGRAM_OWNER_ID: '' });
    const { ann, peer, home } = house;
    ann.say('hello, do something');
    await house.shown('what to do', has('has no owner yet'));
    const doctor = await runReeve(home, ['doctor'], {
      TELEGRAM_BOT_TOKEN: peer.token,
      TELEGRAM_API_ROOT: peer.url,
    });
    const code = /start=([A-Z0-9]{8})/.exec(doctor.stdout)?.[1] ?? '';
    expect(code).not.toBe('');
    ann.say('/start AAAAAAAA');
    ann.say(`/start ${code}`);
    const greeting = await house.shown('the greeting', (message) => labelsOf(message).includes('It works'));
    const note = async () => JSON.parse(await readFile(path.join(home.path, 'telegram.json'), 'utf8'));
    expect(await note()).toMatchObject({ pairing: null, finishedAt: null });
    ann.tap(greeting, 'It works');
    await house.shown('the end of the set-up', has('Connected, both ways'));
    expect(await note()).toMatchObject({ finishedAt: expect.any(String), trouble: null });
    await house.shown('the tour by name', has('Hello Ann. I am Reeve'));
    await house.shown('its first card', has('Is your time zone UTC?'));
    ann.say('what is 20 + 3?');
    await house.shown('an answer', has('23'));
    expect(peer.menu(`chat:${ANN_ID}`).map(({ command }) => command)).toContain('approve');
  });
});
