import { type Clock, failureText, type Log, type Outbound, type Sender, type Speech } from '@reeve/core';
import { InputFile } from 'grammy';
import { type BotApi, type CallFailure, callFailure } from '../bot-api.ts';
import { isPrivate, type Place } from '../chat-address.ts';
import { type SpokenText, spokenText } from '../render/spoken-text.ts';
import type { Pace } from './pace.ts';

/** Reads answers out behind their texts. */
export interface Narrator {
  /** Begins to read an answer out, if it is one and its reader wishes that; returns at once. */
  readOut(outbound: Outbound, place: Place, messageId: number): void;
  /** Resolves once nothing is being read out. */
  idle(): Promise<void>;
}

export interface NarratorDeps {
  readonly api: BotApi;
  readonly speech: Pick<Speech, 'speak'>;
  readonly voice: () => { readonly isOn: boolean; readonly name: string | null };
  readonly isOwner: (sender: Sender) => boolean;
  /** Tells a chat why a voice note does not come. */
  readonly tell: (place: Place, sentence: string, replyTo: number) => Promise<void>;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly signal: () => AbortSignal;
  readonly log: Log;
}

const MOST_WAITING = 3;
const LONGEST_WAIT_MS = 60_000;

/**
 * The text of an answer has arrived before its voice begins, so nothing waits for a voice: notes are made one after the
 * other for each chat, in an owner's private chat only, and what cannot be read out is said once until it works again.
 */
export function createNarrator(deps: NarratorDeps): Narrator {
  const chats = new Map<number, { last: Promise<void>; waiting: number }>();
  /** Why it did not work the last time, so that it is told once. */
  let told: string | null = null;

  async function narrate(spoken: SpokenText, place: Place, messageId: number): Promise<void> {
    const signal = deps.signal();
    const { name } = deps.voice();
    const said = await deps.speech.speak({ text: spoken.text, voice: name }, signal);
    if (said.kind === 'failed') return complain(place, messageId, failureText(said.failure));
    const { bytes, type } = said.value;
    const file = () => new InputFile(bytes, type === 'audio/mpeg' ? 'answer.mp3' : 'answer.ogg');
    const problem = await send(deps, { place, messageId, file, caption: captionOf(spoken) }, signal);
    if (problem === null) told = null;
    else await complain(place, messageId, problem);
  }

  async function complain(place: Place, messageId: number, sentence: string): Promise<void> {
    deps.log.warn({ sentence }, 'an answer was not read out');
    if (told === sentence) return;
    told = sentence;
    await deps.tell(place, sentence, messageId);
  }

  return {
    readOut(outbound, place, messageId) {
      const { content, about } = outbound;
      const isAnswer = about.kind === 'task-result' || (about.kind === 'turn' && about.failure === undefined);
      if (content.kind !== 'text' || !isAnswer || !isPrivate(place) || !deps.voice().isOn) return;
      if (!deps.isOwner({ externalId: String(place.chatId), name: '' })) return;
      const spoken = spokenText(content.markdown);
      const chat = chats.get(place.chatId) ?? { last: Promise.resolve(), waiting: 0 };
      // A voice that is slower than the answers gives way: an old answer is not read out behind newer ones.
      if (spoken.text === '' || chat.waiting >= MOST_WAITING) return;
      chats.set(place.chatId, chat);
      chat.waiting += 1;
      chat.last = chat.last
        .then(() => narrate(spoken, place, messageId))
        .catch((error: unknown) => {
          if (!deps.signal().aborted) deps.log.error({ err: error }, 'reading an answer out broke');
        })
        .finally(() => {
          chat.waiting -= 1;
          if (chat.waiting === 0) chats.delete(place.chatId);
        });
    },
    async idle() {
      await Promise.all([...chats.values()].map(({ last }) => last));
    },
  };
}

function captionOf({ isCut, hasGaps }: SpokenText): string {
  if (isCut) return 'The beginning, read out. All of it is in the text.';
  return hasGaps ? 'Read out without code, tables and links. All of it is in the text.' : '';
}

interface VoiceNote {
  readonly place: Place;
  readonly messageId: number;
  readonly file: () => InputFile;
  readonly caption: string;
}

/** Null when it was sent, or may have been; else why not, for the person. */
async function send(deps: NarratorDeps, note: VoiceNote, signal: AbortSignal): Promise<string | null> {
  const { place, messageId, file, caption } = note;
  for (let tries = 1; ; ) {
    const wait = deps.pace.take(place.chatId, 'progress');
    if (wait > 0) {
      await deps.clock.sleep(wait, signal);
      continue;
    }
    try {
      await deps.api.uploads.sendVoice(place.chatId, file(), {
        ...(caption === '' ? {} : { caption }),
        ...(place.threadId === null ? {} : { message_thread_id: place.threadId }),
        reply_parameters: { message_id: messageId, allow_sending_without_reply: true },
        disable_notification: true,
      });
      return null;
    } catch (error) {
      const failure = callFailure(error);
      if (failure.kind !== 'wait' || tries > 1 || failure.ms > LONGEST_WAIT_MS)
        return problemOf(failure, deps.log);
      await deps.clock.sleep(failure.ms, signal);
      tries += 1;
    }
  }
}

function problemOf(failure: CallFailure, log: Log): string | null {
  log.info({ reason: failure.reason }, 'a voice note did not go through');
  if (failure.kind !== 'refused') return null;
  return failure.reason.includes('VOICE_MESSAGES_FORBIDDEN')
    ? 'Your privacy settings in Telegram let no voice messages through, so the answer was not read out; the text is whole. Allow them there, or type /voice off.'
    : 'Telegram did not take the voice note; the text is whole. Type /voice off to go without.';
}
