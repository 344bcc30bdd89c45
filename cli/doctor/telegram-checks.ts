import { findRunning, homePaths } from '../home.ts';
import type { Settings } from '../settings.ts';
import { readTelegramNote, telegramText } from '../up/telegram-note.ts';
import type { Check } from './check.ts';

const ANSWER_MS = 10_000;
const CLOCK_MINUTES = 2;

/** Whether the bot is reached, owned and used; none without a token. */
export function telegramChecks(settings: Settings): Check[] {
  const token = settings.TELEGRAM_BOT_TOKEN;
  if (token === undefined) return [];
  return [tokenCheck(token, settings.TELEGRAM_API_ROOT), setupCheck(settings.REEVE_HOME)];
}

function tokenCheck(token: string, apiRoot: string): Check {
  return {
    id: 'telegram-token',
    title: 'Telegram bot',
    expected: 'Telegram answers and knows the token',
    fix: 'Check the network, TELEGRAM_API_ROOT, and TELEGRAM_BOT_TOKEN (@BotFather shows it).',
    async run() {
      const answer = await fetch(`${apiRoot.replace(/\/$/, '')}/bot${token}/getMe`, {
        signal: AbortSignal.timeout(ANSWER_MS),
      }).catch(() => null);
      if (!answer) return { state: 'failed', observed: `${apiRoot} does not answer` };
      const minutesOff = clockOffBy(answer.headers.get('date'), Date.now());
      if (answer.ok && minutesOff !== 0)
        return {
          state: 'warning',
          observed: `${apiRoot} knows the token, but this machine’s clock differs from Telegram’s by ${minutesOff} minutes`,
          fix: 'Set the clock (timedatectl set-ntp true): schedules and expiry go by it.',
        };
      if (answer.ok) return { state: 'ok', observed: `${apiRoot} knows the token` };
      const observed =
        answer.status === 401 ? 'Telegram does not know the token' : `Telegram answered ${answer.status}`;
      return { state: 'failed', observed };
    },
  };
}

/** Minutes between a server's date and ours; 0 when they are close or it gave none. */
function clockOffBy(serverDate: string | null, now: number): number {
  const theirs = Date.parse(serverDate ?? '');
  const off = Math.round((now - theirs) / 60_000);
  return Math.abs(off) >= CLOCK_MINUTES ? off : 0;
}

function setupCheck(home: string): Check {
  return {
    id: 'telegram-setup',
    title: 'Telegram set-up',
    expected: 'a tap of the owner came back',
    fix: 'Start Reeve, and do what this line says.',
    async run() {
      const note = readTelegramNote(homePaths(home).telegram);
      const isRunning = (await findRunning(home)) !== null;
      if (!isRunning && note.finishedAt === null)
        return { state: 'warning', observed: 'not finished, and Reeve does not run' };
      const isFine = note.finishedAt !== null && (note.trouble === null || !isRunning);
      return {
        state: isFine ? 'ok' : 'warning',
        observed: telegramText(isRunning ? note : { ...note, trouble: null }),
      };
    },
  };
}
