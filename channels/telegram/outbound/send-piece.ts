import type { Outbound } from '@reeve/core';
import { InputFile } from 'grammy';
import { type BotApi, callFailure } from '../bot-api.ts';
import { messageIdOf, type Place } from '../chat-address.ts';
import type { Piece } from './pieces.ts';

export interface SendDeps {
  readonly api: BotApi;
  /** Where a turn's first message is known, for what has no number of its own. */
  readonly messageOf: (turnId: string) => number | null;
}

/**
 * Sends one piece, or edits the message that it becomes; resolves to the message's number.
 *
 * @throws what the library throws.
 */
export async function sendPiece(
  deps: SendDeps,
  outbound: Outbound,
  place: Place,
  piece: Piece,
  isFirst: boolean,
): Promise<number> {
  const { chatId, threadId } = place;
  const target = {
    ...(threadId === null ? {} : { message_thread_id: threadId }),
    ...(isFirst ? replyTo(deps, outbound) : {}),
  };
  if (piece.kind === 'file') return sendFile(deps, chatId, piece, target);
  const { text, entities } = piece.body;
  const settings = {
    entities: [...entities],
    link_preview_options: { is_disabled: true },
    reply_markup: { inline_keyboard: piece.buttons.map((row) => [...row]) },
  };
  if (piece.edits !== null) {
    const isCard = outbound.edits !== null;
    const edited = await deps.api.sends
      .editMessageText(chatId, piece.edits, text, settings)
      .catch((error: unknown) => (isCard ? Promise.reject(error) : grownEdit(error)));
    if (edited !== 'gone') return piece.edits;
  }
  return (await deps.api.sends.sendMessage(chatId, text, { ...settings, ...target })).message_id;
}

/** An answer that has grown in its message to the end needs no change; when somebody deleted that message, it needs a new one. */
function grownEdit(error: unknown): 'same' | 'gone' {
  const { kind } = callFailure(error);
  if (kind === 'unchanged') return 'same';
  if (kind === 'refused') return 'gone';
  throw error;
}

/** Larger pictures go as files, and say why. */
const MOST_PHOTO = 10 * 1024 * 1024;
const PICTURE = /\.(png|jpe?g|webp)$/i;
const TOO_LARGE = 'As a file: Telegram shows pictures up to 10 MB.';

async function sendFile(
  { api }: Pick<SendDeps, 'api'>,
  chatId: number,
  piece: Extract<Piece, { kind: 'file' }>,
  target: object,
): Promise<number> {
  const content = await piece.content();
  if (content.kind === 'problem') {
    const words = `The file ${piece.name} could not be sent here: ${content.what}. It is among your files all the same: /files`;
    return (await api.sends.sendMessage(chatId, words, target)).message_id;
  }
  const { bytes } = content;
  const isPicture = PICTURE.test(piece.name);
  const words = [piece.caption, isPicture && bytes.length > MOST_PHOTO ? TOO_LARGE : ''].filter(Boolean);
  const more = words.length === 0 ? target : { ...target, caption: words.join(' ') };
  const file = new InputFile(bytes, piece.name);
  if (isPicture && bytes.length <= MOST_PHOTO) {
    const photo = await api.uploads.sendPhoto(chatId, file, more).catch((error: unknown) => {
      // Telegram takes fewer pictures as photos than as files: too long, too thin, broken.
      if (callFailure(error).kind === 'refused') return null;
      throw error;
    });
    if (photo) return photo.message_id;
  }
  return (await api.uploads.sendDocument(chatId, new InputFile(bytes, piece.name), more)).message_id;
}

function replyTo({ messageOf }: Pick<SendDeps, 'messageOf'>, { replyTo: key, about }: Outbound): object {
  const known = key === null ? null : messageIdOf(key);
  const message = known ?? ('turnId' in about ? messageOf(about.turnId) : null);
  return message === null
    ? {}
    : { reply_parameters: { message_id: message, allow_sending_without_reply: true } };
}
