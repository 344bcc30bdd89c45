import type { EventLog } from '@reeve/core';
import type { ApiEvent } from './events.ts';

/** One SSE frame. */
export interface Frame {
  readonly id: number | null;
  readonly event: ApiEvent;
}

export interface Publication {
  readonly deliveryId: string;
  readonly conversationId: string;
  readonly body: ApiEvent;
  readonly at: Date;
}

/** Which events a client wants. */
export interface Interest {
  /** Null for every conversation. */
  readonly conversation: string | null;
  /** Also what people said, and titles. */
  readonly own: boolean;
}

export interface Subscriber {
  /** Frames in order; ends when the subscriber is dropped or closed. */
  readonly frames: AsyncIterable<Frame>;
  close(): void;
}

export interface EventStream {
  /** Stores a delivery and sends it to everyone who listens. */
  publish(publication: Publication): Promise<number>;
  /** Sends a draft to everyone who listens to its conversation; a slow reader gets the newest only. */
  publishDraft(event: Extract<ApiEvent, { kind: 'draft' }>): void;
  /** Everything after a number, then what comes, without a gap or a repeat. */
  subscribe(options: Interest & { after: number | null; version: string }): Promise<Subscriber>;
  closeAll(): void;
}

/** Stored events that wait for one reader; beyond that it is told that it is stale and dropped. */
const BUFFER_LIMIT = 1000;
const PAGE = 500;
/** Far more than are ever on their way at once. */
const REMEMBERED_NUMBERS = 10_000;

interface Reader {
  readonly interest: Interest;
  push(frame: Frame): void;
  pushDraft(frame: Frame, key: string): void;
  close(): void;
}

/**
 * Fans events out to the connected clients. A client that was away is brought up to date from the log: the reader is
 * registered before the log is read, and what it then gets twice is dropped by number.
 */
export function createEventStream(deps: { log: EventLog }): EventStream {
  const readers = new Set<Reader>();
  let last: Promise<unknown> = Promise.resolve();

  async function publishNext({ deliveryId, conversationId, body, at }: Publication): Promise<number> {
    const entry = { deliveryId, conversationId, body: JSON.stringify(body), at, ...placeOf(body) };
    const number = await deps.log.append(entry);
    for (const reader of readers)
      if (concerns(reader.interest, body)) reader.push({ id: number, event: body });
    return number;
  }

  return {
    publish(publication) {
      // One after the other: a number is seen by readers only when every smaller one is.
      const published = last.then(() => publishNext(publication));
      last = published.catch(() => undefined);
      return published;
    },
    publishDraft(event) {
      for (const reader of readers)
        if (concerns(reader.interest, event)) reader.pushDraft({ id: null, event }, event.turnId);
    },
    async subscribe({ conversation, own, after, version }) {
      const reader = createReader({ conversation, own });
      readers.add(reader);
      const close = () => {
        readers.delete(reader);
        reader.close();
      };
      const newest = await deps.log.newest();
      const start = after === null ? newest : after;
      const frames = follow({ log: deps.log, reader, start, newest, version });
      return { frames: closing(frames, close), close };
    },
    closeAll() {
      for (const reader of readers) reader.close();
    },
  };
}

/** What the log keeps beside an event's body. */
function placeOf(event: ApiEvent): { key?: string; words?: string; isAside?: boolean } {
  switch (event.kind) {
    case 'message':
      return { words: event.markdown };
    case 'said':
      return { words: event.text };
    case 'card':
      return { key: event.key };
    case 'renamed':
      return { key: 'title', words: event.title, isAside: true };
    case 'draft':
    case 'hello':
    case 'stale':
      return { isAside: true };
  }
}

function concerns({ conversation, own }: Interest, event: ApiEvent): boolean {
  if (!own && (event.kind === 'said' || event.kind === 'renamed')) return false;
  return conversation === null || !('conversation' in event) || event.conversation === conversation;
}

async function* closing(frames: AsyncIterable<Frame>, close: () => void): AsyncGenerator<Frame> {
  try {
    yield* frames;
  } finally {
    close();
  }
}

async function* follow(options: {
  log: EventLog;
  reader: BufferedReader;
  start: number;
  newest: number;
  version: string;
}): AsyncGenerator<Frame> {
  const { log, reader, start, newest, version } = options;
  yield { id: null, event: { kind: 'hello', newest, version } };
  if (start > newest) {
    yield {
      id: null,
      event: { kind: 'stale', newest, reason: 'the wanted event is newer than any there is' },
    };
    return;
  }
  const seen = createSeenNumbers(start);
  let last = start;
  for (;;) {
    const page = await log.after(last, null, PAGE);
    for (const { number, body } of page) {
      last = number;
      seen.add(number);
      const event = JSON.parse(body) as ApiEvent;
      if (concerns(reader.interest, event)) yield { id: number, event };
    }
    if (page.length < PAGE) break;
  }
  for await (const frame of reader.frames()) {
    if (frame.id !== null && !seen.add(frame.id)) continue;
    yield frame;
  }
  if (reader.overflowed())
    yield {
      id: null,
      event: { kind: 'stale', newest: await log.newest(), reason: 'this reader was too slow' },
    };
}

/**
 * The numbers that a reader has had. Not just the greatest: a delivery that is repeated because its fate was unknown
 * keeps its number, and comes late to readers that did not get it.
 */
function createSeenNumbers(start: number): { add(number: number): boolean } {
  const numbers = new Set<number>();
  return {
    /** False when it was had before. */
    add(number) {
      if (number <= start || numbers.has(number)) return false;
      numbers.add(number);
      const [oldest] = numbers;
      if (numbers.size > REMEMBERED_NUMBERS && oldest !== undefined) numbers.delete(oldest);
      return true;
    },
  };
}

interface BufferedReader extends Reader {
  frames(): AsyncIterable<Frame>;
  overflowed(): boolean;
}

function createReader(interest: Interest): BufferedReader {
  const buffer: { frame: Frame; draftKey: string | null }[] = [];
  let wake: (() => void) | null = null;
  let isClosed = false;
  let hasOverflowed = false;
  const stop = () => {
    isClosed = true;
    wake?.();
  };
  const add = (frame: Frame, draftKey: string | null) => {
    if (isClosed) return;
    if (buffer.length >= BUFFER_LIMIT) {
      hasOverflowed = true;
      return stop();
    }
    buffer.push({ frame, draftKey });
    wake?.();
  };
  return {
    interest,
    push: (frame) => add(frame, null),
    pushDraft(frame, key) {
      const waiting = buffer.findIndex((item) => item.draftKey === key);
      if (waiting >= 0) buffer[waiting] = { frame, draftKey: key };
      else add(frame, key);
    },
    close: stop,
    overflowed: () => hasOverflowed,
    async *frames() {
      for (;;) {
        const next = buffer.shift();
        if (next) {
          yield next.frame;
          continue;
        }
        if (isClosed) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = null;
      }
    },
  };
}
