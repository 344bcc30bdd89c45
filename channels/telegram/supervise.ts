import type { UserFromGetMe } from '@grammyjs/types';
import type { Clock, Log } from '@reeve/core';
import type { BotApi } from './bot-api.ts';
import { failureOf, troubleText } from './trouble-text.ts';

const RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

export interface SuperviseDeps {
  readonly api: BotApi;
  readonly apiRoot: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Told who the bot is before the first round; again when it throws. */
  readonly onBot: (bot: UserFromGetMe) => Promise<void>;
  /** What stands in the way, in words; null when nothing does. */
  readonly onTrouble: (sentence: string | null) => void;
  /** Called after each round. */
  readonly onRound: () => void;
}

/** Receiving cannot go on for a reason of our own; the message is what a person is told. */
export class ReceivingFailed extends Error {}

/** One round of receiving: a poll, or a look at the webhook. Returns what stands in the way all the same. */
export type Round = (signal: AbortSignal) => Promise<string | null>;

/**
 * Receives round after round until the signal aborts, whatever happens: what goes wrong is said in words and tried again,
 * slower each time.
 */
export async function superviseRounds(deps: SuperviseDeps, round: Round, signal: AbortSignal): Promise<void> {
  let failures = 0;
  let bot: UserFromGetMe | null = null;
  while (!signal.aborted) {
    try {
      if (!bot) {
        const known = await deps.api.asks.getMe(librarySignal(signal));
        await deps.onBot(known);
        bot = known;
      }
      deps.onTrouble(await round(signal));
      failures = 0;
      deps.onRound();
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      await pause(deps, error, failures, signal);
    }
  }
}

async function pause(
  deps: SuperviseDeps,
  error: unknown,
  failures: number,
  signal: AbortSignal,
): Promise<void> {
  const failure = failureOf(error);
  if (failure) deps.onTrouble(troubleText(failure, deps.apiRoot));
  if (error instanceof ReceivingFailed) deps.onTrouble(error.message);
  deps.log.warn(
    { err: failure ? failure.reason : error, failures },
    'Telegram cannot be heard; trying again',
  );
  const backoff = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** (failures - 1));
  const wait = failure?.kind === 'wait' ? Math.max(failure.ms, backoff) : backoff;
  await deps.clock.sleep(wait, signal).catch(() => undefined);
}

/** The library's signal type comes from a package of its own; the runtime's serves it. */
export function librarySignal(signal: AbortSignal): Parameters<BotApi['asks']['getMe']>[0] {
  return signal as Parameters<BotApi['asks']['getMe']>[0];
}
