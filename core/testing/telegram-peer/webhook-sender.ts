import { setTimeout as pause } from 'node:timers/promises';
import type { UpdateQueue } from './update-queue.ts';

/** What `getWebhookInfo` says of deliveries that failed. */
export interface WebhookTrouble {
  readonly at: number;
  readonly message: string;
}

export interface WebhookSender {
  trouble(): WebhookTrouble | null;
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;
const LONGEST_CALL_MS = 10_000;

/**
 * Hands updates to the bot's webhook, one after the other, each again until it is answered with a 2xx: the same one comes
 * twice when an answer was lost.
 */
export function sendToWebhook(queue: UpdateQueue, now: () => number): WebhookSender {
  const closing = new AbortController();
  let trouble: WebhookTrouble | null = null;

  async function hand(url: string, secret: string, body: string): Promise<string | null> {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(secret === '' ? {} : { 'x-telegram-bot-api-secret-token': secret }),
        },
        body,
        signal: AbortSignal.any([closing.signal, AbortSignal.timeout(LONGEST_CALL_MS)]),
      });
      await answer.body?.cancel();
      return answer.ok ? null : `Wrong response from the webhook: ${answer.status} ${answer.statusText}`;
    } catch {
      return 'Connection refused';
    }
  }

  async function run(): Promise<void> {
    let wait = FIRST_PAUSE_MS;
    while (!closing.signal.aborted) {
      const { url, secret } = queue.webhook();
      const update = queue.oldest();
      if (url === '' || !update) {
        await queue.changed(closing.signal);
        continue;
      }
      const message = await hand(url, secret, JSON.stringify(update));
      if (message === null) {
        queue.confirm(update);
        wait = FIRST_PAUSE_MS;
        continue;
      }
      trouble = { at: now(), message };
      await pause(wait, undefined, { signal: closing.signal }).catch(() => undefined);
      wait = Math.min(LONGEST_PAUSE_MS, wait * 2);
    }
  }

  const running = run();
  return {
    trouble: () => trouble,
    async close() {
      closing.abort();
      await running;
    },
  };
}
