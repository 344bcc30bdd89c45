import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LaunchedExecutor, SandboxLevel, SandboxLimits } from '@reeve/core';
import { createBwrapLauncher } from '@reeve/sandbox';
import { EXECUTOR_CODE } from 'reeve/executor-code';
import { type Asking, openScriptedDoors } from './scripted-doors.ts';

/** Real executor pairs whose doors are the bench's. */
export interface Pairs extends AsyncDisposable {
  readonly level: SandboxLevel;
  /** Starts one; resolves when its loop asks for work. */
  launch(): Promise<{ readonly executor: LaunchedExecutor; readonly asking: Asking }>;
}

/** As `reeve up` sets them. */
const LIMITS: SandboxLimits = {
  memoryBytes: 1024 ** 3,
  scratchBytes: 2 * 1024 ** 3,
  processes: 256,
  cpuPercent: 100,
};

export async function openPairs(): Promise<Pairs> {
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(path.join(tmpdir(), 'reeve-bench-'));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  await mkdir(path.join(directory, 'doors'));
  const sockets = {
    link: path.join(directory, 'doors', 'link.sock'),
    gateway: path.join(directory, 'doors', 'gateway.sock'),
  };
  const doors = opened.use(await openScriptedDoors(sockets));
  const launcher = createBwrapLauncher({
    ...EXECUTOR_CODE,
    nodeBinary: process.execPath,
    linkSocket: sockets.link,
    gatewaySocket: sockets.gateway,
    stateDir: path.join(directory, 'state'),
    runtimeDir: path.join(directory, 'run'),
  });
  opened.defer(() => launcher.close());
  const level = await launcher.level();
  const resources = opened.move();
  return {
    level,
    async launch() {
      const [executor, asking] = await Promise.all([
        launcher.launch({ ticket: 'a-ticket-of-the-bench', limits: LIMITS }),
        doors.next(),
      ]);
      return { executor, asking };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
