import { createSystemClock } from '@reeve/clock';
import type { Outcome } from '@reeve/core';
import { chooseSpeech, createTrialSpeech } from '@reeve/gateway';
import type { Settings } from '../settings.ts';
import type { Check } from './check.ts';

const LIMIT_MS = 60_000;

/** Whether voice notes are listened to and answers read out: what is set proves itself with a second of sound. */
export function speechChecks(settings: Settings): Check[] {
  const choice = chooseSpeech(settings);
  const speech = createTrialSpeech(choice, createSystemClock());
  const voice = settings.REEVE_SPEECH_VOICE ?? null;
  return [
    {
      id: 'listening',
      title: 'Listening',
      expected: 'a transcriber that answers, when voice notes are to be listened to',
      fix: 'Set REEVE_TRANSCRIBE_MODEL, or REEVE_TRANSCRIBE_URL with its key; check key, address and model.',
      run: () =>
        attempt(choice.hearing, async (signal) => {
          const heard = await speech.transcribe({ bytes: secondOfSilence(), type: 'audio/wav' }, signal);
          const isSilence = heard.kind === 'failed' && heard.failure.code === 'recording-silent';
          return isSilence ? { kind: 'ok', value: '' } : heard;
        }),
    },
    {
      id: 'reading-out',
      title: 'Reading out',
      expected: 'a voice that answers, when answers are to be read out',
      fix: 'Set REEVE_SPEECH_MODEL, or REEVE_SPEECH_URL or REEVE_SPEECH_PROVIDER with its key; check key, address, model and voice.',
      run: () => attempt(choice.speaking, (signal) => speech.speak({ text: 'Ready.', voice }, signal)),
    },
  ];
}

async function attempt(
  { kind, describe }: { readonly kind: 'on' | 'off'; readonly describe: string },
  call: (signal: AbortSignal) => Promise<Outcome<unknown>>,
): ReturnType<Check['run']> {
  if (kind === 'off') return { state: 'warning', observed: describe };
  const startedAt = performance.now();
  const outcome = await call(AbortSignal.timeout(LIMIT_MS));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (outcome.kind === 'ok') return { state: 'ok', observed: `${describe} answered in ${seconds} s` };
  return { state: 'failed', observed: `${describe}: ${outcome.failure.about ?? 'no answer'}` };
}

const RATE = 16_000;

/** A WAV file: its header (one channel, 16 bits), then zeros. */
function secondOfSilence(): Uint8Array {
  const header = Buffer.alloc(44);
  const bytes = RATE * 2;
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + bytes, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(bytes, 40);
  return Buffer.concat([header, Buffer.alloc(bytes)]);
}
