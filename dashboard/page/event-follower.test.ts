import { expect, test } from 'vitest';
import { Refused } from './api-client.ts';
import { type Connection, followEvents } from './event-follower.ts';
import { createFrameReader } from './event-frames.ts';

test('reads frames that come in any pieces, and skips beats', () => {
  const read = createFrameReader();
  const text = ': beat\n\nevent: hello\ndata: {"a":1}\n\nid: 7\ndata: {"b":\ndata: 2}\n\n';
  const frames = [...text].flatMap((character) => read(character));
  expect(frames).toEqual([
    { id: null, data: '{"a":1}' },
    { id: 7, data: '{"b":\n2}' },
  ]);
});

const HELLO = 'data: {"kind":"hello","newest":9,"version":"0"}\n\n';

function streamOf(text: string): ReadableStream<Uint8Array> {
  return new Response(text).body ?? new ReadableStream();
}

function follow(answers: (string | Error)[], after = 3) {
  const leave = new AbortController();
  const asked: (number | null)[] = [];
  const waits: number[] = [];
  const connections: Connection[] = [];
  const stale: number[] = [];
  const done = followEvents(
    {
      client: {
        openEvents: async (from) => {
          asked.push(from);
          const answer = answers.shift();
          if (answer === undefined) leave.abort();
          if (typeof answer === 'string') return streamOf(answer);
          throw answer ?? new Error('over');
        },
      },
      now: () => new Date('2026-11-21T14:05:00Z'),
      pause: async (milliseconds) => void waits.push(milliseconds),
      random: () => 0.5,
      silenceMs: 5000,
      onEvent: () => undefined,
      onConnection: (connection) => connections.push(connection),
      onStale: (newest) => stale.push(newest),
    },
    after,
    leave.signal,
  );
  return { done, asked, waits, connections, stale };
}

test('goes on after the last number, and waits twice as long after each failure', async () => {
  const card = 'id: 8\ndata: {"kind":"renamed","conversation":"main","title":"a","at":""}\n\n';
  const run = follow([new Error('away'), new Error('away'), HELLO + card, new Error('away')]);
  await run.done;
  expect(run.asked).toEqual([3, 3, 3, 8, 8]);
  expect(run.waits).toEqual([500, 1000, 500, 1000]);
  expect(run.connections.map(({ kind }) => kind)).toEqual(['lost', 'lost', 'live', 'lost', 'lost']);
});

test('begins anew when Reeve has no such event, and stops when it refuses this browser', async () => {
  const stale = 'data: {"kind":"stale","newest":2,"reason":"another log"}\n\n';
  const run = follow([stale, new Refused(401, 'token-missing', 'Not signed in.')], 50);
  await run.done;
  expect(run.stale).toEqual([2]);
  expect(run.asked).toEqual([50, 2]);
  expect(run.connections).toEqual([{ kind: 'signed-out', words: 'Not signed in.' }]);
});
