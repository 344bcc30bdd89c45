import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, runServer, type ServerProcess, serverOwner, untilReady } from './run-server.ts';

export interface TestRedis {
  readonly url: string;
  /** Ends it at once; it keeps nothing, so it comes back empty. */
  crash(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
}

/** A real Redis on a loopback port that keeps nothing on disk. */
export async function startRedis(): Promise<TestRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-redis-'));
  const owner = serverOwner();
  if (owner !== undefined) chownSync(directory, owner.uid, owner.gid);
  const port = await freePort();
  let server: ServerProcess | undefined;

  async function start(): Promise<void> {
    const settings = {
      port,
      bind: '127.0.0.1',
      dir: directory,
      save: '',
      appendonly: 'no',
      'maxmemory-policy': 'noeviction',
    };
    server = runServer(
      'redis-server',
      Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    );
    await untilReady(() => answer(port));
  }

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    crash: async () => server?.end('SIGKILL'),
    async stop() {
      await server?.end('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function answer(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('Redis closed the connection')));
    socket.once('data', () => {
      socket.destroy();
      resolve();
    });
  });
}
