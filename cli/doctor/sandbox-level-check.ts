import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeSandbox, type SandboxLevel } from '@reeve/core';
import { createBwrapLauncher } from '@reeve/sandbox';
import { EXECUTOR_CODE } from '../executor-code.ts';
import type { Check } from './check.ts';

/** What bounds a worker's commands on this machine, seen from inside a sandbox that is started for the purpose. */
export const sandboxLevelCheck: Check = {
  id: 'sandbox-limits',
  title: 'Limits of workers',
  expected: 'memory, processes and CPU by cgroup, scratch of a fixed size, filtered system calls',
  fix: 'Start Reeve as root, or in a systemd unit with Delegate=yes; accept the weaker limits otherwise.',
  async run() {
    const level = await observe();
    const { limits, seccomp, notes } = level;
    if (level.namespaces.length === 0) return { state: 'failed', observed: notes.join(' ') };
    const summary = describeSandbox(level);
    const strong = limits.memory === 'cgroup' && limits.cpu === 'cgroup' && limits.scratch === 'file-system';
    const observed = [summary, ...notes].join('. ');
    return { state: strong && seccomp ? 'ok' : 'warning', observed };
  },
};

async function observe(): Promise<SandboxLevel> {
  const directory = await mkdtemp(join(tmpdir(), 'reeve-doctor-'));
  const launcher = createBwrapLauncher({
    ...EXECUTOR_CODE,
    nodeBinary: process.execPath,
    linkSocket: join(directory, 'link.sock'),
    gatewaySocket: join(directory, 'gateway.sock'),
    stateDir: join(directory, 'state'),
    runtimeDir: join(directory, 'run'),
  });
  try {
    return await launcher.level();
  } finally {
    await launcher.close();
    await rm(directory, { recursive: true, force: true });
  }
}
