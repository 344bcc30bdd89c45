import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createEventStream, type Subscriber } from './event-stream.ts';
import type { ApiEvent } from './events.ts';
import { createMemoryEventLog } from './testing/memory-event-log.ts';

const AT = new Date('2026-11-21T12:00:00.000Z');

function message(id: string, conversation = 'main'): ApiEvent {
  return {
    kind: 'message',
    id,
    conversation,
    markdown: id,
    about: { kind: 'notice' },
    replyTo: null,
    possibleDuplicate: false,
    at: AT.toISOString(),
  };
}

function publication(id: string, conversation = 'main') {
  return {
    deliveryId: id,
    conversationId: `conversation-${conversation}`,
    body: message(id, conversation),
    at: AT,
  };
}

/** What a subscriber gets until an event with this id, or until its stream ends. */
async function readUntil({ frames }: Subscriber, last: string): Promise<string[]> {
  const got: string[] = [];
  for await (const { event } of frames) {
    got.push(event.kind === 'message' ? event.id : event.kind);
    if (event.kind === 'message' && event.id === last) break;
  }
  return got;
}

/** A subscriber that is past its greeting and the log, and waits for what comes. */
async function listen(stream: ReturnType<typeof createEventStream>): Promise<Subscriber> {
  const { frames, close } = await subscribe(stream, null);
  const iterator = frames[Symbol.asyncIterator]();
  await iterator.next();
  const first = iterator.next();
  await sleep(1);
  await stream.publish(publication('first'));
  await first;
  return { frames: { [Symbol.asyncIterator]: () => iterator }, close };
}

function subscribe(
  stream: ReturnType<typeof createEventStream>,
  after: number | null,
  conversation = 'main',
) {
  return stream.subscribe({ conversation, own: false, after, version: '0.0.0' });
}

test('without a number only what comes next arrives, after a greeting', async () => {
  const stream = createEventStream({ log: createMemoryEventLog() });
  await stream.publish(publication('before'));
  const subscriber = await subscribe(stream, null);
  await stream.publish(publication('after'));
  expect(await readUntil(subscriber, 'after')).toEqual(['hello', 'after']);
});

test('readers that join at any moment of a busy log miss nothing and get nothing twice', async () => {
  let turn = 0;
  // Answers of the log take turns at being slow, so that publishing overtakes reading.
  const log = createMemoryEventLog(() => {
    turn += 1;
    return turn % 3 === 0 ? sleep(turn % 4) : Promise.resolve();
  });
  const stream = createEventStream({ log });
  const ids = Array.from({ length: 120 }, (_, index) => `m${index + 1}`);
  const reading: Promise<string[]>[] = [];
  for (const [index, id] of ids.entries()) {
    void stream.publish(publication(id));
    if (index % 10 === 5) reading.push(subscribe(stream, 0).then((reader) => readUntil(reader, 'm120')));
    if (index % 7 === 0) await sleep(1);
  }
  for (const got of await Promise.all(reading)) expect(got).toEqual(['hello', ...ids]);
});

test('a delivery that is repeated under its id arrives once', async () => {
  const stream = createEventStream({ log: createMemoryEventLog() });
  const subscriber = await subscribe(stream, null);
  for (const id of ['a', 'b', 'a', 'c']) await stream.publish(publication(id));
  expect(await readUntil(subscriber, 'c')).toEqual(['hello', 'a', 'b', 'c']);
});

test('a delivery whose storing seemed to fail reaches those who listen when it is repeated', async () => {
  const log = createMemoryEventLog();
  let isBroken = true;
  const stream = createEventStream({
    log: {
      ...log,
      async append(event) {
        const number = await log.append(event);
        if (event.deliveryId === 'a' && isBroken) throw new Error('the answer was lost');
        return number;
      },
    },
  });
  const subscriber = await listen(stream);
  await expect(stream.publish(publication('a'))).rejects.toThrow('lost');
  await stream.publish(publication('b'));
  isBroken = false;
  await stream.publish(publication('a'));
  await stream.publish(publication('c'));
  expect(await readUntil(subscriber, 'c')).toEqual(['b', 'a', 'c']);
});

test('a conversation’s reader gets nothing of another one', async () => {
  const stream = createEventStream({ log: createMemoryEventLog() });
  await stream.publish(publication('old other', 'other'));
  await stream.publish(publication('old main'));
  const subscriber = await subscribe(stream, 0);
  await stream.publish(publication('new other', 'other'));
  await stream.publish(publication('new main'));
  expect(await readUntil(subscriber, 'new main')).toEqual(['hello', 'old main', 'new main']);
});

test('a number that the log does not have is told as stale', async () => {
  const stream = createEventStream({ log: createMemoryEventLog() });
  await stream.publish(publication('a'));
  expect(await readUntil(await subscribe(stream, 7), 'never')).toEqual(['hello', 'stale']);
});

test('of a growing answer a slow reader gets the newest text only', async () => {
  const stream = createEventStream({ log: createMemoryEventLog() });
  const subscriber = await listen(stream);
  for (const text of ['a', 'ab', 'abc'])
    stream.publishDraft({ kind: 'draft', conversation: 'main', turnId: 'turn-1', text });
  await stream.publish(publication('end'));
  const drafts: string[] = [];
  for await (const { event } of subscriber.frames) {
    if (event.kind === 'draft') drafts.push(event.text);
    if (event.kind === 'message') break;
  }
  expect(drafts).toEqual(['abc']);
});

test('a reader that does not read is dropped, and finds the rest in the log', async () => {
  const stream = createEventStream({ log: createMemoryEventLog() });
  const slow = await listen(stream);
  const ids = Array.from({ length: 1100 }, (_, index) => `m${index + 1}`);
  for (const id of ids) await stream.publish(publication(id));
  const got = await readUntil(slow, 'never');
  expect(got.at(-1)).toBe('stale');
  const had = got.slice(0, -1);
  expect(had.length).toBeLessThan(ids.length);
  const rest = await readUntil(await subscribe(stream, 1 + had.length), 'm1100');
  expect([...had, ...rest.slice(1)]).toEqual(ids);
});
