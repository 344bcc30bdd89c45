import type { User } from '@grammyjs/types';
import type { ChannelAdapter, Clock, Desk, Inbound, Log, Sender, Speech, UpdateBox } from '@reeve/core';
import { type BotApi, createBotApi } from './bot-api.ts';
import { CHANNEL, type Place } from './chat-address.ts';
import { createDownload, createFileFetcher } from './inbound/fetch-file.ts';
import { placeOfMessage } from './inbound/handle-message.ts';
import { handleUpdates, type UpdateDeps } from './inbound/handle-update.ts';
import { createEar } from './inbound/hear.ts';
import { createReceiver } from './inbound/receiver.ts';
import { createMenu, type MenuCommand } from './menu.ts';
import { createDeliver } from './outbound/deliver.ts';
import { createDrafts } from './outbound/drafts.ts';
import { createLostChats } from './outbound/lost-chats.ts';
import { createNarrator } from './outbound/narrator.ts';
import { createPace } from './outbound/pace.ts';
import { createSmallTalk } from './outbound/small-talk.ts';
import { createPoller } from './poller.ts';
import { createRecentTurns } from './recent-turns.ts';
import { createPairing } from './setup/pairing.ts';
import { type BotPeople, createSetup, type SetupNote } from './setup/setup.ts';
import { createSignedData } from './signed-data.ts';
import { superviseRounds } from './supervise.ts';
import { createWebhook, type WebhookSettings } from './webhook.ts';

export interface TelegramChannelOptions {
  readonly token: string;
  /** The Bot API's address, without the token. */
  readonly apiRoot: string;
  /** Null to poll. */
  readonly webhook: WebhookSettings | null;
  readonly box: UpdateBox;
  readonly people: BotPeople;
  readonly desk: () => Desk;
  /** What may be typed, by role. */
  readonly commands: (role: 'owner' | 'member') => readonly MenuCommand[];
  /** Signs what buttons carry; the same after a restart, so that old buttons count. */
  readonly key: Uint8Array;
  readonly readNote: () => SetupNote;
  readonly writeNote: (note: SetupNote) => void;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly fetch: typeof fetch;
  readonly speech: Speech;
  /** Whether a transcriber is set up. */
  readonly hears: boolean;
  /** Whether answers are read out now, and by whose voice; null for the provider's usual one. */
  readonly voice: () => { readonly isOn: boolean; readonly name: string | null };
  readonly log: Log;
}

export interface TelegramChannel extends ChannelAdapter {
  /** Health lines, each with its fix; empty when all is well. */
  trouble(): readonly string[];
  /** How far the set-up has come, once Telegram has answered or this many milliseconds have passed. */
  setup(waitMs: number): Promise<SetupNote>;
  /** Resolves once polling and handling have ended. */
  ended(): Promise<void>;
}

/** Cards are edited no faster than this (chat.md). */
const EDIT_INTERVAL_MS = 2000;
/** How long the end waits for what is being handled. */
const LONGEST_STOP_MS = 2000;

/**
 * Telegram as a channel: polls, stores what it takes in before it acknowledges it, and delivers text and cards. Nothing
 * of Telegram's stops anything else: what goes wrong becomes a line of trouble and is tried again.
 */
export function createTelegramChannel(options: TelegramChannelOptions): TelegramChannel {
  const parts = createParts(options);
  const { state, setup } = parts;
  let running: Promise<void> = Promise.resolve();
  return {
    name: CHANNEL,
    editIntervalMs: EDIT_INTERVAL_MS,
    async start(inbound, signal) {
      state.inbound = inbound;
      state.signal = signal;
      setup.refresh();
      running = run(options, parts, signal).catch((error: unknown) => {
        options.log.error({ err: error }, 'Telegram broke down');
        state.trouble = BROKE_DOWN;
      });
    },
    deliver: parts.deliver,
    draft: (draft) => parts.drafts.show(draft),
    trouble: () => (state.trouble === null ? [] : [state.trouble]),
    async setup(waitMs) {
      await Promise.race([state.identified.promise, options.clock.sleep(waitMs)]);
      return options.readNote();
    },
    ended: () => running,
  };
}

type Parts = ReturnType<typeof createParts>;

async function run(options: TelegramChannelOptions, parts: Parts, signal: AbortSignal): Promise<void> {
  const { state, receiver, setup, showMenu, narrator, api } = parts;
  const { clock, log, apiRoot } = options;
  const note = (change: Partial<SetupNote>) => options.writeNote({ ...options.readNote(), ...change });
  const { take } = receiver;
  const round =
    options.webhook === null
      ? createPoller({
          api,
          take,
          withdrawWebhook: () => withdrawWebhook(options, api),
          now: () => clock.now().getTime(),
        })
      : createWebhook(
          { api, clock, log, take, onSet: (webhook) => note({ webhook }) },
          options.webhook,
          signal,
        );
  await superviseRounds(
    {
      api,
      apiRoot,
      clock,
      log,
      async onBot(bot) {
        state.bot = bot;
        setup.identify(bot.username, !bot.can_read_all_group_messages);
        setup.refresh();
        state.identified.resolve();
        showMenu();
        // Only now: who the bot is decides what in a group was meant for it. And before anything new arrives.
        await receiver.takeUp();
      },
      onTrouble(sentence) {
        if (sentence !== state.trouble) note({ trouble: sentence });
        state.trouble = sentence;
      },
      onRound() {
        setup.refresh();
        showMenu();
      },
    },
    round,
    signal,
  );
  // What is not handled by then is stored, and taken up at the next start.
  await Promise.race([Promise.all([receiver.idle(), narrator.idle()]), clock.sleep(LONGEST_STOP_MS)]);
}

/** Takes back the webhook that an earlier run has set; one of another program is left alone, and polling says so. */
async function withdrawWebhook(
  { readNote, writeNote }: TelegramChannelOptions,
  { asks }: BotApi,
): Promise<void> {
  const ours = readNote().webhook;
  if (ours === null) return;
  if ((await asks.getWebhookInfo()).url === ours) await asks.deleteWebhook();
  writeNote({ ...readNote(), webhook: null });
}

const UNKNOWN_BOT: User = { id: 0, is_bot: true, first_name: '' };

function createParts(options: TelegramChannelOptions) {
  const { clock, log, people, desk } = options;
  const state = {
    inbound: null as Inbound | null,
    bot: UNKNOWN_BOT,
    trouble: null as string | null,
    signal: new AbortController().signal,
    /** Resolves once Telegram has said who the bot is. */
    identified: Promise.withResolvers<void>(),
  };
  const api = createBotApi(options.token, options.apiRoot);
  const signed = createSignedData(options.key, () => state.bot.username ?? '');
  const pace = createPace(() => clock.now().getTime());
  const turns = createRecentTurns();
  const drafts = createDrafts({ api, clock, log, pace, messageOf: turns.messageOf });
  const talk = createSmallTalk({ api, log, signed, pace, clock });
  const menu = createMenu({ api, log, people, commands: options.commands });
  const showMenu = () => {
    menu.refresh().catch((error: unknown) => log.error({ err: error }, 'the menu could not be set'));
  };
  const lost = createLostChats();
  const setup = createSetup({
    people,
    signed,
    pairing: createPairing({
      now: () => clock.now(),
      randomBytes: options.randomBytes,
      onCode: (_code, expiresAt) => log.info({ expiresAt }, 'a new pairing code for Telegram'),
    }),
    readNote: options.readNote,
    note: (change) => options.writeNote({ ...options.readNote(), ...change }),
    now: () => clock.now(),
    send: talk.send,
    replace: talk.replace,
    onOwner: showMenu,
  });
  const isKnown = (sender: Sender) => people.roleOf(sender) !== 'stranger';
  const handling: UpdateDeps = {
    inbound: () => started(state.inbound),
    desk,
    bot: () => state.bot,
    signed,
    isKnown,
    setup,
    log,
    draftChat: drafts.chatOf,
    async onHeard(sender, { chatId }) {
      lost.found(chatId);
      menu.met(sender.externalId);
      await people.heard(sender);
    },
    ...takingIn(options, api),
    tellHeard: talk.tellHeard,
    tell: (place: Place, sentence: string, replyTo: number) => talk.tell(place, sentence, replyTo),
    acknowledge: talk.acknowledge,
    onTurn: turns.note,
    answer: talk.answerTap,
    askForWords: talk.askForWords,
    onHello: setup.finish,
  };
  const receiver = createReceiver({
    box: options.box,
    clock,
    log,
    signal: () => state.signal,
    handle: (updates, signal) => handleUpdates(handling, updates, signal),
    async onSetAside({ message }) {
      if (message?.from && isKnown({ externalId: String(message.from.id), name: '' }))
        await talk.tell(placeOfMessage(message), SET_ASIDE, message.message_id);
    },
  });
  const narrator = createNarrator({
    ...options,
    api,
    isOwner: (sender) => people.roleOf(sender) === 'owner',
    tell: talk.tell,
    pace,
    signal: () => state.signal,
  });
  const { messageOf } = turns;
  const deliver = createDeliver({ ...options, api, pace, drafts, signed, lost, narrator, messageOf });
  return { state, api, drafts, setup, showMenu, receiver, narrator, deliver };
}

/** What becomes of files and recordings that people send. */
function takingIn(options: TelegramChannelOptions, api: BotApi): Pick<UpdateDeps, 'fetchFile' | 'ear'> {
  const fileRoot = `${options.apiRoot}/file/bot${options.token}`;
  const download = createDownload({ ...options, api, fileRoot });
  return {
    fetchFile: createFileFetcher({ ...options, download }),
    ear: createEar({ ...options, download }),
  };
}

const BROKE_DOWN =
  'Telegram broke down by a mistake of Reeve’s own; the log says how. Nothing arrives from there until Reeve is started again.';

const SET_ASIDE =
  'Handling this message failed three times. It was set aside without an answer. Say it in other words; the log has the details.';

function started(inbound: Inbound | null): Inbound {
  if (!inbound) throw new Error('the channel was used before it was started');
  return inbound;
}
