import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ShownMessage } from '@reeve/core/testing/telegram-peer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, makeTestHome, runReeve } from '../testing/reeve-process.ts';
import {
  type LocalSpeech,
  openLocalSpeech,
  openSpeechEndpoint,
  type SpeechEndpoint,
} from '../testing/speech-endpoint.ts';
import { ANN_ID, labelsOf, openTelegramHouse, type TelegramHouse } from '../testing/telegram-house.ts';

const has = (words: string) => (message: ShownMessage) => message.text.includes(words);
const isVoice = ({ file }: ShownMessage) => file?.kind === 'voice';

describe('voice on Telegram', () => {
  let speech: LocalSpeech;
  let endpoint: SpeechEndpoint;
  beforeAll(async () => {
    speech = await openLocalSpeech();
    endpoint = await openSpeechEndpoint(speech);
  });
  afterAll(async () => {
    await endpoint[Symbol.asyncDispose]();
    await speech[Symbol.asyncDispose]();
  });

  const settings = () => ({
    REEVE_TRANSCRIBE_URL: endpoint.url,
    REEVE_TRANSCRIBE_KEY: endpoint.key,
    REEVE_SPEECH_URL: endpoint.url,
    REEVE_SPEECH_KEY: endpoint.key,
  });
  const speak = async ({ ann }: TelegramHouse, words: string) => ann.voice(await speech.say(words), 3);

  it('a spoken question is heard, answered, and answered aloud when the owner wishes it', async () => {
    await using house = await openTelegramHouse(settings());
    const { ann, peer } = house;
    const note = await speak(house, 'what is two plus three');
    const heard = await house.shown('what was heard', has('Heard:\nwhat is 2 plus 3'));
    expect(heard.replyTo).toBe(note.id);
    const answer = await house.shown('the answer', has('2 + 3 = 5'));
    expect(answer.replyTo).toBe(note.id);
    expect(peer.fromBot(ANN_ID).some(isVoice)).toBe(false);

    ann.say('/voice on');
    await house.shown('the change', has('voice: off → on'));
    ann.say('/voice nova');
    await house.shown('the other change', has('voice-name: off → nova'));
    await speak(house, 'what is four plus five');
    const text = await house.shown('the next answer', has('4 + 5 = 9'));
    const voice = await house.shown('its voice', (shown) => isVoice(shown) && shown.replyTo === text.id);
    expect(await speech.recognise(voice.file?.bytes ?? new Uint8Array())).toContain('4 plus 5 equals 9');
    expect(endpoint.spoken.at(-1)?.voice).toBe('nova');

    ann.say('/undo');
    await house.shown('the voice taken back', has('voice-name: nova → off'));
    ann.say('/voice off');
    await house.shown('silence', has('voice: on → off'));
    const { body } = await house.reeve().call('GET', '/v1/status');
    expect(body).toMatchObject({ hearing: expect.stringContaining('whisper-1 at 127.0.0.1') });
    const log = await readFile(path.join(house.home.path, 'logs', 'reeve.log'), 'utf8');
    expect(log).not.toContain(endpoint.key);
  });

  it('a spoken job is done, and a note that is not understood is kept and said to be', async () => {
    await using house = await openTelegramHouse(settings());
    await speak(house, 'make a file of the first twenty primes and tell me their sum');
    await house.shown('the sum', has('The sum of the first 20 primes is 639.'));
    await house.shown('the file', ({ file }) => file?.name.startsWith('primes') ?? false);

    house.ann.voice(await silence(speech), 3);
    await house.shown('what silence comes to', has('I heard no words in the recording.'));
    house.ann.voice(new Uint8Array(), 0);
    await house.shown('what nothing comes to', has('The recording is empty.'));

    endpoint.fail(401);
    await speak(house, 'stop');
    const told = await house.shown('why it was not heard', has('the provider refused the key'));
    const [, kept = ''] = /kept among your files as (\S+\.ogg)\./.exec(told.text) ?? [];
    const { status } = await house.reeve().call('GET', `/v1/files/${kept}`);
    expect(status).toBe(200);
    endpoint.fail(null);
    house.ann.say('work 60 seconds');
    const card = await house.shown(
      'the card',
      (shown) => has('T-2')(shown) && labelsOf(shown).includes('Stop'),
    );
    house.ann.voice(await speech.say('stop'), 1, { replyTo: card.id });
    await house.shown('the end of the task', has('T-2 was cancelled'));
    await speak(house, 'what is one plus one');
    await house.shown('that it hears again', has('1 + 1 = 2'));
  });

  it('proves itself to the doctor, and says what is wrong with it', async () => {
    await using home = await makeTestHome();
    const examined = async (extra: Record<string, string> = {}) => {
      const { stdout } = await runReeve(home, ['doctor', '--json'], { ...settings(), ...extra });
      const { findings } = JSON.parse(stdout) as {
        findings: { id: string; state: string; observed: string }[];
      };
      return findings.filter(({ id }) => id === 'listening' || id === 'reading-out');
    };
    expect(await examined()).toMatchObject([
      { state: 'ok', observed: expect.stringContaining('whisper-1 at 127.0.0.1') },
      { state: 'ok', observed: expect.stringContaining('tts-1 at 127.0.0.1') },
    ]);
    const wrong = { REEVE_TRANSCRIBE_KEY: 'no', REEVE_SPEECH_URL: 'http://127.0.0.1:1/v1' };
    expect(await examined(wrong)).toMatchObject([
      { state: 'failed', observed: expect.stringContaining('the provider refused the key') },
      { state: 'failed', observed: expect.stringContaining('cannot be reached') },
    ]);
  });

  it('without settings says what to set, to the person and to the operator', async () => {
    await using house = await openTelegramHouse();
    await speak(house, 'what is one plus one');
    await house.shown('what the operator sets', has('ask the operator to set REEVE_TRANSCRIBE_MODEL'));
    house.ann.say('/voice on');
    await house.shown('that nobody reads out', has('no voice is set up'));
    house.ann.say('/connect voice');
    await house.shown('the state', has('Listening to voice notes: not yet; set REEVE_TRANSCRIBE_MODEL'));
    const doctor = await runReeve(house.home, ['doctor', '--json']);
    const { findings } = JSON.parse(doctor.stdout);
    expect(findings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: 'listening', state: 'warning' }),
        expect.objectContaining({ id: 'reading-out', state: 'warning' }),
      ]),
    );
    await eventually('nothing to be left over', async () => house.peer.unconfirmed() === 0);
  });
});

async function silence(speech: LocalSpeech): Promise<Buffer> {
  return speech.say('');
}
