import type { Update, User } from '@grammyjs/types';
import { createFaults, type Faults } from './faults.ts';
import { createPerson, type Person } from './person.ts';
import { createRateLimit } from './rate-limit.ts';
import { serveBotApi } from './server.ts';
import { type Call, createWorld, type ShownDraft, type ShownMessage, type World } from './world.ts';

export interface TelegramPeer extends AsyncDisposable {
  /** What `TELEGRAM_API_ROOT` takes. */
  readonly url: string;
  readonly token: string;
  readonly bot: User;
  /** Every call of the bot, in order. */
  readonly calls: readonly Call[];
  readonly inject: Faults['inject'];
  person(id: number, name: string): Person;
  /** A group with the bot and these people in it. */
  group(id: number, title: string, people: readonly Person[], isForum?: boolean): number;
  /** What a chat shows now, oldest first. */
  messages(chatId: number): readonly ShownMessage[];
  /** The bot's own messages of a chat. */
  fromBot(chatId: number): readonly ShownMessage[];
  draft(chatId: number): ShownDraft | null;
  /** What a tap was answered with; null while it was not, or without words. */
  tapAnswer(id: string): { readonly text: string | null; readonly isAnswered: boolean };
  /** Lets all taps grow too old to be answered. */
  expireTaps(): void;
  /** A chat that is no more. */
  deleteChat(chatId: number): void;
  /** The menu of a scope: `all_private_chats`, `chat:7`. */
  menu(scope: string): readonly { command: string; description: string }[];
  /** Hands out updates again or in another order. */
  hand(updates: readonly Update[]): void;
  /** Updates that the bot has not confirmed. */
  unconfirmed(): number;
  /** The bot's owner takes the token back. */
  revokeToken(): void;
  restoreToken(): void;
  setWebhook(url: string): void;
  /** Where updates go; empty while they are polled. */
  webhook(): string;
  /** Everything, for a page to chat on. */
  readonly world: World;
  close(): Promise<void>;
}

export interface TelegramPeerOptions {
  /** A free one unless given. */
  readonly port?: number;
  readonly token?: string;
  /** Whether it limits the bot as Telegram does. */
  readonly limitsRate?: boolean;
  /** Whether groups show the bot only commands for it and replies to it. */
  readonly privacyMode?: boolean;
  readonly now?: () => number;
  readonly page?: Parameters<typeof serveBotApi>[0]['page'];
}

const TOKEN = '7000000001:AAPeerTokenForTestsOnly_0123456789';

/**
 * A strict stand-in for Telegram's Bot API on loopback, driven by people who type and tap. It is stricter than the real
 * server in one thing: text and entities that the server would repair in silence are refused (`checkText`).
 */
export async function createTelegramPeer(options: TelegramPeerOptions = {}): Promise<TelegramPeer> {
  const bot: User = { id: 7_000_000_001, is_bot: true, first_name: 'Reeve', username: 'reeve_test_bot' };
  const me = {
    ...bot,
    can_join_groups: true,
    can_read_all_group_messages: options.privacyMode !== true,
    supports_inline_queries: false,
  };
  const world = createWorld(me, options.now ?? (() => Date.now()));
  const token = options.token ?? TOKEN;
  let isRevoked = false;
  const faults = createFaults();
  const server = await serveBotApi(
    {
      world,
      faults,
      rateLimit: options.limitsRate ? createRateLimit() : () => 0,
      token: () => (isRevoked ? null : token),
      page: options.page ?? (async () => null),
    },
    options.port ?? 0,
  );
  const close = async () => {
    await world.close();
    await server.close();
  };
  return {
    url: server.url,
    token,
    bot,
    calls: world.calls,
    inject: faults.inject,
    person: (id, name) => createPerson(world, { id, is_bot: false, first_name: name }),
    group(id, title, people, isForum = false) {
      const chat = isForum
        ? ({ id, type: 'supergroup', title, is_forum: true } as const)
        : ({ id, type: 'supergroup', title } as const);
      world.chats.set(id, chat);
      world.members.set(id, new Set(people.map(({ user }) => user.id)));
      return id;
    },
    messages: world.messages,
    fromBot: (chatId) => world.messages(chatId).filter(({ from }) => from.id === bot.id),
    draft: world.draft,
    tapAnswer(id) {
      const tap = world.taps.get(id);
      return { text: tap?.answer ?? null, isAnswered: tap?.isAnswered ?? false };
    },
    expireTaps() {
      for (const [id, tap] of world.taps) world.taps.set(id, { ...tap, until: 0 });
    },
    deleteChat: (chatId) => void world.chats.delete(chatId),
    menu: (scope) => world.menus.get(scope) ?? [],
    hand: world.queue.hand,
    unconfirmed: world.queue.unconfirmed,
    revokeToken() {
      isRevoked = true;
    },
    restoreToken() {
      isRevoked = false;
    },
    setWebhook: world.queue.setWebhook,
    webhook: () => world.queue.webhook().url,
    world,
    close,
    [Symbol.asyncDispose]: close,
  };
}
