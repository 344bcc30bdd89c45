import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutorEnd } from '@reeve/core';
import { expect, it } from 'vitest';
import type { ContainedProcess } from './contained-process.ts';
import { startPair } from './launched-pair.ts';
import type { PairLayoutOptions } from './pair-layout.ts';
import type { Room } from './rooms.ts';

/** Longer than the first look at scratch takes. */
const AWHILE_MS = 500;

function fakeProcess(): ContainedProcess {
  const { promise: ended, resolve } = Promise.withResolvers<ExecutorEnd>();
  return {
    id: process.pid,
    started: Promise.resolve(),
    ended,
    gone: ended.then(() => undefined),
    stdout: () => '',
    logs: () => '',
    kill: () => resolve({ kind: 'killed', signal: 'SIGKILL' }),
    tell: () => undefined,
    release: () => undefined,
  };
}

it('looks at scratch only once a command may write there', async () => {
  const place = { ids: undefined, joinFiles: [], controllers: [] };
  const room: Room = {
    name: 'pair-1',
    directories: { pair: '/nowhere/pair', scratch: '/nowhere/scratch' },
    loop: place,
    sandbox: place,
    [Symbol.asyncDispose]: async () => undefined,
  };
  const pair = startPair({
    limits: { memoryBytes: 1, scratchBytes: 1, processes: 1, cpuPercent: 1 },
    layout: {
      packed: { loop: '', shim: '' },
      packages: '',
      compileCache: '',
      etc: [],
    } as unknown as PairLayoutOptions,
    room,
    start: fakeProcess,
  });
  await sleep(AWHILE_MS);
  expect(pair.isOver()).toBe(false);
  pair.begin('a-ticket');
  await pair.cleaned;
  expect(pair.executor.logs()).toContain('scratch could not be watched');
});
