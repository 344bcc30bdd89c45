import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Debian's unprivileged user: Postgres refuses to run as root. */
const NOBODY = 65534;
const READY_WITHIN_MS = 90_000;

export interface ServerProcess {
  readonly child: ChildProcess;
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** Runs a server that ends with this process, as an ordinary user. */
export function runServer(command: string, args: readonly string[]): ServerProcess {
  const child = spawn('setpriv', [...ordinaryUser(), '--pdeathsig', 'KILL', command, ...args], {
    stdio: 'ignore',
    cwd: '/',
  });
  const ended = once(child, 'exit');
  return {
    child,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await ended;
    },
  };
}

/** Runs a command to its end as an ordinary user; throws with its stderr when it fails. */
export function runAsOrdinaryUser(command: string, args: readonly string[]): void {
  execFileSync('setpriv', [...ordinaryUser(), command, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: '/',
  });
}

/** The user and group that a server's directory must belong to. */
export function serverOwner(): { readonly uid: number; readonly gid: number } | undefined {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined;
}

/** Tries until it works, at most 90 s. */
export async function untilReady(attempt: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(25);
    }
  }
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function ordinaryUser(): readonly string[] {
  const owner = serverOwner();
  return owner === undefined ? [] : [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'];
}
