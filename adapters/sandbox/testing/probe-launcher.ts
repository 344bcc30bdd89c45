import { once } from 'node:events';
import { chmod, mkdir } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import type { LaunchedExecutor, Launcher, SandboxLimits } from '@reeve/core';
import { type BwrapLauncherOptions, createBwrapLauncher } from '../bwrap-launcher.ts';
import { type ProbeAnswer, type ProbeRequest, readLines, writeLine } from './line-requests.ts';

export const testLimits: SandboxLimits = {
  memoryBytes: 512 * 1024 * 1024,
  scratchBytes: 64 * 1024 * 1024,
  processes: 64,
  cpuPercent: 100,
};

export interface ProbedPair {
  readonly executor: LaunchedExecutor;
  readonly firstLine: unknown;
  /** Runs the body of an async function in one of the two; rejects with the error's code or text. */
  probe(where: ProbeRequest['where'], code: string): Promise<unknown>;
}

export interface ProbeLauncher {
  readonly launcher: Launcher;
  launch(ticket: string): Promise<ProbedPair>;
  close(): Promise<void>;
}

const packages = resolve(import.meta.dirname, '../../../node_modules');

/** A launcher whose loop and sandbox are the probes, with its sockets and directories below `base`. */
export async function createProbeLauncher(
  base: string,
  options: Partial<BwrapLauncherOptions> = {},
): Promise<ProbeLauncher> {
  const sockets = join(base, 'sockets');
  await mkdir(sockets, { recursive: true });
  const link = await listen(join(sockets, 'link.sock'));
  const gateway = await listen(join(sockets, 'gateway.sock'));
  const launcher = createBwrapLauncher({
    programs: {
      loop: join(import.meta.dirname, 'probe-loop.ts'),
      shim: join(import.meta.dirname, 'probe-sandbox.ts'),
    },
    packages,
    nodeBinary: process.execPath,
    linkSocket: join(sockets, 'link.sock'),
    gatewaySocket: join(sockets, 'gateway.sock'),
    stateDir: join(base, 'state'),
    runtimeDir: join(base, 'run'),
    ...options,
  });
  return {
    launcher,
    async launch(ticket) {
      const connection = once(link, 'connection');
      const executor = await launcher.launch({ ticket, limits: testLimits });
      const [socket]: Socket[] = await Promise.race([connection, failOnEnd(executor)]);
      if (socket === undefined) throw new Error('no connection');
      return speakWith(executor, socket);
    },
    async close() {
      await launcher.close();
      link.close();
      gateway.close();
    },
  };
}

async function failOnEnd(executor: LaunchedExecutor): Promise<never> {
  const end = await executor.ended;
  throw new Error(`the pair ended: ${JSON.stringify(end)} ${executor.logs()}`);
}

async function speakWith(executor: LaunchedExecutor, socket: Socket): Promise<ProbedPair> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const firstLine = Promise.withResolvers<unknown>();
  let lastId = 0;
  readLines<ProbeAnswer>(socket, (answer) => {
    const asked = waiting.get(answer.id);
    if (asked === undefined) firstLine.resolve(answer);
    else if ('error' in answer) asked.reject(new Error(answer.error));
    else asked.resolve(answer.value);
  });
  socket.on('error', () => socket.destroy());
  return {
    executor,
    firstLine: await firstLine.promise,
    probe(where, code) {
      lastId += 1;
      const asked = Promise.withResolvers<unknown>();
      waiting.set(lastId, asked);
      writeLine(socket, { id: lastId, where, code } satisfies ProbeRequest);
      return asked.promise;
    },
  };
}

async function listen(path: string): Promise<Server> {
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  await chmod(path, 0o600);
  return server;
}
