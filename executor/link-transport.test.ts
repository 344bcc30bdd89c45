import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLinkTransport } from './link-transport.ts';

it('an upload that waits for the other side again and again leaves no listener behind', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'reeve-link-'));
  const socketPath = join(directory, 'link.sock');
  const server = createServer((incoming, outgoing) => {
    incoming.resume().on('end', () => outgoing.end('{}'));
  });
  server.listen(socketPath);
  await once(server, 'listening');
  const warned: string[] = [];
  const warn = ({ message }: Error): void => void warned.push(message);
  process.on('warning', warn);
  async function* content(): AsyncGenerator<Uint8Array> {
    for (let sent = 0; sent < 64; sent += 1) yield new Uint8Array(1024 * 1024);
  }
  const { send } = createLinkTransport(socketPath);
  const response = await send({ method: 'PUT', path: '/scratch', body: content() });
  response.resume();
  await once(response, 'end');
  process.off('warning', warn);
  expect(warned).toEqual([]);
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true });
});
