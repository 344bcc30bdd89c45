import type {
  CallbackQuery,
  Chat,
  Message,
  MessageEntity,
  MessageOrigin,
  Update,
  User,
} from '@grammyjs/types';
import { type ShownMessage, type World, wireMessage } from './world.ts';

/** Where and as what something is said. */
export interface SaySettings {
  /** A group; the private chat with the bot unless given. */
  readonly chat?: number;
  readonly thread?: number;
  /** The message it replies to. */
  readonly replyTo?: number;
  /** Who wrote it first, when it is forwarded. */
  readonly forwardedFrom?: string;
  /** Parts of an album share it. */
  readonly album?: string;
}

/** Somebody with a phone: what they do there becomes updates for the bot. */
export interface Person {
  readonly user: User;
  /** Opens the private chat; a bot cannot write to anybody who has not. */
  open(): void;
  say(text: string, settings?: SaySettings): ShownMessage;
  photo(bytes: Uint8Array, caption?: string, settings?: SaySettings): ShownMessage;
  document(name: string, bytes: Uint8Array, caption?: string, settings?: SaySettings): ShownMessage;
  voice(bytes: Uint8Array, seconds: number, settings?: SaySettings): ShownMessage;
  videoNote(bytes: Uint8Array, seconds: number, settings?: SaySettings): ShownMessage;
  /** A sound file, as music players show it. */
  audio(name: string, bytes: Uint8Array, seconds: number, settings?: SaySettings): ShownMessage;
  location(latitude: number, longitude: number, settings?: SaySettings): ShownMessage;
  /** Changes what they said. */
  edit(message: ShownMessage, text: string): void;
  /** Presses a button of a message; returns the query's id. `data` forges what the button carries. */
  tap(message: ShownMessage, label: string, data?: string): string;
  /** Presses the draft's own Stop button. */
  stopDraft(): void;
  block(): void;
  unblock(): void;
}

const TAP_MS = 60_000;

export function createPerson(world: World, user: User): Person {
  const privateChat: Chat = { id: user.id, type: 'private', first_name: user.first_name };
  const open = () => void world.chats.set(user.id, privateChat);

  function post(
    text: string,
    settings: SaySettings,
    file: ShownMessage['file'],
    extra: object,
  ): ShownMessage {
    open();
    const chatId = settings.chat ?? user.id;
    const shown: ShownMessage = {
      id: world.newMessageId(chatId),
      chatId,
      from: user,
      threadId: settings.thread ?? null,
      text,
      entities: commandsIn(text),
      buttons: [],
      replyTo: settings.replyTo ?? null,
      file,
      edits: 0,
      isDeleted: false,
      reactions: [],
      previewsLinks: true,
      at: world.now(),
    };
    world.put(shown);
    const message = {
      ...wireMessage(world, shown),
      ...(settings.album === undefined ? {} : { media_group_id: settings.album }),
      ...(settings.forwardedFrom === undefined
        ? {}
        : { forward_origin: originOf(settings.forwardedFrom, world) }),
      ...extra,
    };
    if (isShownToBot(world, message)) world.send({ message } as Omit<Update, 'update_id'>);
    return shown;
  }

  return {
    user,
    open,
    say: (text, settings = {}) => post(text, settings, null, {}),
    photo(bytes, caption = '', settings = {}) {
      const small = world.newFile('small.jpg', bytes.slice(0, 64));
      const large = world.newFile('large.jpg', bytes);
      const photo = [
        { ...wireFile(small), width: 90, height: 60 },
        { ...wireFile(large), width: 1280, height: 853 },
      ];
      return post(caption, settings, { kind: 'photo', name: 'photo.jpg', bytes }, { photo });
    },
    document(name, bytes, caption = '', settings = {}) {
      const document = { ...wireFile(world.newFile(name, bytes)), file_name: name };
      return post(caption, settings, { kind: 'document', name, bytes }, { document });
    },
    voice(bytes, seconds, settings = {}) {
      const voice = {
        ...wireFile(world.newFile('voice.oga', bytes)),
        duration: seconds,
        mime_type: 'audio/ogg',
      };
      return post('', settings, { kind: 'voice', name: 'voice.oga', bytes }, { voice });
    },
    videoNote(bytes, seconds, settings = {}) {
      const film = { ...wireFile(world.newFile('note.mp4', bytes)), duration: seconds, length: 240 };
      return post('', settings, { kind: 'document', name: 'note.mp4', bytes }, { video_note: film });
    },
    audio(name, bytes, seconds, settings = {}) {
      const sound = {
        ...wireFile(world.newFile(name, bytes)),
        file_name: name,
        duration: seconds,
        mime_type: 'audio/mpeg',
      };
      return post('', settings, { kind: 'document', name, bytes }, { audio: sound });
    },
    location(latitude, longitude, settings = {}) {
      return post('', settings, null, { text: undefined, location: { latitude, longitude } });
    },
    edit(message, text) {
      const edited = { ...message, text, entities: commandsIn(text), edits: message.edits + 1 };
      world.put(edited);
      world.send({ edited_message: wireMessage(world, edited) } as Omit<Update, 'update_id'>);
    },
    tap(message, label, data) {
      const buttons = (world.message(message.chatId, message.id) ?? message).buttons.flat();
      const button = buttons.find(({ text }) => text === label);
      if (data === undefined && !(button && 'callback_data' in button))
        throw new Error(`no button “${label}”; there are ${buttons.map(({ text }) => text).join(', ')}`);
      const shown = world.message(message.chatId, message.id) ?? message;
      const id = `${user.id}${world.taps.size + 1}`;
      world.taps.set(id, { until: world.now() + TAP_MS, answer: null, isAlert: false, isAnswered: false });
      const query: CallbackQuery = {
        id,
        from: user,
        chat_instance: String(message.chatId),
        message: wireMessage(world, shown),
        data: data ?? (button && 'callback_data' in button ? button.callback_data : ''),
      };
      world.send({ callback_query: query });
      return id;
    },
    stopDraft() {
      const draft = world.draft(user.id);
      if (!draft?.canStop) throw new Error('there is no draft that can be stopped');
      world.setDraft(user.id, { ...draft, isStopped: true });
      world.send({ stopped_message_generation: { chat: privateChat, draft_id: draft.id } } as never);
    },
    block: () => void world.blockedBy.add(user.id),
    unblock: () => void world.blockedBy.delete(user.id),
  };
}

/**
 * Privacy mode, as its documentation promises: of a group only commands for this bot, general ones while it was the last
 * bot that wrote, and replies to it.
 */
function isShownToBot(world: World, { chat, entities = [], text = '', reply_to_message: replied }: Message) {
  if (chat.type === 'private' || world.bot.can_read_all_group_messages) return true;
  const command = entities.find(({ type, offset }) => type === 'bot_command' && offset === 0);
  const [, target] = command ? text.slice(0, command.length).split('@') : [];
  const wroteLast = world.messages(chat.id).findLast(({ from }) => from.is_bot)?.from.id === world.bot.id;
  return (
    replied?.from?.id === world.bot.id ||
    (command !== undefined && (target === undefined ? wroteLast : target === world.bot.username))
  );
}

function wireFile({ id, bytes }: { id: string; bytes: Uint8Array }): {
  file_id: string;
  file_unique_id: string;
  file_size: number;
} {
  return { file_id: id, file_unique_id: `u${id}`, file_size: bytes.length };
}

function originOf(name: string, world: World): MessageOrigin {
  return { type: 'hidden_user', sender_user_name: name, date: Math.floor(world.now() / 1000) };
}

/** Telegram marks commands and mentions in what people write. */
function commandsIn(text: string): MessageEntity[] {
  const found: MessageEntity[] = [];
  for (const match of text.matchAll(/(?<![\w/])\/[A-Za-z0-9_]{1,32}(?:@\w+)?/g))
    found.push({ type: 'bot_command', offset: match.index, length: match[0].length });
  for (const match of text.matchAll(/(?<![\w/])@[A-Za-z]\w{3,31}/g))
    found.push({ type: 'mention', offset: match.index, length: match[0].length });
  return found;
}
