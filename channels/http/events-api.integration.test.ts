import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ApiEvent, apiEventSchema } from './events.ts';
import { type FakeHouse, openFakeHouse } from './testing/fake-house.ts';

const NOTICE = { kind: 'notice' } as const;

let house: FakeHouse;
let leave: AbortController;
beforeEach(async () => {
  house = await openFakeHouse({ heartbeatMs: 30 });
  leave = new AbortController();
});
afterEach(async () => {
  leave.abort();
  await house.stop();
});

interface Got {
  readonly id: number | null;
  readonly event: ApiEvent;
}

/** Reads frames of one connection, as the standard says: blank line ends a frame, `:` begins a comment. */
async function* open(query: string, headers: Record<string, string> = {}): AsyncGenerator<Got> {
  const answer = await fetch(`${house.url}/v1/events?${query}`, {
    headers: { authorization: `Bearer ${house.token}`, ...headers },
    signal: leave.signal,
  });
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of answer.body ?? []) {
    const frames = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1];
      const data = field('data');
      if (data === undefined) continue;
      const id = field('id');
      const event = apiEventSchema.parse(JSON.parse(data));
      expect(field('event')).toBe(event.kind);
      yield { id: id === undefined ? null : Number(id), event };
    }
  }
}

async function take(frames: AsyncGenerator<Got>, count: number): Promise<Got[]> {
  const got: Got[] = [];
  for (let left = count; left > 0; left -= 1) {
    const next = await frames.next();
    if (next.done) break;
    got.push(next.value);
  }
  return got;
}

function post(markdown: string, conversation = 'main') {
  return house.deliver({ kind: 'text', markdown }, NOTICE, { conversation });
}

function textOf({ event }: Got): string {
  return event.kind === 'message' ? event.markdown : event.kind;
}

test('messages, cards and drafts arrive as they are described; only what is stored has a number', async () => {
  const frames = open('conversation=main');
  expect(await take(frames, 1)).toMatchObject([{ id: null, event: { kind: 'hello', newest: 0 } }]);
  house.draft('turn-1', 'He');
  await post('Hello\n\ndata: not a field');
  await house.deliver({ kind: 'card', card: { key: 'task:T-1', title: 'T-1', blocks: [] } }, NOTICE);
  expect(await take(frames, 3)).toMatchObject([
    { id: null, event: { kind: 'draft', text: 'He' } },
    { id: 1, event: { kind: 'message', markdown: 'Hello\n\ndata: not a field' } },
    { id: 2, event: { kind: 'card', key: 'task:T-1' } },
  ]);
});

test('a client that comes and goes while messages are delivered gets each exactly once', async () => {
  const wanted = Array.from({ length: 200 }, (_, index) => `message ${index + 1}`);
  const delivering = (async () => {
    for (const text of wanted) {
      await post(text);
      await post('noise', 'other');
      if (Math.random() < 0.3) await sleep(1);
    }
  })();
  const got: string[] = [];
  let last = 0;
  for (let connection = 0; got.length < wanted.length; connection += 1) {
    const frames =
      connection % 2 === 0
        ? open(`conversation=main&after=${last}`)
        : open('conversation=main', { 'last-event-id': String(last) });
    for await (const frame of frames) {
      if (frame.id === null) continue;
      got.push(textOf(frame));
      last = frame.id;
      if (got.length % 7 === 0 || got.length === wanted.length) break;
    }
  }
  await delivering;
  expect(got).toEqual(wanted);
});

test('a number from another log is answered with stale, and the stream ends', async () => {
  await post('a');
  const got = await take(open('conversation=main&after=99'), 9);
  expect(got.map(({ event }) => event)).toMatchObject([{ kind: 'hello' }, { kind: 'stale', newest: 1 }]);
});

test('an idle stream sends comments', async () => {
  const answer = await fetch(`${house.url}/v1/events`, {
    headers: { authorization: `Bearer ${house.token}` },
    signal: leave.signal,
  });
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.split(': beat\n\n').length > 3) break;
  }
  expect(text).toContain(': beat\n\n');
});

/** Opens the stream by hand, so that nothing reads what comes. */
async function openWithoutReading(): Promise<Socket> {
  const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
  socket.write(
    `GET /v1/events?conversation=main HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${house.token}\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once('readable', resolve));
  return socket;
}

test('a reader that does not read neither holds up deliveries nor misses anything when it comes back', async () => {
  const socket = await openWithoutReading();
  const text = 'x'.repeat(20_000);
  const count = 2200;
  for (let number = 1; number <= count; number += 1) await post(`${number} ${text}`);
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  for (let tries = 0; tries < 500 && !received.includes('event: stale'); tries += 1) await sleep(20);
  socket.destroy();
  const had = [...received.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
  expect(received).toContain('this reader was too slow');
  expect(had.length).toBeLessThan(count);
  expect(had).toEqual(had.map((_, index) => index + 1));
  const rest = await take(open(`conversation=main&after=${had.length}`), 1 + count - had.length);
  expect(rest.at(-1)?.id).toBe(count);
});

test('an event stream that breaks inside is logged, and the client resumes', async () => {
  await post('a');
  const frames = open('conversation=main');
  await take(frames, 1);
  await house.stop();
  expect(await take(frames, 1).catch(() => 'broken')).toEqual('broken');
  await post('b');
  await house.resume();
  expect((await take(open('conversation=main&after=1'), 2)).map(textOf)).toEqual(['hello', 'b']);
});
