import {
  type Failure,
  type InboxEntry,
  MOST_RECORDING_BYTES,
  type ObjectStore,
  type PersonKey,
  type Speech,
  type Store,
  type StoredFile,
} from '@reeve/core';
import { soundType } from './context/file-kinds.ts';
import { readBytes, readStart } from './context/small-text.ts';
import type { Drive } from './drive.ts';
import { LOCAL_CHANNEL } from './people.ts';

/** What a message's recordings came to. */
export interface Transcribed {
  /** Texts among the owner's files that hold what is said in the recordings. */
  readonly transcripts: readonly string[];
  /** Why a recording could not be listened to; null when each was, or nobody listens here at all. */
  readonly failure: Failure | null;
}

/** Writes down what is said in the sound files that came with a message. */
export type Transcriber = (entry: InboxEntry, signal: AbortSignal) => Promise<Transcribed>;

/** The file beside a recording that holds what is said there. */
export function transcriptOf(path: string): string {
  return `${path} transcript.txt`;
}

/**
 * A sound file is no voice note: what is said there is information, never the sender's own words. The text is kept
 * beside the recording, so that a turn which is tried again is not listened to, and paid for, twice. Channels with voice
 * notes of their own listen before they hand a message over.
 */
export function createTranscriber(deps: {
  store: Pick<Store, 'files'>;
  objects: Pick<ObjectStore, 'get'>;
  drive: Pick<Drive, 'upload'>;
  speech: Pick<Speech, 'transcribe'>;
  /** Whether anybody listens. */
  hears: boolean;
}): Transcriber {
  const { store, objects, drive } = deps;

  async function listen(
    file: StoredFile,
    type: string,
    { by, signal }: { by: PersonKey & { readonly name: string }; signal: AbortSignal },
  ): Promise<Failure | null> {
    if (await store.files.get(transcriptOf(file.path))) return null;
    if (file.bytes > MOST_RECORDING_BYTES) return { code: 'recording-too-large' };
    const bytes = await readBytes(objects, file.blob);
    if (bytes === null) return { code: 'file-unknown', about: file.path };
    const heard = await deps.speech.transcribe({ bytes, type }, signal);
    if (heard.kind === 'failed') return heard.failure;
    const name = file.path.split('/').at(-1) ?? file.path;
    const text = `Heard in ${name}; some words may be wrong.\n\n${heard.value}\n`;
    const stored = await drive.upload(transcriptOf(name), inOnePiece(text), by);
    return stored.kind === 'failed' ? stored.failure : null;
  }

  return async ({ chat, sender, attachments }, signal) => {
    const transcripts: string[] = [];
    if (!deps.hears || chat.channel !== LOCAL_CHANNEL || attachments.length === 0)
      return { transcripts, failure: null };
    for (const file of await store.files.find(attachments)) {
      const start = await readStart(objects, file.blob);
      const type = start && soundType(start, file.path);
      if (!type) continue;
      const failure = await listen(file, type, { by: { ...sender, channel: chat.channel }, signal });
      if (failure) return { transcripts, failure };
      transcripts.push(transcriptOf(file.path));
    }
    return { transcripts, failure: null };
  };
}

async function* inOnePiece(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
