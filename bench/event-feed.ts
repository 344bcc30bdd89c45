import type { IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';

export interface Seen<Event> {
  readonly event: Event;
  /** When its bytes arrived, on the clock of `performance.now()`. */
  readonly at: number;
}

export interface EventFeed<Event> {
  /**
   * The first event from now on that matches; call it before what causes the event. Rejects when none comes in
   * time.
   */
  next(what: string, matches: (event: Event) => boolean): Promise<Seen<Event>>;
}

const LIMIT_MS = 60_000;

interface Waiter<Event> {
  offer(seen: Seen<Event>): void;
  fail(reason: string): void;
}

/** Reads a stream of server-sent events and stamps each with its time of arrival. */
export function followEvents<Event>(
  response: IncomingMessage,
  parse: (data: string) => Event,
): EventFeed<Event> {
  const waiting = new Set<Waiter<Event>>();
  let arrivedAt = 0;
  const parser = createParser({
    onEvent({ data }) {
      const seen = { event: parse(data), at: arrivedAt };
      for (const waiter of waiting) waiter.offer(seen);
    },
  });
  response.setEncoding('utf8').on('data', (chunk: string) => {
    arrivedAt = performance.now();
    parser.feed(chunk);
  });
  response.on('close', () => {
    for (const waiter of waiting) waiter.fail('did not come before the stream ended');
  });
  return {
    next(what, matches) {
      const { promise, resolve, reject } = Promise.withResolvers<Seen<Event>>();
      // Whoever waits may have failed before it came to await this; that failure is the one to report.
      promise.catch(() => undefined);
      const timer = setTimeout(() => waiter.fail(`did not come within ${LIMIT_MS / 1000} s`), LIMIT_MS);
      const settle = (end: () => void) => {
        clearTimeout(timer);
        waiting.delete(waiter);
        end();
      };
      const waiter: Waiter<Event> = {
        offer(seen) {
          if (matches(seen.event)) settle(() => resolve(seen));
        },
        fail(reason) {
          settle(() => reject(new Error(`${what} ${reason}`)));
        },
      };
      waiting.add(waiter);
      return promise;
    },
  };
}
