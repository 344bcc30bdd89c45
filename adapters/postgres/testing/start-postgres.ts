import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import {
  freePort,
  runAsOrdinaryUser,
  runServer,
  type ServerProcess,
  serverOwner,
  untilReady,
} from './run-server.ts';

export interface TestPostgres {
  readonly connectionString: string;
  /** Ends it at once, as a crash would; its data stays. */
  crash(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

const DEBIAN_HOME = '/usr/lib/postgresql';

/** A real Postgres on a loopback port, with a database of its own in a temporary directory. */
export async function startPostgres(): Promise<TestPostgres> {
  const bin = findBinaries();
  const directory = mkdtempSync(join(tmpdir(), 'reeve-postgres-'));
  const owner = serverOwner();
  if (owner !== undefined) chownSync(directory, owner.uid, owner.gid);
  const data = join(directory, 'data');
  runAsOrdinaryUser(join(bin, 'initdb'), [
    '-D',
    data,
    '-U',
    'reeve',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--no-locale',
    '--no-sync',
  ]);
  const port = await freePort();
  const connectionString = `postgres://reeve@127.0.0.1:${port}/postgres`;
  let server: ServerProcess | undefined;

  async function start(): Promise<void> {
    const settings = [
      'listen_addresses=127.0.0.1',
      `port=${port}`,
      `unix_socket_directories=${directory}`,
      'fsync=off',
    ];
    server = runServer(join(bin, 'postgres'), [
      '-D',
      data,
      ...settings.flatMap((setting) => ['-c', setting]),
    ]);
    await untilReady(() => answer(connectionString));
  }

  await start();
  return {
    connectionString,
    start,
    crash: async () => server?.end('SIGQUIT'),
    async stop() {
      await server?.end('SIGQUIT');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function findBinaries(): string {
  const versions = existsSync(DEBIAN_HOME)
    ? readdirSync(DEBIAN_HOME).sort((a, b) => Number(b) - Number(a))
    : [];
  const newest = versions[0];
  if (newest === undefined) throw new Error('no Postgres here: apt-get install postgresql');
  return join(DEBIAN_HOME, newest, 'bin');
}

async function answer(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end();
  }
}
