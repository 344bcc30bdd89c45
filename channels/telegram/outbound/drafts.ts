import { type Clock, type Draft, type Log, sha256Hex } from '@reeve/core';
import { type BotApi, callFailure } from '../bot-api.ts';
import { isPrivate, type Place, placeOf } from '../chat-address.ts';
import { markdownText } from '../render/markdown-text.ts';
import type { RichText } from '../render/rich-text.ts';
import { splitRichText } from '../render/split-text.ts';
import type { Pace } from './pace.ts';

/** Private drafts change at most this often, in milliseconds. */
const DRAFT_EVERY_MS = 1000;
/** A group allows twenty messages and edits a minute, and the answer's last one must fit in. */
const GROUP_EVERY_MS = 4000;
const LIMIT = 4096;
/** A draft call that takes longer is not waited for. */
const LONGEST_CALL_MS = 3000;
const MOST_TURNS = 500;

export interface Drafts {
  show(draft: Draft): void;
  /** Ends the drafts of a turn; resolves to the message in which a group has seen it grow, if there is one. */
  close(turnId: string): Promise<number | null>;
  /** The conversation whose answer a draft shows; null when that answer has ended. */
  chatOf(draftId: number): Draft['chat'] | null;
}

interface Growing {
  readonly draftId: number;
  readonly place: Place;
  readonly chat: Draft['chat'];
  text: string;
  /** What was shown last. */
  shown: string;
  messageId: number | null;
  isClosed: boolean;
  isGrowing: boolean;
  /** The call that is on its way. */
  call: Promise<unknown>;
}

/**
 * Answers while they grow: in private chats by drafts with Telegram's own Stop button, in groups by one message that is
 * edited. Only the newest text counts; a draft that fails ends the drafts of its turn, because the final message comes
 * in any case.
 */
export function createDrafts(deps: {
  api: BotApi;
  clock: Clock;
  log: Log;
  pace: Pace;
  /** The message that a turn answers, where it is known. */
  messageOf: (turnId: string) => number | null;
}): Drafts {
  const { api, clock, log, pace } = deps;
  const turns = new Map<string, Growing>();

  async function grow(turnId: string, growing: Growing): Promise<void> {
    const every = isPrivate(growing.place) ? DRAFT_EVERY_MS : GROUP_EVERY_MS;
    while (!growing.isClosed && growing.text !== growing.shown) {
      const { text } = growing;
      const part = splitRichText(markdownText(text), LIMIT).at(-1);
      const call = part ? showPart(turnId, growing, part) : Promise.resolve('shown' as const);
      growing.call = call;
      if ((await call) === 'over') return;
      growing.shown = text;
      await clock.sleep(every);
    }
    growing.isGrowing = false;
  }

  async function showPart(turnId: string, growing: Growing, part: RichText): Promise<'shown' | 'over'> {
    try {
      if (isPrivate(growing.place)) await sendDraft(growing, part);
      else await editGroup(turnId, growing, part);
      return 'shown';
    } catch (error) {
      const failure = callFailure(error);
      if (failure.kind === 'unchanged') return 'shown';
      log.debug(
        { turn: turnId, reason: failure.reason },
        'a draft could not be shown; the answer follows whole',
      );
      return 'over';
    }
  }

  async function sendDraft({ place, draftId }: Growing, part: RichText): Promise<void> {
    await api.sends.sendMessageDraft(place.chatId, draftId, part.text, {
      entities: [...part.entities],
      can_stop: true,
      ...(place.threadId === null ? {} : { message_thread_id: place.threadId }),
    });
  }

  async function editGroup(turnId: string, growing: Growing, part: RichText): Promise<void> {
    const { chatId, threadId } = growing.place;
    const settings = { entities: [...part.entities], link_preview_options: { is_disabled: true } };
    if (pace.take(chatId, 'progress') > 0) return;
    if (growing.messageId !== null) {
      await api.sends.editMessageText(chatId, growing.messageId, part.text, settings);
      return;
    }
    const replied = deps.messageOf(turnId);
    const sent = await api.sends.sendMessage(chatId, part.text, {
      ...settings,
      ...(threadId === null ? {} : { message_thread_id: threadId }),
      ...(replied === null
        ? {}
        : { reply_parameters: { message_id: replied, allow_sending_without_reply: true } }),
    });
    growing.messageId = sent.message_id;
  }

  return {
    show({ turnId, chat, text }) {
      if (text.trim() === '') return;
      const known = turns.get(turnId);
      const growing = known ?? begin(turnId, chat);
      if (growing.isClosed) return;
      if (!known) {
        turns.set(turnId, growing);
        forgetOldest(turns);
      }
      growing.text = text;
      if (growing.isGrowing) return;
      growing.isGrowing = true;
      grow(turnId, growing).catch((error: unknown) =>
        log.error({ err: error, turn: turnId }, 'drafts failed; the answer follows whole'),
      );
    },
    async close(turnId) {
      const growing = turns.get(turnId) ?? null;
      if (!growing) return null;
      growing.isClosed = true;
      // A draft that is on its way must not arrive behind the answer.
      await Promise.race([growing.call, clock.sleep(LONGEST_CALL_MS)]);
      return growing.messageId;
    },
    chatOf(draftId) {
      for (const growing of turns.values())
        if (growing.draftId === draftId && !growing.isClosed) return growing.chat;
      return null;
    },
  };
}

function begin(turnId: string, chat: Draft['chat']): Growing {
  return {
    draftId: draftIdOf(turnId),
    place: placeOf(chat),
    chat,
    text: '',
    shown: '',
    messageId: null,
    isClosed: false,
    isGrowing: false,
    call: Promise.resolve(),
  };
}

/** Telegram wants a number other than 0; the same turn gets the same one, so that its drafts grow in one place. */
function draftIdOf(turnId: string): number {
  return (Number.parseInt(sha256Hex(turnId).slice(0, 8), 16) % 0x7fff_fffe) + 1;
}

function forgetOldest(turns: Map<string, Growing>): void {
  const [oldest] = turns.keys();
  if (turns.size > MOST_TURNS && oldest !== undefined) turns.delete(oldest);
}
