import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenForCommands, proxyEnvironment } from './proxy-listener.ts';
import { serveShim } from './server.ts';

const pairSocket = '/run/reeve/pair/sock';
const workDirectory = '/work';
const connectEveryMs = 2;
const connectForMs = 15_000;

/** Connects as soon as the loop listens: the two start side by side, in no order. */
async function connectToLoop(): Promise<Socket> {
  const giveUpAt = performance.now() + connectForMs;
  for (;;) {
    const socket = connect(pairSocket);
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    socket.once('connect', () => resolve(undefined)).once('error', resolve);
    const failure = await promise;
    if (failure === undefined) return socket;
    if (performance.now() > giveUpAt) throw failure;
    await sleep(connectEveryMs);
  }
}

/** kill(-1) reaches every process but init and the caller, in one step that a fork bomb cannot outrun. */
function killOthers(): void {
  try {
    process.kill(-1, 'SIGKILL');
  } catch (error) {
    const nobodyElse = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    if (!nobodyElse) throw error;
  }
}

/** Outside a PID namespace of its own, the shim's kill(-1) would end every process of its user. */
function isInsideSandbox(): boolean {
  return process.ppid === 1 && readFileSync('/proc/1/comm', 'utf8') === 'bwrap\n';
}

if (!isInsideSandbox()) {
  process.stderr.write('The shim runs only as the first process of a sandbox.\n');
  process.exit(2);
}

// Standard input stays open as long as the launcher lives.
process.stdin.on('end', () => process.exit(0)).resume();
const { NODE_COMPILE_CACHE: _, ...environment } = process.env;
const socket = await connectToLoop();
socket.on('error', () => process.exit(1)).on('close', () => process.exit(0));
const { open } = serveShim(socket, {
  workDirectory,
  environment: { ...(environment as Record<string, string>), ...proxyEnvironment },
  killOthers,
  now: () => performance.now(),
});
await listenForCommands(open);
