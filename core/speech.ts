import { z } from 'zod';
import type { Outcome } from './desk.ts';
import { isFailureCode } from './failure.ts';

/** Something that was recorded, as it came. */
export interface Recording {
  readonly bytes: Uint8Array;
  /** MIME type, such as `audio/ogg`. */
  readonly type: string;
}

/** Words to be read out. */
export interface SpokenWords {
  readonly text: string;
  /** What the provider calls the voice; null for its usual one. */
  readonly voice: string | null;
}

/** Largest recording that is listened to, in bytes: what Telegram lets a bot fetch. */
export const MOST_RECORDING_BYTES = 20 * 1024 * 1024;
/** Longest text that is read out at once, in characters; providers take some 4,096. */
export const MOST_SPOKEN_CHARACTERS = 4000;

/** Kinds of recording that people send and providers take, by MIME type, as providers name them. */
export const RECORDING_FORMATS: Readonly<Record<string, string>> = {
  'audio/ogg': 'ogg',
  'audio/opus': 'ogg',
  'audio/mpeg': 'mp3',
  'audio/mp3': 'mp3',
  'audio/mp4': 'm4a',
  'audio/m4a': 'm4a',
  'audio/x-m4a': 'm4a',
  'audio/aac': 'aac',
  'audio/wav': 'wav',
  'audio/wave': 'wav',
  'audio/x-wav': 'wav',
  'audio/flac': 'flac',
  'audio/x-flac': 'flac',
  'audio/webm': 'webm',
  'video/webm': 'webm',
  'video/mp4': 'mp4',
};

/** Stands behind words that were heard, wherever a model or a worker reads them. */
export const HEARD_NOTE = '[Heard in a voice note: some words may be wrong.]';

/**
 * Listening and reading out. What goes wrong is a value with words for the person; an aborted signal rejects with its
 * reason.
 */
export interface Speech {
  /** The words of a recording, trimmed and never empty. */
  transcribe(recording: Recording, signal: AbortSignal): Promise<Outcome<string>>;
  /** The words as OGG with Opus or as MP3, which chat apps play as a voice note. */
  speak(words: SpokenWords, signal: AbortSignal): Promise<Outcome<Recording>>;
}

/** The body of `POST /speech/speak` at the gateway; the answer is audio, or a reply that says why there is none. */
export const speakCallSchema = z.strictObject({
  text: z.string().trim().min(1).max(MOST_SPOKEN_CHARACTERS),
  voice: z.string().min(1).max(100).nullable(),
});

/** What the gateway answers to `POST /speech/transcribe`, whose body is the recording, and to what it cannot read out. */
export const speechReplySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('heard'), text: z.string() }),
  z.strictObject({
    kind: z.literal('failed'),
    failure: z.strictObject({
      code: z.string().refine(isFailureCode),
      /** A clause. */
      about: z.string().exactOptional(),
    }),
  }),
]);

export type SpeechReply = z.infer<typeof speechReplySchema>;
