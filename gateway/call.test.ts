import type { Clock } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { startCall } from './call.ts';

function createCall() {
  const ended: string[] = [];
  const deadline = Promise.withResolvers<void>();
  const clock: Clock = { now: () => new Date(0), sleep: () => deadline.promise };
  const gone = new AbortController();
  const call = startCall({
    meter: {
      answeredBy: () => undefined,
      count: () => undefined,
      usage: () => ({ inputTokens: 1, outputTokens: 1, estimated: true }),
      settle: () => void ended.push('settled'),
      release: () => void ended.push('released'),
    },
    clock,
    deadlineMs: 1000,
    id: 'call',
    gone: [gone.signal],
  });
  return { call, ended, deadline, gone };
}

describe('a call', () => {
  it('gives back what it holds at its deadline, also when nobody reads its answer any further', async () => {
    const { call, ended, deadline } = createCall();
    deadline.resolve();
    await Promise.resolve();
    await Promise.resolve();
    expect(call.signal.reason).toMatchObject({ code: 'model-timeout' });
    expect(ended).toEqual(['settled']);
    call.end('failed');
    expect(ended).toEqual(['settled']);
  });

  it('counts what its provider may have done when its caller goes away', () => {
    const { call, ended, gone } = createCall();
    gone.abort(new Error('gone'));
    call.end('failed');
    expect(ended).toEqual(['settled']);
  });

  it('that its provider refused costs nothing', () => {
    const { call, ended } = createCall();
    call.end('failed');
    expect(ended).toEqual(['released']);
    expect(call.signal.aborted).toBe(true);
  });
});
