import { createHmac } from 'node:crypto';
import { type BotPeople, createTelegramChannel, type TelegramChannel } from '@reeve/channel-telegram';
import { commandMenu, type People, type SettingsDesk } from '@reeve/coordinator';
import type { Clock, Desk, Ids, Log, Sender } from '@reeve/core';
import { createUpdateBox } from '@reeve/postgres';
import type { Settings } from '../settings.ts';
import type { Database } from './database.ts';
import type { HouseSpeech } from './speech.ts';
import { readTelegramNote, writeTelegramNote } from './telegram-note.ts';

const CHANNEL = 'telegram';
/** How an owner is called until they write, whom the operator has named by a number. */
const UNNAMED = 'owner';
const BY_SETTING = 'TELEGRAM_OWNER_ID';
const WEBHOOK_LOOK_MS = 30_000;

/** The Telegram channel, if a token is set. Whoever `TELEGRAM_OWNER_ID` names is admitted as an owner first. */
export async function openTelegram(deps: {
  settings: Settings;
  noteFile: string;
  tokenKey: Uint8Array;
  database: Database;
  people: People;
  desk: () => Desk;
  speaking: HouseSpeech;
  config: Pick<SettingsDesk, 'current'>;
  clock: Clock;
  ids: Ids;
  log: Log;
}): Promise<TelegramChannel | null> {
  const { settings, people, speaking, noteFile } = deps;
  const token = settings.TELEGRAM_BOT_TOKEN;
  if (token === undefined) return null;
  const botPeople = peopleOnTelegram(people);
  const ownerId = settings.TELEGRAM_OWNER_ID;
  const isKnown = botPeople.list().some(({ externalId, role }) => externalId === ownerId && role === 'owner');
  if (ownerId !== undefined && !isKnown)
    await botPeople.addOwner({ externalId: ownerId, name: UNNAMED }, BY_SETTING);
  return createTelegramChannel({
    token,
    apiRoot: settings.TELEGRAM_API_ROOT.replace(/\/$/, ''),
    webhook:
      settings.TELEGRAM_WEBHOOK_URL === undefined
        ? null
        : {
            url: settings.TELEGRAM_WEBHOOK_URL,
            port: settings.TELEGRAM_WEBHOOK_PORT,
            secret: createHmac('sha256', deps.tokenKey)
              .update(`telegram webhook ${token}`)
              .digest('base64url'),
            lookEveryMs: WEBHOOK_LOOK_MS,
          },
    box: createUpdateBox({ pool: deps.database.pool }),
    people: botPeople,
    desk: deps.desk,
    commands: commandMenu,
    key: createHmac('sha256', deps.tokenKey).update('telegram buttons').digest(),
    readNote: () => readTelegramNote(noteFile),
    writeNote(note) {
      try {
        writeTelegramNote(noteFile, note);
      } catch (error) {
        // The bot works without its note; only doctor and the next start know less.
        deps.log.error({ err: error, file: noteFile }, 'how far Telegram is set up could not be noted');
      }
    },
    clock: deps.clock,
    randomBytes: (count) => deps.ids.randomBytes(count),
    fetch: globalThis.fetch,
    speech: speaking.speech,
    hears: speaking.state.hearing.isOn,
    voice() {
      const { voice, 'voice-name': name } = deps.config.current();
      return { isOn: voice && speaking.state.speaking.isOn, name: name ?? null };
    },
    log: deps.log,
  });
}

function peopleOnTelegram(people: People): BotPeople {
  async function addOwner({ externalId, name }: Sender, how: string): Promise<void> {
    const added = await people.add({ channel: CHANNEL, externalId, role: 'owner', name, addedBy: how });
    if (added.kind === 'failed') throw new Error(`the owner could not be admitted: ${added.failure.code}`);
  }
  return {
    roleOf: (sender) => people.roleOf(sender, CHANNEL),
    list: () => people.list().filter(({ channel }) => channel === CHANNEL),
    addOwner,
    async heard(sender) {
      const isUnnamed = people
        .list()
        .some(
          ({ channel, externalId, name, addedBy }) =>
            channel === CHANNEL &&
            externalId === sender.externalId &&
            name === UNNAMED &&
            addedBy === BY_SETTING,
        );
      if (isUnnamed) await addOwner(sender, BY_SETTING);
    },
  };
}
