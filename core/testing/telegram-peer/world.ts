import type { Chat, InlineKeyboardMarkup, Message, MessageEntity, User } from '@grammyjs/types';
import { createUpdateQueue, type NewUpdate, type UpdateQueue } from './update-queue.ts';
import { sendToWebhook, type WebhookTrouble } from './webhook-sender.ts';

/** The bot, and what of groups it is shown. */
export type Bot = User & { readonly can_read_all_group_messages: boolean };

/** A message as the chat shows it now. */
export interface ShownMessage {
  readonly id: number;
  readonly chatId: number;
  readonly from: User;
  readonly threadId: number | null;
  /** Its text or caption. */
  readonly text: string;
  readonly entities: readonly MessageEntity[];
  readonly buttons: InlineKeyboardMarkup['inline_keyboard'];
  readonly replyTo: number | null;
  readonly file: {
    readonly kind: 'document' | 'photo' | 'voice';
    readonly name: string;
    readonly bytes: Uint8Array;
  } | null;
  /** How often it was edited. */
  readonly edits: number;
  readonly isDeleted: boolean;
  /** Emoji that the bot set on it. */
  readonly reactions: readonly string[];
  readonly previewsLinks: boolean;
  readonly at: number;
}

/** A draft as its reader sees it; gone after thirty seconds, or when the bot sends a message. */
export interface ShownDraft {
  readonly id: number;
  readonly text: string;
  readonly canStop: boolean;
  readonly until: number;
  readonly isStopped: boolean;
}

export interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** One call of the bot and what it was answered. */
export interface Call {
  readonly method: string;
  readonly chatId: number | null;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly at: number;
  readonly status: number;
}

/** Everything the server knows: chats, people, messages, files, and updates on their way to the bot. */
export interface World {
  readonly bot: Bot;
  readonly queue: UpdateQueue;
  readonly chats: Map<number, Chat>;
  readonly members: Map<number, Set<number>>;
  readonly blockedBy: Set<number>;
  /** Groups that are supergroups now, by their old number. */
  readonly movedTo: Map<number, number>;
  readonly files: Map<string, StoredFile>;
  readonly menus: Map<string, readonly { command: string; description: string }[]>;
  readonly calls: Call[];
  messages(chatId: number): readonly ShownMessage[];
  message(chatId: number, id: number): ShownMessage | null;
  /** Stores a message, new or changed. */
  put(message: ShownMessage): void;
  newMessageId(chatId: number): number;
  draft(chatId: number): ShownDraft | null;
  setDraft(chatId: number, draft: ShownDraft | null): void;
  /** Open callback queries, by id: until when they may be answered. */
  readonly taps: Map<
    string,
    { readonly until: number; answer: string | null; isAlert: boolean; isAnswered: boolean }
  >;
  /** Queues an update, unless its kind is not among those that the bot asked for. */
  send(update: NewUpdate): void;
  /** What the bot asked for last; empty means the usual kinds. */
  allowOnly(kinds: readonly string[]): void;
  newFile(name: string, bytes: Uint8Array): StoredFile;
  /** The last delivery to the webhook that failed. */
  webhookTrouble(): WebhookTrouble | null;
  close(): Promise<void>;
  now(): number;
}

/** Telegram's ids begin somewhere; small and round ones would hide mistakes. */
const FIRST_UPDATE = 811_004_300;
const FIRST_MESSAGE = 57;

export function createWorld(bot: Bot, now: () => number): World {
  const messages = new Map<number, Map<number, ShownMessage>>();
  const drafts = new Map<number, ShownDraft>();
  const queue = createUpdateQueue(FIRST_UPDATE);
  const webhook = sendToWebhook(queue, now);
  const lastIds = new Map<number, number>();
  let allowed: ReadonlySet<string> = new Set();
  const files = new Map<string, StoredFile>();
  const of = (chatId: number) => {
    const known = messages.get(chatId) ?? new Map<number, ShownMessage>();
    messages.set(chatId, known);
    return known;
  };
  return {
    bot,
    queue,
    chats: new Map(),
    members: new Map(),
    blockedBy: new Set(),
    movedTo: new Map(),
    files,
    menus: new Map(),
    calls: [],
    taps: new Map(),
    messages: (chatId) => [...of(chatId).values()].filter(({ isDeleted }) => !isDeleted),
    message: (chatId, id) => of(chatId).get(id) ?? null,
    put: (message) => void of(message.chatId).set(message.id, message),
    newMessageId(chatId) {
      const id = (lastIds.get(chatId) ?? FIRST_MESSAGE - 1) + 1;
      lastIds.set(chatId, id);
      return id;
    },
    draft(chatId) {
      const draft = drafts.get(chatId);
      return draft && draft.until > now() ? draft : null;
    },
    setDraft(chatId, draft) {
      if (draft) drafts.set(chatId, draft);
      else drafts.delete(chatId);
    },
    send(update) {
      const [kind = ''] = Object.keys(update);
      if (allowed.size === 0 || allowed.has(kind)) queue.add(update);
    },
    allowOnly(kinds) {
      allowed = new Set(kinds);
    },
    newFile(name, bytes) {
      const id = `AgAC${String(files.size + 1).padStart(6, '0')}`;
      const file = { id, name, bytes };
      files.set(id, file);
      return file;
    },
    webhookTrouble: webhook.trouble,
    close: webhook.close,
    now,
  };
}

/** The message as updates and answers carry it. */
export function wireMessage(world: World, shown: ShownMessage): Message {
  const chat = world.chats.get(shown.chatId);
  if (!chat) throw new Error(`no chat ${shown.chatId}`);
  const replied = shown.replyTo === null ? null : world.message(shown.chatId, shown.replyTo);
  const words =
    shown.file === null
      ? { text: shown.text, ...(shown.entities.length > 0 ? { entities: [...shown.entities] } : {}) }
      : {
          ...(shown.text === '' ? {} : { caption: shown.text }),
          ...(shown.entities.length > 0 ? { caption_entities: [...shown.entities] } : {}),
        };
  return {
    message_id: shown.id,
    date: Math.floor(shown.at / 1000),
    chat,
    from: shown.from,
    ...(shown.threadId === null ? {} : { message_thread_id: shown.threadId, is_topic_message: true }),
    ...(replied ? { reply_to_message: wireMessage(world, { ...replied, replyTo: null }) } : {}),
    ...(shown.edits > 0 ? { edit_date: Math.floor(shown.at / 1000) } : {}),
    ...words,
    ...(shown.buttons.length > 0 ? { reply_markup: { inline_keyboard: shown.buttons } } : {}),
  } as Message;
}
