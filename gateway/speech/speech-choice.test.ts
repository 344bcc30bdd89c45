import { describe, expect, it } from 'vitest';
import { chooseSpeech, type SpeechSettings } from './speech-choice.ts';

const nothing: SpeechSettings = {
  REEVE_TRANSCRIBE_PROVIDER: undefined,
  REEVE_TRANSCRIBE_URL: undefined,
  REEVE_TRANSCRIBE_KEY: undefined,
  REEVE_TRANSCRIBE_MODEL: undefined,
  REEVE_SPEECH_PROVIDER: undefined,
  REEVE_SPEECH_URL: undefined,
  REEVE_SPEECH_KEY: undefined,
  REEVE_SPEECH_MODEL: undefined,
};

const choose = (settings: Partial<SpeechSettings>) => chooseSpeech({ ...nothing, ...settings });

describe('listening', () => {
  it.each([
    [{}, /^off: set REEVE_TRANSCRIBE_MODEL to use your model provider, or REEVE_TRANSCRIBE_URL/],
    [{ OPENAI_API_KEY: 'k' }, /^off: set REEVE_TRANSCRIBE_MODEL/],
    [{ REEVE_TRANSCRIBE_MODEL: 'whisper-1' }, /^off: there is no model provider/],
    [{ REEVE_TRANSCRIBE_PROVIDER: 'chat', OPENAI_API_KEY: 'k' }, /^off: .* chat; set REEVE_TRANSCRIBE_MODEL/],
  ] as const)('is off for %j, and says what to set', (settings, described) => {
    const { hearing } = choose(settings);
    expect(hearing.kind).toBe('off');
    expect(hearing.describe).toMatch(described);
  });

  it.each([
    [
      { REEVE_TRANSCRIBE_MODEL: 'whisper-1', OPENAI_API_KEY: 'k-models' },
      { form: 'openai', baseUrl: 'https://api.openai.com/v1', key: 'k-models', model: 'whisper-1' },
    ],
    [
      { REEVE_TRANSCRIBE_MODEL: 'google/chirp-3', OPENROUTER_API_KEY: 'k-models' },
      {
        form: 'openrouter',
        baseUrl: 'https://openrouter.ai/api/v1',
        key: 'k-models',
        model: 'google/chirp-3',
      },
    ],
    [
      { REEVE_TRANSCRIBE_PROVIDER: 'openrouter', OPENAI_API_KEY: 'k-other', OPENROUTER_API_KEY: 'k-models' },
      { form: 'openrouter', baseUrl: 'https://openrouter.ai/api/v1', key: 'k-models' },
    ],
    [
      { REEVE_TRANSCRIBE_KEY: 'k-own' },
      {
        form: 'openai',
        baseUrl: 'https://api.openai.com/v1',
        key: 'k-own',
        model: 'gpt-4o-mini-transcribe',
      },
    ],
    [
      {
        REEVE_TRANSCRIBE_PROVIDER: 'chat',
        REEVE_TRANSCRIBE_MODEL: 'listener',
        OPENAI_BASE_URL: 'http://10.0.0.5/v1/',
      },
      { form: 'chat', baseUrl: 'http://10.0.0.5/v1', key: null, model: 'listener' },
    ],
  ] as const)('is on for %j', (settings, expected) => {
    const { hearing } = choose(settings);
    expect(hearing).toMatchObject({ kind: 'on', ...expected });
    expect(hearing.describe).not.toContain('k-');
  });

  it('never gives a model provider’s key to an address of its own', () => {
    const { hearing } = choose({ REEVE_TRANSCRIBE_URL: 'https://ears.example.org/v1/', OPENAI_API_KEY: 'k' });
    expect(hearing).toMatchObject({ baseUrl: 'https://ears.example.org/v1', key: null, model: 'whisper-1' });
  });
});

describe('reading out', () => {
  it.each([
    [{}, /^off: set REEVE_SPEECH_MODEL/],
    [{ REEVE_SPEECH_PROVIDER: 'elevenlabs' }, /^off: .* set REEVE_SPEECH_KEY/],
    [{ REEVE_SPEECH_PROVIDER: 'elevenlabs', OPENAI_API_KEY: 'k' }, /^off: .* set REEVE_SPEECH_KEY/],
  ] as const)('is off for %j, and says what to set', (settings, described) => {
    expect(choose(settings).speaking).toMatchObject({
      kind: 'off',
      describe: expect.stringMatching(described),
    });
  });

  it.each([
    [
      { REEVE_SPEECH_PROVIDER: 'elevenlabs', REEVE_SPEECH_KEY: 'k' },
      { form: 'elevenlabs', baseUrl: 'https://api.elevenlabs.io/v1', model: 'eleven_multilingual_v2' },
    ],
    [{ REEVE_SPEECH_URL: 'https://api.elevenlabs.io/v1', REEVE_SPEECH_KEY: 'k' }, { form: 'elevenlabs' }],
    [
      { REEVE_SPEECH_URL: 'http://127.0.0.1:5005/v1' },
      { form: 'openai', baseUrl: 'http://127.0.0.1:5005/v1', key: null, model: 'tts-1' },
    ],
    [
      { REEVE_SPEECH_PROVIDER: 'openai', OPENAI_API_KEY: 'k' },
      { form: 'openai', baseUrl: 'https://api.openai.com/v1', key: 'k', model: 'gpt-4o-mini-tts' },
    ],
  ] as const)('is on for %j', (settings, expected) => {
    expect(choose(settings).speaking).toMatchObject({ kind: 'on', ...expected });
  });
});
