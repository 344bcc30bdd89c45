import type { Outcome, Recording, Speech, SpokenWords } from '@reeve/core';

/** Listening and reading out as a test says, with what was given to them. */
export interface FakeSpeech extends Speech {
  readonly heard: Recording[];
  readonly spoken: SpokenWords[];
  hear: () => Promise<Outcome<string>>;
  read: () => Promise<Outcome<Recording>>;
  /** What the owner's settings say. */
  readonly voice: { isOn: boolean; name: string | null };
}

export function createFakeSpeech(): FakeSpeech {
  const speech: FakeSpeech = {
    heard: [],
    spoken: [],
    voice: { isOn: false, name: null },
    hear: async () => ({ kind: 'ok', value: 'make a list' }),
    read: async () => ({ kind: 'ok', value: { bytes: Buffer.from('OggS, a voice'), type: 'audio/ogg' } }),
    transcribe(recording) {
      speech.heard.push(recording);
      return speech.hear();
    },
    speak(words) {
      speech.spoken.push(words);
      return speech.read();
    },
  };
  return speech;
}
