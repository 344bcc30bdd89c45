import type { Recording, SpokenWords } from '@reeve/core';
import { isOpenRouter } from '../model-choice.ts';
import type { SpeakingForm, SpeechProvider } from './speech-choice.ts';
import type { SpeechRequest } from './speech-client.ts';

/** How one kind of voice is asked. Its answer is audio. */
export type SpeakingDialect = (words: SpokenWords, at: SpeechProvider<SpeakingForm>) => SpeechRequest;

/** https://platform.openai.com/docs/api-reference/audio/createSpeech; OpenRouter has MP3 and no Opus. */
const openai: SpeakingDialect = ({ text, voice }, { baseUrl, key, model }) => ({
  url: `${baseUrl}/audio/speech`,
  headers: {
    ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    'content-type': 'application/json',
  },
  body: JSON.stringify({
    model,
    input: text,
    voice: voice ?? 'alloy',
    response_format: isOpenRouter(baseUrl) ? 'mp3' : 'opus',
  }),
});

/** A voice that every account has, by its id. */
const ELEVENLABS_VOICE = 'JBFqnCBsd6RMkjVDRZzb';

/** https://elevenlabs.io/docs/api-reference/text-to-speech/convert. */
const elevenlabs: SpeakingDialect = ({ text, voice }, { baseUrl, key, model }) => ({
  url: `${baseUrl}/text-to-speech/${encodeURIComponent(voice ?? ELEVENLABS_VOICE)}?output_format=opus_48000_64`,
  headers: { ...(key === null ? {} : { 'xi-api-key': key }), 'content-type': 'application/json' },
  body: JSON.stringify({ text, model_id: model }),
});

export const SPEAKING_DIALECTS: Readonly<Record<SpeakingForm, SpeakingDialect>> = { openai, elevenlabs };

/** Audio that chat apps play as a voice note, told by its first bytes; null for anything else. */
export function voiceNoteOf(bytes: Uint8Array): Recording | null {
  const head = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
  if (head.startsWith('OggS') && head.includes('OpusHead')) return { bytes, type: 'audio/ogg' };
  const [first = 0, second = 0] = bytes;
  // An ID3 tag, or the sync word of a frame of MPEG audio layer III.
  const isMp3 = head.startsWith('ID3') || (first === 0xff && (second & 0xe6) === 0xe2);
  return isMp3 ? { bytes, type: 'audio/mpeg' } : null;
}
