import type { Update } from '@grammyjs/types';

export type NewUpdate = Omit<Update, 'update_id'>;

export type Polled =
  | { readonly kind: 'updates'; readonly updates: readonly Update[] }
  | { readonly kind: 'conflict'; readonly description: string };

export interface UpdateQueue {
  /** Queues an update under the next id and returns it. */
  add(update: NewUpdate): Update;
  /** Hands these out as they are, known ids included: what a network does that repeats and reorders. */
  hand(updates: readonly Update[]): void;
  poll(request: { offset: number; limit: number; timeoutMs: number; signal: AbortSignal }): Promise<Polled>;
  /** Updates that no poll has confirmed by a higher offset. */
  unconfirmed(): number;
  /** Where updates go instead of polls; an empty address ends that. */
  setWebhook(url: string, secret?: string): void;
  webhook(): { readonly url: string; readonly secret: string };
  /** The oldest update that is not confirmed, and its confirmation: what a webhook is handed. */
  oldest(): Update | null;
  confirm(update: Update): void;
  /** Resolves when an update or another webhook comes, or the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
}

const TERMINATED =
  'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running';
const WEBHOOK_ACTIVE =
  "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";

/**
 * The server's side of long polling: an update is handed out again by every poll until one asks with a higher offset,
 * a negative offset counts from the end, and a second poller ends the first one's poll with a conflict.
 */
export function createUpdateQueue(firstId: number): UpdateQueue {
  let queue: Update[] = [];
  let nextId = firstId;
  let webhook = { url: '', secret: '' };
  let onChange = Promise.withResolvers<void>();
  let waiting: { wake(): void; conflict(): void } | null = null;

  function take(offset: number, limit: number): Update[] {
    if (offset < 0) queue = queue.slice(offset);
    else queue = queue.filter(({ update_id }) => update_id >= offset);
    return queue.slice(0, limit);
  }

  function arrive(): void {
    waiting?.wake();
    change();
  }

  function change(): void {
    onChange.resolve();
    onChange = Promise.withResolvers();
  }

  return {
    add(update) {
      const added: Update = { update_id: nextId, ...update };
      nextId += 1;
      queue.push(added);
      arrive();
      return added;
    },
    hand(updates) {
      queue.push(...updates);
      arrive();
    },
    async poll({ offset, limit, timeoutMs, signal }) {
      if (webhook.url !== '') return { kind: 'conflict', description: WEBHOOK_ACTIVE };
      waiting?.conflict();
      const ready = take(offset, limit);
      if (ready.length > 0 || timeoutMs === 0) return { kind: 'updates', updates: ready };
      const ended = await new Promise<'woken' | 'conflict'>((resolve) => {
        const mine = { wake: () => end('woken'), conflict: () => end('conflict') };
        const timer = setTimeout(mine.wake, timeoutMs);
        function end(how: 'woken' | 'conflict'): void {
          clearTimeout(timer);
          if (waiting === mine) waiting = null;
          resolve(how);
        }
        signal.addEventListener('abort', mine.wake, { once: true });
        waiting = mine;
      });
      if (ended === 'conflict') return { kind: 'conflict', description: TERMINATED };
      return { kind: 'updates', updates: take(offset, limit) };
    },
    unconfirmed: () => queue.length,
    setWebhook(url, secret = '') {
      webhook = { url, secret };
      if (url !== '') waiting?.conflict();
      change();
    },
    webhook: () => webhook,
    oldest: () => queue[0] ?? null,
    confirm(update) {
      queue = queue.filter((other) => other !== update);
    },
    async changed(signal) {
      if (signal.aborted) return;
      const aborted = new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => resolve(), { once: true }),
      );
      await Promise.race([onChange.promise, aborted]);
    },
  };
}
