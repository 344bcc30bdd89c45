import { type ApiEvent, apiEventSchema } from '@reeve/channel-http';
import { createParser } from 'eventsource-parser';
import { ApiProblem, ApiUnreachable } from './api-error.ts';
import type { Requester } from './requester.ts';

/** The client's own word on its connection: `lost` once when it breaks, `back` once it stands again. */
export interface ConnectionEvent {
  readonly kind: 'connection';
  readonly state: 'lost' | 'back';
}

export interface NumberedEvent {
  /** The event's number in Reeve's log; null for what is not stored there (drafts, greetings, the connection). */
  readonly id: number | null;
  readonly event: ApiEvent | ConnectionEvent;
}

export interface EventRequest {
  /** Null for every conversation. */
  readonly conversation: string | null;
  /** Everything after this number; null for what comes from now on. */
  readonly after: number | null;
  readonly signal: AbortSignal;
  /** Failed connections in a row after which it rejects with `ApiUnreachable`; for ever when left out. */
  readonly maxTries?: number;
}

interface FollowerDeps {
  readonly request: Requester;
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  readonly waitAfter: (failures: number) => number;
}

/**
 * Events over as many connections as it takes: each resumes after the last number that was seen,
 * so nothing is missed or repeated. A reader that was too slow is dropped by Reeve and resumes in the same way; only
 * when Reeve has no such number (another home) does it pass on `stale` and go on from the newest.
 *
 * Ends when the signal aborts. Rejects with `ApiProblem` when Reeve refuses for good, such as with a wrong token.
 */
export async function* followEvents(deps: FollowerDeps, wanted: EventRequest): AsyncGenerator<NumberedEvent> {
  const { signal, maxTries = Number.POSITIVE_INFINITY } = wanted;
  let position = wanted.after;
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const { id, event } of connect(deps.request, wanted, position)) {
        if (failures > 0) yield { id: null, event: { kind: 'connection', state: 'back' } };
        failures = 0;
        if (event.kind === 'stale') {
          if (position !== null && position <= event.newest) break;
          position = event.newest;
        }
        if (id !== null) position = Math.max(position ?? 0, id);
        else if (event.kind === 'hello') position ??= event.newest;
        yield { id, event };
        if (event.kind === 'stale') break;
      }
      continue;
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error)) throw error;
      failures += 1;
      if (failures > maxTries) throw error;
    }
    if (failures === 1) yield { id: null, event: { kind: 'connection', state: 'lost' } };
    await deps.sleep(deps.waitAfter(failures), signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof ApiUnreachable || (error instanceof ApiProblem && error.retryable);
}

/** The events of one connection; rejects when it ends in any way but the reader's. */
async function* connect(
  request: Requester,
  { conversation, signal }: EventRequest,
  after: number | null,
): AsyncGenerator<{ id: number | null; event: ApiEvent }> {
  const query = new URLSearchParams({
    ...(conversation === null ? {} : { conversation }),
    ...(after === null ? {} : { after: String(after) }),
  });
  const answer = await request('GET', `/v1/events?${query}`, { signal });
  const decoder = new TextDecoder();
  const frames: { id?: string | undefined; data: string }[] = [];
  const parser = createParser({ onEvent: (frame) => frames.push(frame) });
  for await (const chunk of chunksOf(answer, signal)) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    for (const frame of frames.splice(0)) {
      yield {
        id: frame.id === undefined ? null : Number(frame.id),
        event: apiEventSchema.parse(JSON.parse(frame.data)),
      };
    }
  }
  throw new ApiUnreachable(answer.url, new Error('the event stream ended'));
}

async function* chunksOf(answer: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = answer.body?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const next = await reader.read().catch((error: unknown) => {
        signal.throwIfAborted();
        throw new ApiUnreachable(answer.url, error);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
