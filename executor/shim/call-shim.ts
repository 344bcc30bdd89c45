import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';

/**
 * Has the sandbox half begin and resolves with its connection, made to the pair directory: the first one only, before any
 * command runs there; then nobody listens any more and the socket's name is gone. `wake` tells the launcher; a half that
 * runs already finds the way, too. Rejects when `signal` aborts, which is how a caller bounds the wait.
 */
export async function callShim(options: {
  readonly pairDirectory: string;
  readonly wake: () => void;
  readonly signal: AbortSignal;
}): Promise<Socket> {
  const path = join(options.pairDirectory, 'sock');
  const server = createServer();
  server.maxConnections = 1;
  // The sandbox runs as another user; the directory is what keeps everyone else out.
  server.listen({ path, readableAll: true, writableAll: true });
  options.wake();
  try {
    const [socket]: Socket[] = await once(server, 'connection', { signal: options.signal });
    if (socket === undefined) throw new Error('the shim connected without a socket');
    return socket;
  } finally {
    server.close();
    await rm(path, { force: true });
  }
}

/** A launcher lets the sandbox half run at the first word on the loop's standard output. */
export function wakeByLauncher(): void {
  process.stdout.write('sandbox\n');
}
