import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { SetupNote } from '@reeve/channel-telegram';
import { z } from 'zod';

const noteSchema = z.object({
  bot: z.string().nullable(),
  isPrivacyOn: z.boolean().default(false),
  webhook: z.string().nullable().default(null),
  pairing: z.object({ code: z.string(), expiresAt: z.string() }).nullable(),
  finishedAt: z.string().nullable(),
  trouble: z.string().nullable(),
});

const EMPTY: SetupNote = {
  bot: null,
  isPrivacyOn: false,
  webhook: null,
  pairing: null,
  finishedAt: null,
  trouble: null,
};

/** How far Telegram's set-up has come, as the running Reeve noted it in the home; nothing yet when there is no note. */
export function readTelegramNote(file: string): SetupNote {
  try {
    return noteSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    // A note that was damaged is written anew; the worst that comes of it is one more tap.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return EMPTY;
    if (error instanceof z.ZodError) return EMPTY;
    throw error;
  }
}

/** Only this user can read it: while there is no owner it holds the pairing code. */
export function writeTelegramNote(file: string, note: SetupNote): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(note, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Where the set-up stands and what to do next, for `reeve up` and `reeve doctor`. */
export function telegramText(note: SetupNote): string {
  if (note.trouble !== null) return note.trouble;
  if (note.bot === null) return 'Telegram has not answered yet; Reeve goes on trying.';
  const link = `https://t.me/${note.bot}`;
  if (note.pairing !== null)
    return `@${note.bot} has no owner yet. Open ${link}?start=${note.pairing.code} and press Start, or type ${note.pairing.code} to it (until ${note.pairing.expiresAt.slice(11, 16)} UTC).`;
  if (note.finishedAt === null)
    return `@${note.bot} waits for its owner: open ${link}, press Start (or type /start), and tap “It works”.`;
  const groups = note.isPrivacyOn
    ? ' In groups it is shown only commands for it and replies to it; @BotFather’s /setprivacy changes that.'
    : '';
  return `@${note.bot} is connected: ${link}.${groups}`;
}

/** The same for the menu of connections in the chat. */
export function telegramReach(note: SetupNote): { isPaired: boolean; summary: string } {
  return {
    isPaired: note.trouble === null && note.pairing === null && note.finishedAt !== null,
    summary: telegramText(note),
  };
}
