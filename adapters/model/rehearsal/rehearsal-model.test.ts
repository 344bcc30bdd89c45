import { setImmediate } from 'node:timers/promises';
import type { ChatRequest, Clock } from '@reeve/core';
import { modelContract } from '@reeve/core/testing';
import { createRehearsalModel } from './rehearsal-model.ts';

const clock: Clock = {
  now: () => new Date('2026-11-21T13:05:00Z'),
  sleep: async (_milliseconds, signal) => {
    await setImmediate();
    signal?.throwIfAborted();
  },
};

function asked(content: string): ChatRequest {
  return {
    role: 'coordinator',
    messages: [{ role: 'user', content }],
    tools: [{ type: 'function', function: { name: 'task_start' } }],
    maxTokens: 1000,
  };
}

modelContract('rehearsal', async () => ({
  model: createRehearsalModel({ clock }),
  talk: asked('hello'),
  work: asked('work 5 seconds'),
  dispose: async () => undefined,
}));
