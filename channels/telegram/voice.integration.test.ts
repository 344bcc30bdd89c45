import { type About, type Failure, HEARD_NOTE, type Outcome } from '@reeve/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ANN, type ChannelBench, openChannelBench, textFor } from './testing/channel-bench.ts';

const failed = async (failure: Failure): Promise<Outcome<never>> => ({ kind: 'failed', failure });
const until = (look: () => boolean) => vi.waitUntil(look, { timeout: 60_000, interval: 10 });
const RECORDING = Buffer.from('OggS, a recording');

describe('what people record', () => {
  let bench: ChannelBench;
  beforeEach(async () => {
    bench = await openChannelBench();
    await bench.start();
  });
  afterEach(() => bench[Symbol.asyncDispose]());

  const told = () => bench.peer.fromBot(ANN).map(({ text }) => text);

  it('is listened to, answered as a message, and shown as it was heard', async () => {
    const note = bench.ann.voice(RECORDING, 2);
    await until(() => told().length === 1);
    expect(bench.speech.heard).toEqual([{ bytes: RECORDING, type: 'audio/ogg' }]);
    expect(bench.received).toMatchObject([
      { text: 'make a list', isHeard: true, attachments: [], updateId: `${ANN}/${note.id}` },
    ]);
    expect(bench.peer.fromBot(ANN)).toMatchObject([
      { text: 'Heard:\nmake a list', replyTo: note.id, entities: [{ type: 'blockquote' }] },
    ]);
    const quiet = bench.peer.calls.find(({ method }) => method === 'sendmessage');
    expect(quiet?.parameters['disable_notification']).toBe(true);
    expect(bench.peer.messages(ANN)[0]?.reactions).toEqual(['👀']);
  });

  it('may be a video note, and words of others that are passed on', async () => {
    bench.ann.videoNote(Buffer.from('film'), 3, { forwardedFrom: 'Mallory' });
    await until(() => bench.received.length === 1);
    expect(bench.speech.heard).toMatchObject([{ type: 'video/mp4' }]);
    expect(bench.received).toMatchObject([{ isHeard: true, forwardedFrom: 'Mallory' }]);
  });

  it('belongs to a request for words when it replies to one', async () => {
    const action = { kind: 'note' as const, task: 'T-3' as const };
    const card = {
      key: 'task:T-3',
      title: 'T-3',
      blocks: [
        {
          kind: 'actions' as const,
          actions: [{ label: 'Add note', style: 'plain' as const, action, typed: '/tell T-3 words' }],
        },
      ],
    };
    await bench.channel().deliver(textFor('', { content: { kind: 'card', card } }));
    bench.ann.tap(bench.peer.fromBot(ANN)[0]!, 'Add note');
    await until(() => told().length === 2);
    bench.ann.voice(RECORDING, 2, { replyTo: bench.peer.fromBot(ANN)[1]!.id });
    await until(() => bench.received.length === 1);
    expect(bench.received[0]?.text).toBe(`/tell T-3 make a list\n\n${HEARD_NOTE}`);
    expect(bench.received[0]?.isHeard).toBeUndefined();
  });

  it('and is empty or silent is nothing, in clear words', async () => {
    bench.ann.voice(RECORDING, 0);
    bench.ann.voice(new Uint8Array(), 2);
    await until(() => told().length === 2);
    expect(bench.speech.heard).toEqual([]);
    bench.speech.hear = () => failed({ code: 'recording-silent' });
    bench.ann.voice(RECORDING, 2);
    await until(() => told().length === 3);
    expect(told()).toEqual([
      'The recording is empty. Nothing was done. Record it again, or type it.',
      'The recording is empty. Nothing was done. Record it again, or type it.',
      'I heard no words in the recording. Nothing was done. Record it again closer to the microphone, or type it.',
    ]);
    expect(bench.received).toEqual([]);
  });

  it('and cannot be listened to is kept, and the person is told where and why', async () => {
    bench.speech.hear = () => failed({ code: 'hearing-failed', about: 'the provider refused the key' });
    bench.ann.voice(RECORDING, 2);
    bench.ann.say('typed instead');
    await until(() => bench.received.length === 1);
    expect(told()).toEqual([
      expect.stringMatching(
        /^The recording could not be listened to: the provider refused the key\. .* kept among your files as uploads\/voice-.*\.ogg\.$/,
      ),
    ]);
    expect(bench.received).toMatchObject([{ text: 'typed instead' }]);
  });

  it('and is too large is said so before it is fetched', async () => {
    bench.ann.voice(new Uint8Array(21 * 1024 * 1024), 5000);
    await until(() => told().length === 1);
    expect(told()[0]).toContain('has 21 MB, and Telegram lets a bot fetch up to 20 MB');
    expect(bench.peer.calls.some(({ method }) => method === 'getfile')).toBe(false);
  });

  it('is listened to once, however often the database is away', async () => {
    for (let index = 0; index < 2; index += 1)
      bench.answers.push(async () => ({ kind: 'refused', failure: { code: 'database-away' } }));
    bench.ann.voice(RECORDING, 2);
    await until(() => told().length === 1);
    expect(bench.received).toHaveLength(1);
    expect(bench.speech.heard).toHaveLength(1);
  });

  it('by strangers, or to nobody in particular, is not listened to', async () => {
    const group = bench.peer.group(-100, 'Team', [bench.ann]);
    bench.peer.person(666, 'Mallory').voice(RECORDING, 2);
    bench.ann.voice(RECORDING, 2, { chat: group });
    await bench.channel().deliver(textFor('Yes?', { chat: { channel: 'telegram', externalId: '-100' } }));
    const [question] = bench.peer.fromBot(group);
    bench.ann.voice(RECORDING, 2, { chat: group, replyTo: question!.id });
    await until(() => bench.received.length === 1);
    expect(bench.speech.heard).toHaveLength(1);
  });

  it('as a sound file is stored, with what is said in it as a text beside it', async () => {
    bench.ann.audio('talk.mp3', Buffer.from('sound'), 60);
    await until(() => bench.received.length === 1);
    expect(bench.received[0]).toMatchObject({
      text: '',
      attachments: ['uploads/talk.mp3', 'uploads/talk.mp3 transcript.txt'],
    });
    expect(bench.received[0]?.isHeard).toBeUndefined();
    bench.speech.hear = () => failed({ code: 'recording-silent' });
    bench.ann.audio('music.mp3', Buffer.from('music'), 60);
    bench.ann.audio('opera.mp3', Buffer.from('opera'), 7200);
    await until(() => bench.received.length === 3);
    expect(bench.received.slice(1).map(({ attachments }) => attachments)).toEqual([
      ['uploads/music.mp3'],
      ['uploads/opera.mp3'],
    ]);
    expect(bench.speech.heard).toHaveLength(2);
    expect(told()).toEqual([]);
  });
});

describe('without a transcriber', () => {
  it('a voice note is not even fetched, and the person reads what the operator sets', async () => {
    await using bench = await openChannelBench({ hears: false });
    await bench.start();
    bench.ann.voice(RECORDING, 2);
    bench.ann.audio('talk.mp3', Buffer.from('sound'), 60);
    await until(() => bench.received.length === 1);
    expect(bench.peer.fromBot(ANN).map(({ text }) => text)).toEqual([
      expect.stringContaining(
        'no transcriber is set up. Nothing was done. Type it, or ask the operator to set REEVE_TRANSCRIBE_MODEL',
      ),
    ]);
    expect(bench.received).toMatchObject([{ attachments: ['uploads/talk.mp3'] }]);
    expect(bench.speech.heard).toEqual([]);
  });
});

describe('answers that are read out', () => {
  let bench: ChannelBench;
  beforeEach(async () => {
    bench = await openChannelBench();
    await bench.start();
    bench.speech.voice.isOn = true;
  });
  afterEach(() => bench[Symbol.asyncDispose]());

  const about: About = { kind: 'turn', turnId: 'turn-1', also: [], tasks: [] };
  const answer = (markdown: string, more: Parameters<typeof textFor>[1] = {}) =>
    bench.channel().deliver(textFor(markdown, { about, ...more }));
  const notes = (chat = ANN) => bench.peer.fromBot(chat).filter(({ file }) => file?.kind === 'voice');

  it('come as a text, and behind it as a quiet voice note by the chosen voice', async () => {
    bench.speech.voice.name = 'nova';
    await answer('It is **five**.');
    const [text] = bench.peer.fromBot(ANN);
    expect(text?.text).toBe('It is five.');
    await until(() => notes().length === 1);
    expect(bench.speech.spoken).toEqual([{ text: 'It is five.', voice: 'nova' }]);
    expect(notes()).toMatchObject([{ text: '', replyTo: text?.id, file: { name: 'answer.ogg' } }]);
    expect(Buffer.from(notes()[0]?.file?.bytes ?? []).toString()).toBe('OggS, a voice');
  });

  it('do not wait for their voice', async () => {
    bench.speech.read = () => new Promise(() => undefined);
    await answer('one.');
    await answer('two.');
    expect(bench.peer.fromBot(ANN).map(({ text }) => text)).toEqual(['one.', 'two.']);
  });

  it('say beneath the note what was left out', async () => {
    await answer('Look:\n\n```\ncode\n```');
    await until(() => notes().length === 1);
    expect(bench.speech.spoken).toMatchObject([{ text: 'Look:' }]);
    await answer('A sentence of seven words stands here. '.repeat(60));
    await until(() => notes().length === 2);
    expect(notes().map(({ text }) => text)).toEqual([
      'Read out without code, tables and links. All of it is in the text.',
      'The beginning, read out. All of it is in the text.',
    ]);
  });

  it('are those to owners in private: no notices, failures, groups, other people or bare code', async () => {
    const group = bench.peer.group(-100, 'Team', [bench.ann]);
    const bob = bench.peer.person(99, 'Bob');
    bob.open();
    await answer('for the group', { chat: { channel: 'telegram', externalId: String(group) } });
    await answer('for Bob', { chat: { channel: 'telegram', externalId: '99' } });
    await answer('a notice', { about: { kind: 'notice' } });
    await answer('a failure', { about: { ...about, failure: 'model-failed' } });
    await answer('```\nonly code\n```');
    bench.speech.voice.isOn = false;
    await answer('switched off');
    bench.speech.voice.isOn = true;
    await answer('a result', { about: { kind: 'task-result', taskId: 'T-1', state: 'succeeded' } });
    await until(() => notes().length === 1);
    expect(bench.speech.spoken.map(({ text }) => text)).toEqual(['a result.']);
  });

  it('that cannot be read out are said to be so once, until it works again', async () => {
    const told = () =>
      bench.peer.fromBot(ANN).filter(({ text }) => text.startsWith('The answer could not be read out'));
    const works = bench.speech.read;
    const breaks = () => failed({ code: 'speaking-failed', about: 'the provider refused the key' });
    bench.speech.read = breaks;
    await answer('one.');
    await until(() => told().length === 1);
    expect(told()[0]?.text).toContain('the provider refused the key');
    await answer('two.');
    await until(() => bench.speech.spoken.length === 2);
    bench.speech.read = works;
    await answer('three.');
    await until(() => notes().length === 1);
    expect(told()).toHaveLength(1);
    bench.speech.read = breaks;
    await answer('four.');
    await until(() => told().length === 2);
  });

  it('obey Telegram’s wish to wait, and are not sent twice when their fate is unknown', async () => {
    bench.peer.inject('sendVoice', { kind: 'too-many-requests', retryAfter: 1 });
    await answer('one.');
    await until(() => notes().length === 1);
    bench.peer.inject('sendVoice', { kind: 'lost-response' });
    await answer('two.');
    await until(() => notes().length === 2);
    await answer('three.');
    await until(() => notes().length === 3);
    expect(bench.peer.fromBot(ANN)).toHaveLength(6);
  });
});
