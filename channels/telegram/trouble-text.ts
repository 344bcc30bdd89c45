import { type CallFailure, callFailure } from './bot-api.ts';

/** Null for what is not Telegram's: a database that is away, which says so itself. */
export function failureOf(error: unknown): CallFailure | null {
  try {
    return callFailure(error);
  } catch {
    return null;
  }
}

/** Which hop between Telegram and us fails, and what to do about it. */
export function troubleText(failure: CallFailure, apiRoot: string): string {
  switch (failure.kind) {
    case 'unauthorized':
      return 'Telegram does not know the bot’s token, so nothing arrives from there. Ask @BotFather for the token and set TELEGRAM_BOT_TOKEN anew.';
    case 'conflict':
      return failure.reason.includes('webhook')
        ? 'A webhook of another program is set for this Telegram bot, so its messages go there. Stop that program and open https://api.telegram.org/bot<token>/deleteWebhook once, with the bot’s token; Reeve goes on by itself.'
        : 'Another program polls this Telegram bot, so messages reach only one of the two. Stop the other one, or give each a bot of its own.';
    case 'wait':
    case 'ambiguous':
      return `Telegram at ${apiRoot} does not answer (${failure.reason}), so nothing arrives from there. Check the network and TELEGRAM_API_ROOT; Reeve goes on by itself.`;
    case 'unreachable':
    case 'moved':
    case 'unchanged':
    case 'refused':
      return `Telegram at ${apiRoot} refuses this bot’s calls: ${failure.reason}. Check TELEGRAM_BOT_TOKEN, TELEGRAM_API_ROOT and TELEGRAM_WEBHOOK_URL.`;
  }
}
