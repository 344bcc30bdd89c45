import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { LaunchedExecutor, Launcher, SandboxLimits } from '@reeve/core';
import { createBwrapLauncher } from '@reeve/sandbox';
import { createShimClient, type ShimClient } from '../client.ts';

export interface SandboxedShim {
  readonly client: ShimClient;
  readonly executor: LaunchedExecutor;
}

export interface ShimBench {
  readonly launcher: Launcher;
  /** Holds everything of this bench on the host: state, sockets. */
  readonly directory: string;
  /** A fresh pair whose loop passes bytes through, and a client of its shim. */
  open(): Promise<SandboxedShim>;
  close(): Promise<void>;
}

const limits: SandboxLimits = {
  memoryBytes: 512 * 1024 * 1024,
  scratchBytes: 256 * 1024 * 1024,
  processes: 64,
  cpuPercent: 100,
};

/** Launches real pairs with directories of its own; the client speaks with the shim from the test's own process. */
export async function createShimBench(): Promise<ShimBench> {
  const base = await mkdtemp(join(tmpdir(), 'reeve-shim-'));
  const sockets = join(base, 'sockets');
  await mkdir(sockets);
  const link = await listen(join(sockets, 'link.sock'));
  const gateway = await listen(join(sockets, 'gateway.sock'));
  const launcher = createBwrapLauncher({
    programs: {
      loop: join(import.meta.dirname, 'relay-loop.ts'),
      shim: join(import.meta.dirname, '..', 'main.ts'),
    },
    packages: resolve(import.meta.dirname, '../../../node_modules'),
    nodeBinary: process.execPath,
    linkSocket: join(sockets, 'link.sock'),
    gatewaySocket: join(sockets, 'gateway.sock'),
    stateDir: join(base, 'state'),
    runtimeDir: join(base, 'run'),
  });
  return {
    launcher,
    directory: base,
    async open() {
      const connection = once(link, 'connection');
      const executor = await launcher.launch({ ticket: 'ticket', limits });
      const [socket]: Socket[] = await Promise.race([connection, failOnEnd(executor)]);
      if (socket === undefined) throw new Error('no connection');
      await once(socket, 'data');
      const client = createShimClient(async () => socket);
      client.open();
      return { executor, client };
    },
    async close() {
      await launcher.close();
      link.close();
      gateway.close();
      await rm(base, { recursive: true });
    },
  };
}

async function failOnEnd(executor: LaunchedExecutor): Promise<never> {
  const end = await executor.ended;
  throw new Error(`the pair ended: ${JSON.stringify(end)} ${executor.logs()}`);
}

async function listen(path: string): Promise<Server> {
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  return server;
}
