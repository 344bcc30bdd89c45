import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';

/**
 * Listens in the pair directory and resolves with the sandbox's connection: the first one only, made before any
 * command runs there; then nobody listens any more and the socket's name is gone. Rejects when `signal` aborts, which
 * is how a caller bounds the wait.
 */
export async function awaitShim(options: {
  readonly pairDirectory: string;
  readonly signal: AbortSignal;
}): Promise<Socket> {
  const path = join(options.pairDirectory, 'sock');
  const server = createServer();
  server.maxConnections = 1;
  // The sandbox runs as another user; the directory is what keeps everyone else out.
  server.listen({ path, readableAll: true, writableAll: true });
  try {
    const [socket]: Socket[] = await once(server, 'connection', { signal: options.signal });
    if (socket === undefined) throw new Error('the shim connected without a socket');
    return socket;
  } finally {
    server.close();
    await rm(path, { force: true });
  }
}
