import { Readable } from 'node:stream';
import { type Desk, type Failure, failureText, type Outcome, type Sender, type Speech } from '@reeve/core';
import { CHANNEL } from '../chat-address.ts';
import type { Download } from './fetch-file.ts';
import type { OfferedRecording } from './message-content.ts';

export type HeardRecording =
  | { readonly kind: 'heard'; readonly text: string }
  /** What to tell the person. */
  | { readonly kind: 'failed'; readonly sentence: string };

/** Listens to what people record. */
export interface Ear {
  /** The words of a voice or video note. One that could not be listened to is kept among the owner's files. */
  hear(recording: OfferedRecording, sender: Sender, signal: AbortSignal): Promise<HeardRecording>;
  /**
   * Writes down what is said in a sound file that is among the owner's files, as a file beside it; its path, or null
   * when nothing is said there or nobody listens. A sentence says what went wrong.
   */
  transcribeFile(
    file: { readonly path: string; readonly type: string },
    sender: Sender,
    signal: AbortSignal,
  ): Promise<{ readonly path: string | null; readonly problem: string | null }>;
}

/** A message that could not be stored is handled again: it is not listened to again, which would cost once more. */
const MOST_REMEMBERED = 100;
/** What a person can mend by recording anew; there is nothing to keep. */
const WORTHLESS: ReadonlySet<Failure['code']> = new Set([
  'recording-empty',
  'recording-silent',
  'hearing-off',
]);

export function createEar(deps: {
  download: Download;
  desk: () => Desk;
  speech: Pick<Speech, 'transcribe'>;
  /** Whether anybody listens; when not, nothing is fetched. */
  hears: boolean;
}): Ear {
  const { desk, speech } = deps;
  const remembered = new Map<string, string>();

  async function transcribe(
    id: string,
    recording: Parameters<Speech['transcribe']>[0],
    signal: AbortSignal,
  ): Promise<Outcome<string>> {
    const known = remembered.get(id);
    if (known !== undefined) return { kind: 'ok', value: known };
    const heard = await speech.transcribe(recording, signal);
    if (heard.kind === 'ok') {
      remembered.set(id, heard.value);
      const [oldest] = remembered.keys();
      if (remembered.size > MOST_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    }
    return heard;
  }

  return {
    async hear(recording, sender, signal) {
      if (!deps.hears) return failed({ code: 'hearing-off' });
      if (recording.seconds === 0 || recording.bytes === 0) return failed({ code: 'recording-empty' });
      const fetched = await deps.download(recording, signal, bytesOf);
      if ('kind' in fetched) return fetched;
      const { id, type } = recording;
      const heard = await transcribe(id, { bytes: fetched.bytes, type }, signal);
      if (heard.kind === 'ok') return { kind: 'heard', text: heard.value };
      if (WORTHLESS.has(heard.failure.code)) return failed(heard.failure);
      const kept = await desk().saveUpload(recording.name, Readable.from([fetched.bytes]), sender, CHANNEL);
      const where =
        kept.kind === 'ok'
          ? `The recording is kept among your files as ${kept.value.path}.`
          : 'The recording is in this chat.';
      return { kind: 'failed', sentence: `${failureText(heard.failure)} ${where}` };
    },
    async transcribeFile({ path, type }, sender, signal) {
      const opened = deps.hears ? await desk().openFile(path) : null;
      if (opened?.kind !== 'ok') return { path: null, problem: null };
      const { bytes } = await bytesOf(opened.value.content);
      const heard = await transcribe(`${path} ${opened.value.entry.sha256}`, { bytes, type }, signal);
      const name = path.split('/').at(-1) ?? path;
      if (heard.kind === 'failed') {
        const isQuiet = heard.failure.code === 'recording-silent';
        return { path: null, problem: isQuiet ? null : `${name}: ${failureText(heard.failure)}` };
      }
      const text = Readable.from([
        Buffer.from(`Heard in ${name}; some words may be wrong.\n\n${heard.value}\n`),
      ]);
      const stored = await desk().saveUpload(`${name} transcript.txt`, text, sender, CHANNEL);
      return stored.kind === 'ok'
        ? { path: stored.value.path, problem: null }
        : { path: null, problem: failureText(stored.failure) };
    },
  };
}

function failed(failure: Failure): HeardRecording {
  return { kind: 'failed', sentence: failureText(failure) };
}

async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<{ readonly bytes: Uint8Array }> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return { bytes: Buffer.concat(pieces) };
}
