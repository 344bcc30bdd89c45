import { type ApiClient, Refused } from './api-client.ts';
import type { ApiEvent } from './api-types.ts';
import { createFrameReader } from './event-frames.ts';

/** Whether what is shown is current. */
export type Connection =
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly since: Date }
  /** Reeve does not know this browser any more; only a person can mend that. */
  | { readonly kind: 'signed-out'; readonly words: string };

export interface FollowerDeps {
  readonly client: Pick<ApiClient, 'openEvents'>;
  readonly now: () => Date;
  /** Resolves after so many milliseconds, or earlier when there is a reason to try at once. */
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly random: () => number;
  /** What a beat or event within this many milliseconds proves: that the connection stands. */
  readonly silenceMs: number;
  readonly onEvent: (event: ApiEvent, number: number | null) => void;
  readonly onConnection: (connection: Connection) => void;
  /** Reeve has no such event: what is shown comes from another log and is read anew. */
  readonly onStale: (newest: number) => void;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/**
 * Follows events over as many connections as it takes. Each resumes after the last number that was seen, so nothing is
 * missed or repeated; failures wait half a second, then twice as long each time up to ten.
 *
 * Returns when the signal aborts, or when Reeve refuses this browser.
 */
export async function followEvents(deps: FollowerDeps, after: number, signal: AbortSignal): Promise<void> {
  let position = after;
  let failures = 0;
  let lostSince: Date | null = null;
  while (!signal.aborted) {
    try {
      await readConnection(deps, position, signal, (event, number) => {
        failures = 0;
        if (event.kind === 'hello') {
          lostSince = null;
          deps.onConnection({ kind: 'live' });
        }
        if (event.kind === 'stale' && event.newest < position) {
          position = event.newest;
          deps.onStale(position);
        }
        if (number !== null) position = Math.max(position, number);
        deps.onEvent(event, number);
      });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused && error.status === 401) {
        deps.onConnection({ kind: 'signed-out', words: error.message });
        return;
      }
      failures += 1;
      lostSince ??= deps.now();
      deps.onConnection({ kind: 'lost', since: lostSince });
      await deps.pause(waitAfter(failures, deps.random()));
    }
  }
}

/** Half a second, doubled by each failure in a row; a fifth up or down, so that tabs do not knock together. */
function waitAfter(failures: number, random: number): number {
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures - 1));
  return wait * (0.8 + random * 0.4);
}

/** Reads one connection to its end; rejects when it ends in any other way than by a `stale` event. */
async function readConnection(
  deps: FollowerDeps,
  after: number,
  signal: AbortSignal,
  take: (event: ApiEvent, number: number | null) => void,
): Promise<void> {
  const silence = new AbortController();
  const either = AbortSignal.any([signal, silence.signal]);
  let timer = setTimeout(() => silence.abort(new Error('silence')), deps.silenceMs);
  try {
    const reader = (await deps.client.openEvents(after, either)).getReader();
    const decoder = new TextDecoder();
    const frames = createFrameReader();
    for (;;) {
      const piece = await reader.read();
      if (piece.done) throw new Error('the stream ended');
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(new Error('silence')), deps.silenceMs);
      for (const { id, data } of frames(decoder.decode(piece.value, { stream: true }))) {
        const event = JSON.parse(data) as ApiEvent;
        take(event, id);
        if (event.kind === 'stale') return;
      }
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}
