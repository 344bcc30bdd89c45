import {
  type Failure,
  type Outcome,
  type Recording,
  type RequestEstimate,
  type Speech,
  type SpokenWords,
  sha256Hex,
} from '@reeve/core';
import { scrub } from '../scrub.ts';
import { formatOf, HEARING_DIALECTS } from './hearing-dialects.ts';
import { SPEAKING_DIALECTS, voiceNoteOf } from './speaking-dialects.ts';
import type { HearingForm, SpeakingForm, SpeechChoice, SpeechProvider } from './speech-choice.ts';
import {
  createSpeechClient,
  type SpeechAnswer,
  type SpeechClientDeps,
  type SpeechRequest,
} from './speech-client.ts';
import {
  estimateHearing,
  estimateSpeaking,
  reserveSpeech,
  type SpeechMeterDeps,
  type SpeechReservation,
} from './speech-meter.ts';

export type SpeechDeskDeps = SpeechClientDeps &
  SpeechMeterDeps & {
    readonly speech: SpeechChoice;
  };

/** Calls to speech providers at once, however many chats there are. */
const AT_ONCE = 4;
const TRIES = 2;
const RETRY_MS = 500;

/**
 * Listens and reads out by the operator's providers: the budget is reserved, then the chain of audit says what goes
 * where, then it goes. What failed on the way is tried once more; neither call changes anything.
 */
export function createSpeechDesk(deps: SpeechDeskDeps): Speech {
  const send = createSpeechClient(deps);
  let underway = 0;

  async function inSlot<T>(busy: Failure, work: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
    if (underway >= AT_ONCE) return failed(busy);
    underway += 1;
    try {
      return await work();
    } finally {
      underway -= 1;
    }
  }

  return {
    async transcribe(recording, signal) {
      const { hearing } = deps.speech;
      if (hearing.kind === 'off') return failed({ code: 'hearing-off' });
      if (recording.bytes.length === 0) return failed({ code: 'recording-empty' });
      if (formatOf(recording.type) === undefined) return failed({ code: 'recording-unknown' });
      return inSlot({ code: 'hearing-failed', about: 'too much is being listened to at this moment' }, () =>
        listen(deps, send, { provider: hearing, recording }, signal),
      );
    },
    async speak(words, signal) {
      const { speaking } = deps.speech;
      if (speaking.kind === 'off') return failed({ code: 'speaking-off' });
      return inSlot({ code: 'speaking-failed', about: 'too much is being read out at this moment' }, () =>
        readOut(deps, send, { provider: speaking, words }, signal),
      );
    },
  };
}

type Send = ReturnType<typeof createSpeechClient>;

async function listen(
  deps: SpeechDeskDeps,
  send: Send,
  { provider, recording }: { provider: SpeechProvider<HearingForm>; recording: Recording },
  signal: AbortSignal,
): Promise<Outcome<string>> {
  const dialect = HEARING_DIALECTS[provider.form];
  const { bytes, type } = recording;
  const call: SpeechCall = {
    provider,
    request: await dialect.request(recording, provider),
    estimate: estimateHearing(bytes.length),
    code: 'hearing-failed',
    event: 'recording-transcribed',
    detail: { bytes: bytes.length, type, sha256: sha256Hex(bytes) },
  };
  const answered = await carryOut(deps, send, call, signal);
  if (answered.kind === 'failed') return answered;
  const { value: answer, reservation } = answered;
  const heard = dialect.read(parseJson(answer));
  await reservation.settle(heard?.usage ?? null);
  if (heard === null)
    return failed({ code: call.code, about: 'the transcriber answered in an unknown form' });
  const text = heard.text.toWellFormed().replaceAll('\0', '').trim();
  return text === '' ? failed({ code: 'recording-silent' }) : { kind: 'ok', value: text };
}

async function readOut(
  deps: SpeechDeskDeps,
  send: Send,
  { provider, words }: { provider: SpeechProvider<SpeakingForm>; words: SpokenWords },
  signal: AbortSignal,
): Promise<Outcome<Recording>> {
  const call: SpeechCall = {
    provider,
    request: SPEAKING_DIALECTS[provider.form](words, provider),
    estimate: estimateSpeaking(words.text.length),
    code: 'speaking-failed',
    event: 'words-read-out',
    detail: { characters: words.text.length, voice: words.voice },
  };
  const answered = await carryOut(deps, send, call, signal);
  if (answered.kind === 'failed') return answered;
  await answered.reservation.settle(null);
  const note = voiceNoteOf(answered.value);
  return note === null
    ? failed({ code: call.code, about: 'the provider answered with something else than OGG Opus or MP3' })
    : { kind: 'ok', value: note };
}

/** One call, its reservation and its place in the chain. */
interface SpeechCall {
  readonly provider: SpeechProvider<string>;
  readonly request: SpeechRequest;
  readonly estimate: RequestEstimate;
  readonly code: 'hearing-failed' | 'speaking-failed';
  readonly event: string;
  readonly detail: Readonly<Record<string, string | number | null>>;
}

type CarriedOut =
  | { readonly kind: 'answered'; readonly value: Uint8Array; readonly reservation: SpeechReservation }
  | { readonly kind: 'failed'; readonly failure: Failure };

async function carryOut(
  deps: SpeechDeskDeps,
  send: Send,
  { provider, request, estimate, code, event, detail }: SpeechCall,
  signal: AbortSignal,
): Promise<CarriedOut> {
  const reservation = await reserveSpeech(deps, provider.model, estimate);
  if (reservation === null) return failed({ code: 'speech-budget' });
  const entry = {
    event,
    actor: 'gateway',
    subject: 'coordinator',
    detail: { to: provider.describe, ...detail },
  };
  await deps.store.audit.append(entry, deps.clock.now());
  for (let tries = 1; ; tries += 1) {
    const answer = await send(request, signal);
    if (answer.kind === 'answer' && answer.status === 200 && !answer.isCut)
      return { kind: 'answered', value: answer.bytes, reservation };
    const about = problemOf(answer);
    deps.log.warn(
      { event, provider: provider.describe, tries, reason: scrub(about) },
      'a speech call failed',
    );
    if (tries >= TRIES || !mayPass(answer)) {
      // What got an answer that is no refusal may have been charged.
      await (answer.kind === 'unanswered' || (answer.kind === 'answer' && answer.status === 200)
        ? reservation.settle(null)
        : reservation.release());
      return failed({ code, about });
    }
    await deps.clock.sleep(RETRY_MS, signal);
  }
}

function mayPass(answer: SpeechAnswer): boolean {
  return answer.kind !== 'answer' || answer.status >= 500 || answer.status === 200;
}

const STATUS_PROBLEMS: Readonly<Record<number, string>> = {
  400: 'the provider does not take it; its model or voice may have another name',
  401: 'the provider refused the key',
  402: 'the account at the provider has no credit left',
  403: 'the provider refused the key',
  404: 'the provider does not know the address, the model or the voice',
  413: 'it is too large for the provider',
  415: 'the provider does not take this kind of recording',
  422: 'the provider does not take it; its model or voice may have another name',
  429: 'the provider has had too many requests',
};

/** A clause of ours, never the provider's own words. */
function problemOf(answer: SpeechAnswer): string {
  switch (answer.kind) {
    case 'not-sent':
      return `the provider cannot be reached (${answer.reason})`;
    case 'unanswered':
      return 'the provider did not answer in time, or broke off';
    case 'answer':
      if (answer.status === 200) return 'the provider’s answer broke off or was too long';
      return STATUS_PROBLEMS[answer.status] ?? `the provider answered with status ${answer.status}`;
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // A page for people, most often; it is in no known form.
    return null;
  }
}

function failed(failure: Failure): { readonly kind: 'failed'; readonly failure: Failure } {
  return { kind: 'failed', failure };
}
