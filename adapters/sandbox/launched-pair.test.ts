import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { ExecutorEnd } from '@reeve/core';
import { expect, it } from 'vitest';
import type { ContainedProcess } from './contained-process.ts';
import { type LaunchedPair, startPair } from './launched-pair.ts';
import type { PairLayoutOptions } from './pair-layout.ts';
import type { Room } from './rooms.ts';

/** Longer than the first look at scratch takes. */
const AWHILE_MS = 500;

interface FakeProcess extends ContainedProcess {
  readonly speak: () => void;
  isReleased: boolean;
}

function fakeProcess(): FakeProcess {
  const { promise: ended, resolve } = Promise.withResolvers<ExecutorEnd>();
  const spoken = Promise.withResolvers<void>();
  const fake: FakeProcess = {
    id: process.pid,
    started: Promise.resolve(),
    ended,
    gone: ended.then(() => undefined),
    stdout: () => '',
    spoken: spoken.promise,
    speak: spoken.resolve,
    isReleased: false,
    logs: () => '',
    kill: () => resolve({ kind: 'killed', signal: 'SIGKILL' }),
    tell: () => undefined,
    release: () => {
      fake.isReleased = true;
    },
  };
  return fake;
}

function startFakePair(): { pair: LaunchedPair; loop: FakeProcess; sandbox: FakeProcess } {
  const place = { ids: undefined, joinFiles: [], controllers: [] };
  const room: Room = {
    name: 'pair-1',
    directories: { pair: '/nowhere/pair', scratch: '/nowhere/scratch' },
    loop: place,
    sandbox: place,
    [Symbol.asyncDispose]: async () => undefined,
  };
  const [loop, sandbox] = [fakeProcess(), fakeProcess()];
  const starts = [loop, sandbox];
  const pair = startPair({
    limits: { memoryBytes: 1, scratchBytes: 1, processes: 1, cpuPercent: 1 },
    layout: {
      packed: { loop: '', shim: '' },
      packages: '',
      compileCache: '',
      etc: [],
    } as unknown as PairLayoutOptions,
    room,
    start: () => starts.shift() ?? fakeProcess(),
  });
  return { pair, loop, sandbox };
}

it('lets the sandbox run when the loop asks for it, and not before', async () => {
  const { pair, loop, sandbox } = startFakePair();
  pair.begin('a-ticket');
  await setImmediate();
  expect([loop.isReleased, sandbox.isReleased]).toEqual([true, false]);
  loop.speak();
  await setImmediate();
  expect(sandbox.isReleased).toBe(true);
  await pair.executor.kill();
});

it('looks at scratch only once a command may write there', async () => {
  const { pair, loop } = startFakePair();
  pair.begin('a-ticket');
  await sleep(AWHILE_MS);
  expect(pair.isOver()).toBe(false);
  loop.speak();
  await pair.cleaned;
  expect(pair.executor.logs()).toContain('scratch could not be watched');
});
