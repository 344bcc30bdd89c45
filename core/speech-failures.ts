import type { FailureKind } from './failure-kind.ts';

/** What can go wrong with listening and reading out; part of the one catalogue in `failure.ts`. */
export const SPEECH_FAILURES = {
  'hearing-off': {
    what: 'I cannot listen to recordings: no transcriber is set up.',
    notDone: 'Nothing was done.',
    hint: 'Type it, or ask the operator to set REEVE_TRANSCRIBE_MODEL; reeve doctor says what is missing.',
    retryable: false,
    status: 501,
  },
  'hearing-failed': {
    what: 'The recording could not be listened to.',
    notDone: 'Nothing of it was understood, so nothing was done.',
    hint: 'Send it again in a while, or type it.',
    retryable: true,
    status: 502,
  },
  'recording-empty': {
    what: 'The recording is empty.',
    notDone: 'Nothing was done.',
    hint: 'Record it again, or type it.',
    retryable: false,
    status: 422,
  },
  'recording-silent': {
    what: 'I heard no words in the recording.',
    notDone: 'Nothing was done.',
    hint: 'Record it again closer to the microphone, or type it.',
    retryable: false,
    status: 422,
  },
  'recording-unknown': {
    what: 'I cannot listen to this kind of recording.',
    notDone: 'Nothing was done.',
    hint: 'Send it as OGG, MP3, M4A, WAV or FLAC, or type it.',
    retryable: false,
    status: 415,
  },
  'recording-too-large': {
    what: 'The recording is larger than 20 MB.',
    notDone: 'It was not listened to.',
    hint: 'Send it in shorter parts, or type it.',
    retryable: false,
    status: 413,
  },
  'speaking-off': {
    what: 'I cannot read answers out: no voice is set up.',
    notDone: 'No voice note is sent.',
    hint: 'Ask the operator to set REEVE_SPEECH_MODEL; reeve doctor says what is missing.',
    retryable: false,
    status: 501,
  },
  'speaking-failed': {
    what: 'The answer could not be read out.',
    notDone: 'No voice note was sent; the text is whole.',
    hint: 'See /voice for the voice that is chosen, and reeve doctor for the rest.',
    retryable: true,
    status: 502,
  },
  'speech-budget': {
    what: 'The budget is used up.',
    notDone: 'No recording was listened to and nothing was read out.',
    hint: 'Type a message: its answer asks whether to add to the budget.',
    retryable: false,
    status: 402,
  },
} as const satisfies Record<string, FailureKind>;
