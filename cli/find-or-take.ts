import { setTimeout as sleep } from 'node:timers/promises';
import { findRunning, type Home, openHome } from './home.ts';
import { HomeHeld } from './user-error.ts';

const LOOK_AGAIN_MS = 200;

interface FindOptions {
  /** How long whoever holds the home without answering is waited for: it is starting, or done in a moment. */
  readonly limitMs: number;
  /** Before the home is first tried. */
  readonly beforeTaking?: () => Promise<void>;
  /** Once, when somebody has to be waited for. */
  readonly onWait: () => void;
  /** Ends the waiting, which then rejects with an `AbortError`. */
  readonly signal?: AbortSignal;
}

/**
 * A Reeve that answers on this home, or the home for this process.
 *
 * @throws {HomeHeld} when somebody else holds it to the end of the time.
 * @throws {HomeUnusable} when it cannot be used.
 */
export async function findOrTake(
  root: string,
  { limitMs, beforeTaking, onWait, signal }: FindOptions,
): Promise<{ readonly url: string; readonly token: string } | Home> {
  const until = performance.now() + limitMs;
  for (let isFirst = true; ; isFirst = false) {
    const running = await findRunning(root);
    if (running) return running;
    if (isFirst) await beforeTaking?.();
    try {
      return await openHome(root);
    } catch (error) {
      if (!(error instanceof HomeHeld) || performance.now() > until) throw error;
    }
    if (isFirst) onWait();
    await sleep(LOOK_AGAIN_MS, undefined, signal ? { signal } : {});
  }
}
