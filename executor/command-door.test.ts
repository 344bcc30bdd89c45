import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createCommandDoor } from './command-door.ts';
import type { TunnelStream } from './shim/tunnel-streams.ts';

/** A command's connection that says one line and reads what comes back until it is closed. */
function createCaller(line: string): { readonly tunnel: TunnelStream; readonly answer: Promise<string> } {
  const ended = Promise.withResolvers<string>();
  let heard = '';
  const end = (): void => ended.resolve(heard);
  return {
    answer: ended.promise,
    tunnel: {
      received: (async function* () {
        yield Buffer.from(`${line}\r\n\r\n`);
        await ended.promise;
      })(),
      async send(bytes) {
        heard += Buffer.from(bytes).toString();
      },
      end: async () => end(),
      cut: end,
    },
  };
}

it('asks the gateway at a bounded rate, and says so to who comes too often', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'reeve-door-'));
  const socketPath = join(directory, 'gateway.sock');
  let asked = 0;
  const gateway = createServer((socket) => {
    asked += 1;
    socket.on('error', () => undefined).end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  gateway.listen({ path: socketPath, backlog: 511 });
  await once(gateway, 'listening');
  const now = new Date();
  const clock = { now: () => now, sleep: () => delay(1) };
  const door = createCommandDoor({ socketPath, token: () => 't', pushes: { current: () => null }, clock });
  const heads: string[] = [];
  for (let lap = 0; lap < 40; lap += 1) {
    const callers = Array.from({ length: 16 }, () => createCaller('CONNECT a.example.org:443 HTTP/1.1'));
    for (const { tunnel } of callers) door(tunnel);
    for (const { answer } of callers) heads.push((await answer).split('\r\n')[0] ?? '');
  }
  expect(heads.filter((head) => head.includes('429'))).toHaveLength(640 - 550);
  expect(asked).toBe(550);
  gateway.close();
  await rm(directory, { recursive: true });
});
