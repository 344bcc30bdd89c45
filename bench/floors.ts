import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startChild } from './children.ts';
import { followEvents } from './event-feed.ts';
import type { Floor } from './figure.ts';
import { createLoopback } from './loopback.ts';
import { takeSamples, timed } from './measure.ts';

const SERVER = new URL('./floor/main.ts', import.meta.url);
const BWRAP = '/usr/bin/bwrap';
const ROUND_TRIPS = { warmUp: 50, samples: 200 };
const PROCESS_STARTS = { warmUp: 2, samples: 12 };

/** A POST to a bare Node server in a process of its own, until what it says in its event stream is here. */
export async function measureEventRoundTrip(): Promise<Floor> {
  await using server = await startFloorServer();
  using client = createLoopback({ port: server.port }, '');
  const stream = await client.open('GET', '/v1/events');
  const feed = followEvents(stream, (data) => data);
  const samples = await takeSamples(ROUND_TRIPS, async (index) => {
    const event = feed.next('the echo', (data) => data === String(index));
    const postedAt = performance.now();
    await client.send('POST', '/', String(index));
    return (await event).at - postedAt;
  });
  stream.destroy();
  return { title: 'POST to SSE, bare server', samples };
}

export interface FloorLink extends AsyncDisposable {
  /** An empty POST to a bare Node server in a process of its own over a Unix socket, and its answer. */
  roundTrip(): Promise<void>;
}

export async function openFloorLink(): Promise<FloorLink> {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await startFloorServer());
  const client = opened.use(createLoopback({ socketPath: server.socketPath }, ''));
  const resources = opened.move();
  return {
    async roundTrip() {
      await client.send('POST', '/');
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** `node -e 0`, from its start to its end. */
export async function measureNodeStart(): Promise<Floor> {
  const samples = await takeSamples(PROCESS_STARTS, () =>
    timed(() => runToEnd(process.execPath, ['-e', '0'])),
  );
  return { title: 'bare node start', samples };
}

/** `/bin/true`, from its start to its end. */
export async function measureTrueStart(): Promise<Floor> {
  const samples = await takeSamples(PROCESS_STARTS, () => timed(() => runToEnd('/bin/true', [])));
  return { title: 'spawn of /bin/true', samples };
}

/** bubblewrap with every namespace round `true`, from its start to its end; null where there is none. */
export async function measureBwrapStart(): Promise<Floor | null> {
  if (!existsSync(BWRAP)) return null;
  const walls = ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '/bin/true'];
  const samples = await takeSamples(PROCESS_STARTS, () => timed(() => runToEnd(BWRAP, walls)));
  return { title: 'bare bwrap start', samples };
}

/**
 * Runs a command to its end.
 *
 * @throws {Error} with what it printed when it fails.
 */
export async function runToEnd(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${output}`);
  return output;
}

export interface FloorServer extends AsyncDisposable {
  readonly port: number;
  readonly socketPath: string;
}

/** A bare Node server in a process of its own, which answers any POST with `{}`. */
export async function startFloorServer(): Promise<FloorServer> {
  const directory = await mkdtemp(path.join(tmpdir(), 'reeve-bench-'));
  const socketPath = path.join(directory, 'floor.sock');
  const server = await startChild(SERVER, [socketPath]);
  return {
    port: Number(server.firstLine),
    socketPath,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
