import type { Message } from '@grammyjs/types';
import type { Clock, Log, Sender } from '@reeve/core';
import { type BotApi, callFailure } from '../bot-api.ts';
import type { Place } from '../chat-address.ts';
import { richTextOf } from '../render/rich-text.ts';
import type { SignedData } from '../signed-data.ts';
import type { Pace } from './pace.ts';

/**
 * What the channel itself says: why a message came to nothing, requests for words, the set-up. It is best effort and
 * never holds anything up: what cannot be said is in the log.
 */
export interface SmallTalk {
  send(place: Place, text: string, button: { label: string; data: string } | null): Promise<void>;
  tell(place: Place, text: string, replyTo: number): Promise<void>;
  /** Shows what was heard in a recording, as a quotation and without a sound. */
  tellHeard(place: Place, text: string, replyTo: number): Promise<void>;
  /** Turns one of our messages into these words, without buttons. */
  replace(message: Message, text: string): Promise<void>;
  /** Shows by a reaction that a message arrived. */
  acknowledge(place: Place, messageId: number): void;
  answerTap(queryId: string, words: string | null, isAlert: boolean): Promise<void>;
  askForWords(place: Place, what: string, command: string, sender: Sender): Promise<void>;
}

/** The message's limit is 4,096; all of it is what is answered. */
const MOST_HEARD = 3800;
const LONGEST_WAIT_MS = 60_000;
const RECEIPT = '👀';

export function createSmallTalk(deps: {
  api: BotApi;
  log: Log;
  signed: SignedData;
  pace: Pace;
  clock: Clock;
}): SmallTalk {
  const { api, log, pace, clock } = deps;

  async function attempt(what: string, call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      log.info({ reason: callFailure(error).reason }, `${what} did not go through`);
    }
  }

  async function makeRoom({ chatId }: Place): Promise<void> {
    for (let wait = pace.take(chatId, 'answer'); wait > 0; wait = pace.take(chatId, 'answer'))
      await clock.sleep(wait);
  }

  /** Sends once more what was surely not sent, when Telegram says to wait no longer than a minute. */
  async function sendPatiently(send: () => Promise<unknown>): Promise<void> {
    try {
      await send();
    } catch (error) {
      const failure = callFailure(error);
      if (failure.kind !== 'wait' || failure.ms > LONGEST_WAIT_MS) throw error;
      await clock.sleep(failure.ms);
      await send();
    }
  }

  async function say(place: Place, text: string, more: object): Promise<void> {
    await makeRoom(place);
    const thread = place.threadId === null ? {} : { message_thread_id: place.threadId };
    await attempt('a message of the channel', () =>
      sendPatiently(() => api.sends.sendMessage(place.chatId, text, { ...thread, ...more })),
    );
  }

  return {
    async send(place, text, button) {
      const keyboard = button && [[{ text: button.label, callback_data: button.data, style: 'primary' }]];
      await say(place, text, keyboard ? { reply_markup: { inline_keyboard: keyboard } } : {});
    },
    tell: (place, text, replyTo) => say(place, text, { reply_parameters: replyParameters(replyTo) }),
    tellHeard(place, text, replyTo) {
      const shown = text.length > MOST_HEARD ? `${text.slice(0, MOST_HEARD).toWellFormed()}…` : text;
      const body = richTextOf([
        { text: 'Heard:\n', marks: {} },
        { text: shown, marks: { blockquote: true } },
      ]);
      return say(place, body.text, {
        entities: [...body.entities],
        reply_parameters: replyParameters(replyTo),
        disable_notification: true,
        link_preview_options: { is_disabled: true },
      });
    },
    replace: ({ chat, message_id: id }, text) =>
      attempt('an edit', () => api.sends.editMessageText(chat.id, id, text)),
    acknowledge({ chatId }, messageId) {
      const reaction = [{ type: 'emoji', emoji: RECEIPT } as const];
      attempt('a receipt', () => api.sends.setMessageReaction(chatId, messageId, reaction)).catch(
        (error: unknown) => log.error({ err: error }, 'a receipt failed'),
      );
    },
    answerTap: (queryId, words, isAlert) =>
      attempt('the answer to a tap', () =>
        api.asks.answerCallbackQuery(queryId, {
          ...(words === null ? {} : { text: words }),
          show_alert: isAlert,
        }),
      ),
    async askForWords(place, what, command, sender) {
      const text = `✍ Reply to this message with ${what}.`;
      const link = { type: 'text_link', offset: 0, length: 1 } as const;
      const url = deps.signed.promptLink(place.chatId, command);
      await say(place, text, {
        entities: [{ ...link, url }],
        link_preview_options: { is_disabled: true },
        reply_markup: { force_reply: true, input_field_placeholder: `${sender.name}: ${what}`.slice(0, 64) },
      });
    },
  };
}

function replyParameters(messageId: number): { message_id: number; allow_sending_without_reply: true } {
  return { message_id: messageId, allow_sending_without_reply: true };
}
