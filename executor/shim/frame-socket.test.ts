import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createFrameWriter } from './frame-socket.ts';

it('writes that wait for a side that does not read share their listeners', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'reeve-frames-'));
  const server = createServer({ pauseOnConnect: true });
  server.listen(join(directory, 'sock'));
  await once(server, 'listening');
  const socket = connect(join(directory, 'sock'));
  const [other] = await once(server, 'connection');
  const write = createFrameWriter(socket);
  const writes = Array.from({ length: 1000 }, () => write({ kind: 'x' }, Buffer.alloc(4096)));
  await expect.poll(() => socket.writableNeedDrain).toBe(true);
  expect(socket.listenerCount('drain') + socket.listenerCount('close')).toBeLessThan(6);
  other.resume();
  await Promise.all(writes);
  expect(socket.listenerCount('drain')).toBe(0);
  for (const one of [socket, other]) one.destroy();
  server.close();
  await rm(directory, { recursive: true });
});
