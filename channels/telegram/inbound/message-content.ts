import type { Message, MessageEntity, MessageOrigin, User } from '@grammyjs/types';
import { RECORDING_FORMATS, type Sender } from '@reeve/core';

/** A file as Telegram offers it. */
export interface OfferedFile {
  readonly id: string;
  readonly name: string;
  /** As far as Telegram says. */
  readonly bytes: number | null;
  /** MIME type of a sound file that can be listened to. */
  readonly sound?: string;
}

/** Something that a person has said instead of typing it. */
export interface OfferedRecording extends OfferedFile {
  readonly type: string;
  readonly seconds: number;
}

/** What a message says and brings along. */
export type Content =
  | { readonly kind: 'words'; readonly text: string; readonly file: OfferedFile | null }
  /** `text` is what stands beneath it. */
  | { readonly kind: 'recording'; readonly text: string; readonly recording: OfferedRecording }
  /** Something that nothing can be done with; `what` names it. */
  | { readonly kind: 'unreadable'; readonly what: string }
  /** A notice of Telegram itself, such as somebody joining. */
  | { readonly kind: 'service' };

export function contentOf(message: Message): Content {
  const caption = message.caption ?? '';
  const recording = recordingOf(message);
  if (recording) return { kind: 'recording', text: caption, recording };
  const file = fileOf(message);
  if (file) return { kind: 'words', text: caption, file };
  if (message.text !== undefined) return { kind: 'words', text: message.text, file: null };
  if (message.venue)
    return words(
      `Place: ${message.venue.title}, ${message.venue.address}. ${pointText(message.venue.location)}`,
    );
  if (message.location) return words(pointText(message.location));
  if (message.contact) {
    const { first_name: first, last_name: last = '', phone_number: phone, user_id: id } = message.contact;
    const telegram = id === undefined ? '' : `, Telegram id ${id}`;
    return words(`Contact: ${`${first} ${last}`.trim()}, ${phone}${telegram}`);
  }
  if (message.sticker) return words(message.sticker.emoji ?? '(a sticker)');
  if (message.dice) return words(`${message.dice.emoji} ${message.dice.value}`);
  for (const [key, what] of UNREADABLE) if (key in message) return { kind: 'unreadable', what };
  return { kind: 'service' };
}

const UNREADABLE: readonly (readonly [string, string])[] = [
  ['poll', 'a poll'],
  ['story', 'a story'],
  ['game', 'a game'],
  ['checklist', 'a checklist'],
  ['paid_media', 'paid media'],
  ['invoice', 'an invoice'],
  ['rich_message', 'a rich message'],
];

function words(text: string): Content {
  return { kind: 'words', text, file: null };
}

function pointText({ latitude, longitude }: { latitude: number; longitude: number }): string {
  return `Location: ${latitude}, ${longitude}`;
}

/** A voice note, or the round film that people make in its place. */
function recordingOf(message: Message): OfferedRecording | null {
  const { voice, video_note: film } = message;
  const media = voice ?? film;
  if (!media) return null;
  return {
    id: media.file_id,
    name: `${voice ? 'voice' : 'video-note'}-${stemOf(message)}.${voice ? 'ogg' : 'mp4'}`,
    bytes: media.file_size ?? null,
    type: voice ? (voice.mime_type ?? 'audio/ogg') : 'video/mp4',
    seconds: media.duration,
  };
}

/** A name for what has none: when it was sent, and its number. */
function stemOf(message: Message): string {
  const at = new Date(message.date * 1000).toISOString().slice(0, 19);
  return `${at.replace(/[T:]/g, '-')}-${message.message_id}`;
}

/** Longer sound files are stored and not listened to, in seconds. */
const LONGEST_SOUND_S = 1200;

function soundOf({ audio, document }: Message): string | null {
  const type = audio ? (audio.mime_type ?? 'audio/mpeg') : (document?.mime_type ?? '');
  const isShort = (audio?.duration ?? 0) <= LONGEST_SOUND_S;
  return isShort && type.startsWith('audio/') && Object.hasOwn(RECORDING_FORMATS, type) ? type : null;
}

/** Of a photo the largest size; a name is made where Telegram has none. */
function fileOf(message: Message): OfferedFile | null {
  const { photo, document, audio, video, animation } = message;
  const stem = stemOf(message);
  const largest = photo?.at(-1);
  if (largest) return { id: largest.file_id, name: `photo-${stem}.jpg`, bytes: largest.file_size ?? null };
  const media = document ?? audio ?? video ?? animation;
  if (!media) return null;
  const kind = document ? 'file' : audio ? 'audio' : 'video';
  const sound = soundOf(message);
  return {
    id: media.file_id,
    name: media.file_name ?? `${kind}-${stem}${kind === 'video' ? '.mp4' : ''}`,
    bytes: media.file_size ?? null,
    ...(sound === null ? {} : { sound }),
  };
}

export function senderOf(user: User): Sender {
  const name = `${user.first_name} ${user.last_name ?? ''}`.trim();
  return { externalId: String(user.id), name: name === '' ? String(user.id) : name };
}

/** Who wrote what somebody passes on, as far as Telegram says: whom it is forwarded from, or the bot that offered it. */
export function forwardedFrom(message: Message): string | null {
  if (message.forward_origin) return originName(message.forward_origin);
  const { via_bot: bot } = message;
  return bot ? `@${bot.username ?? bot.first_name}` : null;
}

function originName(origin: MessageOrigin): string {
  switch (origin.type) {
    case 'user':
      return senderOf(origin.sender_user).name;
    case 'hidden_user':
      return origin.sender_user_name;
    case 'chat':
      return origin.sender_chat.title ?? 'a chat';
    case 'channel':
      return origin.chat.title;
  }
}

/** Whether a message is a command that names another bot. */
export function isForOtherBot({ text = '', entities = [] }: Message, bot: User): boolean {
  const command = entities.find(({ type, offset }) => type === 'bot_command' && offset === 0);
  const [, target] = command ? text.slice(0, command.length).split('@') : [];
  return target !== undefined && target.toLowerCase() !== (bot.username ?? '').toLowerCase();
}

/**
 * What a message in a group says to the bot, its name taken out; null when it is meant for others. Meant for the bot is
 * what names it, what replies to it, and a command that names no other bot.
 */
export function addressedText(message: Message, text: string, bot: User): string | null {
  const entities = message.entities ?? message.caption_entities ?? [];
  const name = `@${bot.username ?? ''}`.toLowerCase();
  const covered = (entity: MessageEntity) => text.slice(entity.offset, entity.offset + entity.length);
  const command = entities.find(({ type, offset }) => type === 'bot_command' && offset === 0);
  if (command) {
    const [, target] = covered(command).split('@');
    return target === undefined || `@${target}`.toLowerCase() === name ? text : null;
  }
  const mention = entities.find(
    (entity) => entity.type === 'mention' && covered(entity).toLowerCase() === name,
  );
  if (mention)
    return `${text.slice(0, mention.offset)}${text.slice(mention.offset + mention.length)}`
      .replace(/^[\s,:]+/, '')
      .trim();
  const replied = message.reply_to_message;
  return replied?.from?.id === bot.id && !replied.forum_topic_created ? text : null;
}
