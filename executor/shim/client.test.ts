import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { awaitShim } from './await-shim.ts';
import { chunkCost } from './byte-stream.ts';
import { createShimClient, type ShimClient } from './client.ts';
import { readFrames } from './frame-socket.ts';
import { chunkBytes, encodeFrame } from './frames.ts';
import type { ToShim } from './protocol.ts';

let directory: string;
let client: ShimClient;
let hostile: Socket;
let heard: ToShim[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reeve-pair-'));
  const server = createServer();
  server.listen(join(directory, 'sock'));
  await once(server, 'listening');
  hostile = connect(join(directory, 'sock'));
  const [accepted]: Socket[] = await once(server, 'connection');
  server.close();
  if (accepted === undefined) throw new Error('no connection');
  client = createShimClient(async () => accepted);
  client.open();
  heard = [];
  readFrames(
    hostile,
    ({ header }) => heard.push(header as ToShim),
    () => undefined,
  );
  hostile.on('error', () => undefined);
});
afterEach(async () => {
  client.close();
  hostile.destroy();
  await rm(directory, { recursive: true });
});

async function nextCall(): Promise<number> {
  await expect.poll(() => heard.find(({ kind }) => kind === 'call'), { interval: 2 }).toBeDefined();
  return heard.find(({ kind }) => kind === 'call')?.id ?? 0;
}

function answer(header: object, payload?: Uint8Array): void {
  hostile.write(encodeFrame(header, payload));
}

/** A frame whose header is written as given. */
function rawFrame(header: string): Buffer {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(4 + header.length, 0);
  lengths.writeUInt32BE(header.length, 4);
  return Buffer.concat([lengths, Buffer.from(header)]);
}

const zeros = { headBytes: 0, tailBytes: 0, totalBytes: 0 };
const ran = { exitCode: 0, signal: null, timedOut: false, durationMs: 1, stdout: zeros, stderr: zeros };

describe('a hostile shim', () => {
  it.each([
    ['says something that is no frame', () => hostile.write(Buffer.alloc(64, 0xff))],
    ['promises a frame of 4 GiB', () => hostile.write(Buffer.from('fffffffe00000002', 'hex'))],
    ['answers a call that nobody made', () => answer({ kind: 'done', id: 99, value: {} })],
    ['uses a kind outside the protocol', (id: number) => answer({ kind: 'task-token', id })],
    [
      'answers with the wrong shape',
      (id: number) => answer({ kind: 'done', id, value: { exitCode: 'zero' } }),
    ],
    [
      'claims output that it does not send',
      (id: number) =>
        answer({
          kind: 'done',
          id,
          value: { ...ran, stdout: { headBytes: 9, tailBytes: 0, totalBytes: 9 } },
        }),
    ],
    [
      'sends output that it does not claim',
      (id: number) => answer({ kind: 'done', id, value: ran }, Buffer.alloc(9)),
    ],
    [
      'sends bytes for a call that brings none',
      (id: number) => answer({ kind: 'data', id }, Buffer.alloc(9)),
    ],
    [
      'blows up a header',
      (id: number) =>
        hostile.write(rawFrame(`{"kind":"progress","id":${id},"channel":"stdout"${' '.repeat(250_000)}}`)),
    ],
    ['hangs up', () => hostile.end()],
  ] as const)('is cut off when it %s', async (_name, act: (id: number) => unknown) => {
    const running = client.run({ command: 'true', timeoutMs: 1000 });
    act(await nextCall());
    await expect(running).rejects.toThrow(/^sandbox lost/);
    expect(await client.gone).toMatchObject({ name: 'ShimGoneError' });
    await expect(client.stat('x')).rejects.toThrow(/^sandbox lost/);
  });

  it('cannot send ahead of a reader that does not read', async () => {
    const reading = client.readStream('f')[Symbol.asyncIterator]();
    const first = reading.next();
    const id = await nextCall();
    const chunk = Buffer.alloc(64 * 1024);
    for (let sent = 0; sent < 6; sent += 1) answer({ kind: 'data', id }, chunk);
    await client.gone;
    await first.catch(() => undefined);
    await expect(reading.next().then(() => reading.next())).rejects.toThrow('more bytes than were granted');
  });

  it('cannot send chunks without bytes', async () => {
    const reading = client.readFile('f', { maxBytes: 100 });
    answer({ kind: 'data', id: await nextCall() });
    await expect(reading).rejects.toThrow(/^sandbox lost/);
  });

  it('cannot have the loop store what it does not read', async () => {
    hostile.pause();
    client.onTunnel((tunnel) => void tunnel.send(Buffer.alloc(60 * 1024)).catch(() => undefined));
    for (let id = 1; id <= 200; id += 1) {
      answer({ kind: 'tunnel', id, step: 'open' });
      answer({ kind: 'tunnel', id, step: 'cut' });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.gone).toMatchObject({ message: expect.stringContaining('does not read') });
  });

  it('cannot send more of a file than was asked for', async () => {
    const reading = client.readFile('f', { maxBytes: 100 });
    answer({ kind: 'data', id: await nextCall() }, Buffer.alloc(101));
    await expect(reading).rejects.toThrow('more bytes than were asked for');
  });

  it.each([
    [
      'more entries than the limit',
      `${JSON.stringify({ path: 'a', kind: 'file', bytes: 1, modifiedAt: 0 })}\n`.repeat(3),
    ],
    ['an entry of no known kind', JSON.stringify({ path: 'a', kind: 'door', bytes: 1, modifiedAt: 0 })],
    ['what is not JSON', 'a\nb'],
  ])('cannot list %s', async (_name, lines) => {
    const listing = client.list('.', { recursive: false, limit: 2 });
    const id = await nextCall();
    answer({ kind: 'data', id }, Buffer.from(lines));
    answer({ kind: 'done', id, value: { count: 3, truncated: false } });
    await expect(listing).rejects.toThrow('a listing of the wrong shape');
  });

  it('that ignores a cancellation is cut off within seconds', async () => {
    const abort = new AbortController();
    const running = client.run({ command: 'sleep 9', timeoutMs: 60_000, signal: abort.signal });
    await nextCall();
    abort.abort();
    await expect(running).rejects.toThrow('a cancelled call did not end');
  });
});

describe('a shim that does its work', () => {
  it('is believed, refusals included', async () => {
    const running = client.run({ command: 'echo hi', timeoutMs: 1000 });
    const stdout = { headBytes: 2, tailBytes: 1, totalBytes: 50 };
    answer({ kind: 'done', id: await nextCall(), value: { ...ran, stdout } }, Buffer.from('hi!'));
    const outcome = await running;
    expect(outcome).toMatchObject({
      kind: 'done',
      value: { exitCode: 0, stdout: { totalBytes: 50, truncated: true } },
    });
    const removing = client.remove('x');
    await expect.poll(() => heard.length).toBe(2);
    answer({ kind: 'refused', id: heard[1]?.id, code: 'not-found', detail: 'gone' });
    expect(await removing).toMatchObject({ kind: 'refused', code: 'not-found' });
  });

  it('is read no faster than its reader wants', async () => {
    const reading = client.readStream('f')[Symbol.asyncIterator]();
    const first = reading.next();
    const id = await nextCall();
    answer({ kind: 'data', id }, Buffer.alloc(chunkBytes));
    await first;
    await expect
      .poll(() => heard.filter(({ kind }) => kind === 'credit'))
      .toEqual([{ kind: 'credit', id, bytes: chunkBytes + chunkCost }]);
    answer({ kind: 'done', id, value: { totalBytes: chunkBytes } });
    expect(await reading.next()).toMatchObject({ done: true });
  });
});

describe('awaitShim', () => {
  it('takes the first connection and leaves no door open', async () => {
    const pairDirectory = await mkdtemp(join(tmpdir(), 'reeve-pair-'));
    const waiting = awaitShim({ pairDirectory, signal: AbortSignal.timeout(2000) });
    const first = connect(join(pairDirectory, 'sock'));
    const accepted = await waiting;
    await expect(once(connect(join(pairDirectory, 'sock')), 'connect')).rejects.toMatchObject({
      code: 'ENOENT',
    });
    first.destroy();
    accepted.destroy();
    await rm(pairDirectory, { recursive: true });
  });

  it('gives up when told', async () => {
    const pairDirectory = await mkdtemp(join(tmpdir(), 'reeve-pair-'));
    await expect(awaitShim({ pairDirectory, signal: AbortSignal.timeout(20) })).rejects.toThrow();
    await rm(pairDirectory, { recursive: true });
  });
});
