import { createHmac } from 'node:crypto';
import { type BotPeople, createTelegramChannel, type TelegramChannel } from '@reeve/channel-telegram';
import { commandMenu, type People } from '@reeve/coordinator';
import type { Clock, Desk, Ids, Log } from '@reeve/core';
import { createUpdateBox } from '@reeve/postgres';
import type { Settings } from '../settings.ts';
import type { Database } from './database.ts';
import { readTelegramNote, writeTelegramNote } from './telegram-note.ts';

const CHANNEL = 'telegram';
const WEBHOOK_LOOK_MS = 30_000;

/** The Telegram channel, if a token is set. Whoever `TELEGRAM_OWNER_ID` names is admitted as an owner first. */
export async function openTelegram(deps: {
  settings: Settings;
  noteFile: string;
  tokenKey: Uint8Array;
  database: Database;
  people: People;
  desk: () => Desk;
  clock: Clock;
  ids: Ids;
  log: Log;
}): Promise<TelegramChannel | null> {
  const { settings, people, noteFile } = deps;
  const token = settings.TELEGRAM_BOT_TOKEN;
  if (token === undefined) return null;
  const botPeople = peopleOnTelegram(people);
  const ownerId = settings.TELEGRAM_OWNER_ID;
  const isKnown = botPeople.list().some(({ externalId, role }) => externalId === ownerId && role === 'owner');
  if (ownerId !== undefined && !isKnown)
    await botPeople.addOwner({ externalId: ownerId, name: 'owner' }, 'TELEGRAM_OWNER_ID');
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
    writeNote: (note) => writeTelegramNote(noteFile, note),
    clock: deps.clock,
    randomBytes: (count) => deps.ids.randomBytes(count),
    fetch: globalThis.fetch,
    log: deps.log,
  });
}

function peopleOnTelegram(people: People): BotPeople {
  return {
    roleOf: (sender) => people.roleOf(sender, CHANNEL),
    list: () => people.list().filter(({ channel }) => channel === CHANNEL),
    async addOwner({ externalId, name }, how) {
      const added = await people.add({ channel: CHANNEL, externalId, role: 'owner', name, addedBy: how });
      if (added.kind === 'failed') throw new Error(`the owner could not be admitted: ${added.failure.code}`);
    },
  };
}
