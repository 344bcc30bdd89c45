import { type ChatChunk, type Model, ModelError } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { estateForEach } from './testing/estates.ts';
import { lastWords, roundResults } from './testing/fixed-model.ts';
import type { Estate, House } from './testing/house.ts';
import { until } from './testing/until.ts';

let estate: Estate;
estateForEach('early', (fresh) => {
  estate = fresh;
});

const END = { kind: 'end', reason: 'tool-calls', usage: null, model: 'slow' } as const;

/** Names as many tasks as it is told to, and gives their arguments only when the gate opens. */
function slowlyStarting(gate: Promise<void>): Model {
  return {
    async *stream(request): AsyncGenerator<ChatChunk> {
      if (roundResults(request).length > 0) {
        yield { kind: 'text', text: 'On it.' };
        yield { ...END, reason: 'stop' };
        return;
      }
      const count = Number(lastWords(request));
      for (let index = 0; index < count; index += 1) {
        yield { kind: 'tool-call', index, id: `c${index}`, name: 'task_' };
        yield { kind: 'tool-call', index, name: 'start', arguments: '{"title":' };
      }
      await gate;
      for (let index = 0; index < count; index += 1)
        yield { kind: 'tool-call', index, arguments: `"task ${index}","goal":"do it"}` };
      yield END;
    },
  };
}

function open(gate: Promise<void>, parallelTasks = 5): Promise<House> {
  return estate.open({ model: slowlyStarting(gate), settings: { warmExecutors: 0, parallelTasks } });
}

async function livingSettled(house: House): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 200));
  return house.launcher.living.size;
}

describe('an executor for a task that the model begins to start', () => {
  it('starts with the call’s name, and is the one that does the task', async () => {
    const gate = Promise.withResolvers<void>();
    const house = await open(gate.promise);
    await house.say('1');
    await until(() => house.launcher.living.size === 1, 'the executor');
    expect(await estate.store.tasks.live()).toEqual([]);
    gate.resolve();
    await estate.reaches('T-1', 'succeeded');
    expect(house.launcher.launches).toBe(1);
  });

  it('is one for each call, and none beyond the owner’s limit', async () => {
    const gate = Promise.withResolvers<void>();
    const house = await open(gate.promise, 2);
    await house.say('3');
    await until(() => house.launcher.living.size === 2, 'the executors');
    expect(await livingSettled(house)).toBe(2);
    gate.resolve();
    for (const id of ['T-1', 'T-2', 'T-3'] as const) await estate.reaches(id, 'succeeded');
    expect(house.launcher.launches).toBe(3);
  });

  it('is ended after a while when the answer breaks off and no task comes', async () => {
    const gate = Promise.withResolvers<void>();
    const house = await open(gate.promise);
    await house.say('1');
    await until(() => house.launcher.living.size === 1, 'the executor');
    gate.reject(new ModelError('model-cut-off', 'cut off', { retryable: false }));
    await until(() => house.channel.texts().length === 1, 'the answer');
    expect(await livingSettled(house)).toBe(1);
    estate.clock.jump(31_000);
    await until(() => house.launcher.living.size === 0, 'its end');
    expect(house.launcher.launches).toBe(1);
  });
});
