import type { Update, UserFromGetMe } from '@grammyjs/types';
import type { Clock, Log } from '@reeve/core';
import { type BotApi, type CallFailure, callFailure, POLL_SECONDS } from './bot-api.ts';
import { WANTED_UPDATES } from './inbound/handle-update.ts';

const RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

export interface PollerDeps {
  readonly api: BotApi;
  readonly apiRoot: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Stores updates; they count as acknowledged after it. */
  readonly take: (updates: readonly Update[]) => Promise<void>;
  /** Told once who the bot is, before the first update. */
  readonly onBot: (bot: UserFromGetMe) => Promise<void>;
  /** What stands in the way, in words; null when nothing does. */
  readonly onTrouble: (sentence: string | null) => void;
  /** Called between polls. */
  readonly onRound: () => void;
}

/**
 * Polls until the signal aborts, whatever happens: the offset moves only after updates were stored, and what goes wrong
 * is said in words and tried again, slower each time.
 */
export async function poll(deps: PollerDeps, signal: AbortSignal): Promise<void> {
  let offset = 0;
  let failures = 0;
  let bot: UserFromGetMe | null = null;
  while (!signal.aborted) {
    try {
      if (!bot) {
        bot = await deps.api.asks.getMe(librarySignal(signal));
        await deps.onBot(bot);
      }
      const updates = await deps.api.polls.getUpdates(
        { offset, timeout: POLL_SECONDS, limit: 100, allowed_updates: [...WANTED_UPDATES] },
        librarySignal(signal),
      );
      failures = 0;
      deps.onTrouble(null);
      if (updates.length > 0) await deps.take(updates);
      offset = Math.max(offset, ...updates.map(({ update_id: id }) => id + 1));
      deps.onRound();
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      await pause(deps, error, failures, signal);
    }
  }
}

async function pause(deps: PollerDeps, error: unknown, failures: number, signal: AbortSignal): Promise<void> {
  const failure = failureOf(error);
  if (failure) deps.onTrouble(troubleText(failure, deps.apiRoot));
  deps.log.warn({ err: failure ? failure.reason : error, failures }, 'polling Telegram failed; trying again');
  const backoff = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** (failures - 1));
  const wait = failure?.kind === 'wait' ? Math.max(failure.ms, backoff) : backoff;
  await deps.clock.sleep(wait, signal).catch(() => undefined);
}

/** Null for what is not Telegram's: a database that is away, which says so itself. */
function failureOf(error: unknown): CallFailure | null {
  try {
    return callFailure(error);
  } catch {
    return null;
  }
}

function troubleText(failure: CallFailure, apiRoot: string): string {
  switch (failure.kind) {
    case 'unauthorized':
      return 'Telegram does not know the bot’s token, so nothing arrives from there. Ask @BotFather for the token and set TELEGRAM_BOT_TOKEN anew.';
    case 'conflict':
      return failure.reason.includes('webhook')
        ? 'A webhook is set for this Telegram bot, so its messages go there. Remove it (the Bot API’s deleteWebhook); Reeve goes on by itself.'
        : 'Another program polls this Telegram bot, so messages reach only one of the two. Stop the other one, or give each a bot of its own.';
    case 'wait':
    case 'ambiguous':
      return `Telegram at ${apiRoot} does not answer (${failure.reason}), so nothing arrives from there. Check the network and TELEGRAM_API_ROOT; Reeve goes on by itself.`;
    case 'unreachable':
    case 'unchanged':
    case 'refused':
      return `Telegram refuses polling: ${failure.reason}. Check TELEGRAM_BOT_TOKEN and TELEGRAM_API_ROOT.`;
  }
}

/** The library's signal type comes from a package of its own; the runtime's serves it. */
function librarySignal(signal: AbortSignal): Parameters<BotApi['asks']['getMe']>[0] {
  return signal as Parameters<BotApi['asks']['getMe']>[0];
}
