import { chooseSpeech } from '@reeve/gateway';
import type { Settings } from '../settings.ts';
import type { Check } from './check.ts';

/** Whether voice notes are listened to and answers read out. */
export function speechChecks(settings: Settings): Check[] {
  const { hearing, speaking } = chooseSpeech(settings);
  return [
    {
      id: 'listening',
      title: 'Listening',
      expected: 'a transcriber, when voice notes are to be listened to',
      fix: 'Set REEVE_TRANSCRIBE_MODEL, or REEVE_TRANSCRIBE_URL with its key.',
      run: async () => ({ state: hearing.kind === 'on' ? 'ok' : 'warning', observed: hearing.describe }),
    },
    {
      id: 'reading-out',
      title: 'Reading out',
      expected: 'a voice, when answers are to be read out',
      fix: 'Set REEVE_SPEECH_MODEL, or REEVE_SPEECH_URL or REEVE_SPEECH_PROVIDER with its key; then type /voice on.',
      run: async () => ({ state: speaking.kind === 'on' ? 'ok' : 'warning', observed: speaking.describe }),
    },
  ];
}
