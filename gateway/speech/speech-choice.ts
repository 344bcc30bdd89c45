import {
  isOpenRouter,
  type ModelSettings,
  modelEndpoint,
  OPENAI_URL,
  OPENROUTER_URL,
} from '../model-choice.ts';

/** How a transcriber is spoken to: OpenAI's form, OpenRouter's, or any chat model that listens. */
export const HEARING_FORMS = ['openai', 'openrouter', 'chat'] as const;
export type HearingForm = (typeof HEARING_FORMS)[number];
/** How a voice is spoken to. */
export const SPEAKING_FORMS = ['openai', 'elevenlabs'] as const;
export type SpeakingForm = (typeof SPEAKING_FORMS)[number];

/** The settings that choose who listens and who reads out; names as operators write them. */
export interface SpeechSettings extends ModelSettings {
  readonly REEVE_TRANSCRIBE_PROVIDER: HearingForm | undefined;
  readonly REEVE_TRANSCRIBE_URL: string | undefined;
  readonly REEVE_TRANSCRIBE_KEY: string | undefined;
  readonly REEVE_TRANSCRIBE_MODEL: string | undefined;
  readonly REEVE_SPEECH_PROVIDER: SpeakingForm | undefined;
  readonly REEVE_SPEECH_URL: string | undefined;
  readonly REEVE_SPEECH_KEY: string | undefined;
  readonly REEVE_SPEECH_MODEL: string | undefined;
}

export interface SpeechProvider<Form> {
  readonly kind: 'on';
  readonly form: Form;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly key: string | null;
  readonly model: string;
  /** In words, for people. */
  readonly describe: string;
}

/** `describe` says what to set. */
export type Choice<Form> = SpeechProvider<Form> | { readonly kind: 'off'; readonly describe: string };

export interface SpeechChoice {
  readonly hearing: Choice<HearingForm>;
  readonly speaking: Choice<SpeakingForm>;
}

const ELEVENLABS_URL = 'https://api.elevenlabs.io/v1';

/** The settings of one half, listening or reading out, without the beginning of their names. */
interface Half<Form> {
  readonly name: 'REEVE_TRANSCRIBE' | 'REEVE_SPEECH';
  readonly provider: Form | undefined;
  readonly url: string | undefined;
  readonly key: string | undefined;
  readonly model: string | undefined;
}

/**
 * Chooses who listens and who reads out. Pure. Each half is off until one of its own settings is there; an address of
 * its own gets its own key only, never a model provider's, and without an address and key the models' provider serves.
 */
export function chooseSpeech(settings: SpeechSettings): SpeechChoice {
  return { hearing: chooseHearing(settings), speaking: chooseSpeaking(settings) };
}

function chooseHearing(settings: SpeechSettings): Choice<HearingForm> {
  const half: Half<HearingForm> = {
    name: 'REEVE_TRANSCRIBE',
    provider: settings.REEVE_TRANSCRIBE_PROVIDER,
    url: settings.REEVE_TRANSCRIBE_URL,
    key: settings.REEVE_TRANSCRIBE_KEY,
    model: settings.REEVE_TRANSCRIBE_MODEL,
  };
  const place = placeOf(half, settings, half.provider === 'openrouter' ? OPENROUTER_URL : OPENAI_URL);
  if (place.kind === 'off') return place;
  const form = half.provider ?? (isOpenRouter(place.url) ? 'openrouter' : 'openai');
  const model = half.model ?? hearingModel(form, place.url);
  if (model === null)
    return off('REEVE_TRANSCRIBE_PROVIDER is chat; set REEVE_TRANSCRIBE_MODEL to a model that takes audio');
  return on(form, place, model);
}

function hearingModel(form: HearingForm, url: string): string | null {
  switch (form) {
    case 'openai':
      return isOpenAi(url) ? 'gpt-4o-mini-transcribe' : 'whisper-1';
    case 'openrouter':
      return 'openai/gpt-4o-mini-transcribe';
    case 'chat':
      return null;
  }
}

function chooseSpeaking(settings: SpeechSettings): Choice<SpeakingForm> {
  const half: Half<SpeakingForm> = {
    name: 'REEVE_SPEECH',
    provider: settings.REEVE_SPEECH_PROVIDER,
    url: settings.REEVE_SPEECH_URL,
    key: settings.REEVE_SPEECH_KEY,
    model: settings.REEVE_SPEECH_MODEL,
  };
  const isElevenLabs = half.provider === 'elevenlabs';
  if (isElevenLabs && half.key === undefined)
    return off('REEVE_SPEECH_PROVIDER is elevenlabs; set REEVE_SPEECH_KEY to your key there');
  const place = placeOf(half, settings, isElevenLabs ? ELEVENLABS_URL : OPENAI_URL);
  if (place.kind === 'off') return place;
  const form = half.provider ?? (hostOf(place.url) === hostOf(ELEVENLABS_URL) ? 'elevenlabs' : 'openai');
  return on(form, place, half.model ?? speakingModel(form, place.url));
}

function speakingModel(form: SpeakingForm, url: string): string {
  if (form === 'elevenlabs') return 'eleven_multilingual_v2';
  if (isOpenRouter(url)) return 'openai/gpt-4o-mini-tts-2025-12-15';
  return isOpenAi(url) ? 'gpt-4o-mini-tts' : 'tts-1';
}

interface Place {
  readonly kind: 'at';
  readonly url: string;
  readonly key: string | null;
}

function placeOf(
  { name, provider, url, key, model }: Half<string>,
  settings: SpeechSettings,
  usual: string,
): Place | { readonly kind: 'off'; readonly describe: string } {
  const choices = `${name}_URL to an OpenAI-compatible address (with ${name}_KEY if it wants one)`;
  if ([provider, url, key, model].every((each) => each === undefined))
    return off(`set ${name}_MODEL to use your model provider, or ${choices}`);
  if (url !== undefined) return { kind: 'at', url: url.replace(/\/+$/, ''), key: key ?? null };
  if (key !== undefined) return { kind: 'at', url: usual, key };
  if (provider === 'openrouter' && settings.OPENROUTER_API_KEY)
    return { kind: 'at', url: OPENROUTER_URL, key: settings.OPENROUTER_API_KEY };
  const models = modelEndpoint(settings);
  if (models === null) return off(`there is no model provider to use; set ${choices}`);
  return { kind: 'at', url: models.baseUrl, key: models.apiKey === '' ? null : models.apiKey };
}

function isOpenAi(url: string): boolean {
  return hostOf(url) === hostOf(OPENAI_URL);
}

function hostOf(url: string): string {
  return new URL(url).host;
}

function on<Form>(form: Form, { url: baseUrl, key }: Place, model: string): SpeechProvider<Form> {
  return { kind: 'on', form, baseUrl, key, model, describe: `${model} at ${hostOf(baseUrl)}` };
}

function off(fix: string): { readonly kind: 'off'; readonly describe: string } {
  return { kind: 'off', describe: `off: ${fix}` };
}
