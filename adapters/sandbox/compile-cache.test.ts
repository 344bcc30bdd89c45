import { expect, test, vi } from 'vitest';
import { fillCompileCache } from './compile-cache.ts';
import type { ContainedProcess } from './contained-process.ts';

test('a filling whose walls could not be built leaves no timer behind that holds the process up', async () => {
  vi.useFakeTimers();
  const failed: ContainedProcess = {
    id: undefined,
    started: Promise.reject(new Error('no walls')),
    ended: Promise.resolve({ kind: 'exited', code: 1 }),
    gone: Promise.resolve(),
    stdout: () => '',
    spoken: Promise.resolve(),
    logs: () => '',
    kill: () => undefined,
    tell: () => undefined,
    release: () => undefined,
  };
  const layout = {
    packed: { loop: '/packed/loop', shim: '/packed/shim' },
    packages: '/clone/node_modules',
    nodeBinary: '/node',
    linkSocket: '/run/link',
    gatewaySocket: '/run/gateway',
    environment: {},
    system: [],
    etc: [],
    inherited: [],
    seccomp: undefined,
    compileCache: '/cache',
  };
  const place = { ids: undefined, joinFiles: [], controllers: [] };
  const room = { directories: { pair: '/pair', scratch: '/scratch' }, loop: place, sandbox: place };
  await expect(fillCompileCache(layout, room as never, () => failed)).rejects.toThrow('no walls');
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});
