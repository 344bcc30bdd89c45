import { setTimeout as delay } from 'node:timers/promises';
import type { Assignment, ChatChunk, StepBody } from '@reeve/core';
import { createScriptedModel, type ScriptedCall, sampleAssignment } from '@reeve/core/testing';
import { describe, expect, it } from 'vitest';
import { EXECUTOR_EXIT, execute } from './execute.ts';
import { takeUpHands } from './hands.ts';
import { createFakeHouse, createFakeSandbox } from './testing/fake-house.ts';

const END = {
  kind: 'end',
  reason: 'stop',
  usage: { inputTokens: 1, outputTokens: 1, estimated: false },
  model: 'scripted',
} as const;
const DONE: readonly ChatChunk[] = [{ kind: 'text', text: 'Done.' }, END];
const clock = { now: () => new Date(), sleep: (milliseconds: number) => delay(milliseconds) };

/** The order in which the model was asked and the hands were taken up. */
async function orderOf(script: readonly ScriptedCall[], assignment: Assignment = sampleAssignment()) {
  const order: string[] = [];
  const house = createFakeHouse(assignment);
  const { shim } = createFakeSandbox();
  const model = createScriptedModel(
    script.map((call) => (request) => {
      order.push('model');
      return typeof call === 'function' ? call(request) : call;
    }),
  );
  const running = execute({
    assignment,
    link: house.link,
    createModel: () => model,
    async takeUpHands(task) {
      order.push('hands');
      const doors = { gatewaySocket: '/nowhere', scratchLimitBytes: 1e6 };
      return takeUpHands({ ...task, ...doors, assignment, link: house.link, shim, clock });
    },
    clock,
  });
  return { code: await running.catch((error: unknown) => error), order, house };
}

describe('the hands of a task', () => {
  it('are not taken up for a model that answers in words at once', async () => {
    expect(await orderOf([DONE])).toMatchObject({ code: EXECUTOR_EXIT.done, order: ['model'] });
  });

  it('are taken up while the model thinks, once', async () => {
    const thinking = [{ kind: 'wait', milliseconds: 200 } as const, ...DONE];
    expect(await orderOf([thinking])).toMatchObject({ order: ['model', 'hands'] });
  });

  it('are taken up first where an earlier attempt left something to do', async () => {
    const call = { id: 'x', type: 'function', function: { name: 'clock', arguments: '{}' } } as const;
    const body: StepBody = { kind: 'model', text: '', toolCalls: [call], usage: null, model: 'scripted' };
    const steps = [{ seq: 1, attempt: 1, at: '2026-11-20T10:00:00.000Z', body }];
    const { order, house } = await orderOf([DONE], sampleAssignment({ attempt: 2, steps }));
    expect(order).toEqual(['hands', 'model']);
    expect(house.steps.map((step) => step.body.kind)).toEqual(['model', 'intent', 'result', 'model']);
  });

  it('that cannot be taken up end the executor, which then has said nothing of its task', async () => {
    const assignment = sampleAssignment();
    const house = createFakeHouse(assignment);
    const running = execute({
      assignment,
      link: house.link,
      createModel: () => createScriptedModel([[{ kind: 'hang' }]]),
      takeUpHands: () => Promise.reject(new Error('no such module')),
      clock,
    });
    await expect(running).rejects.toThrow('no such module');
    expect(house.finished).toEqual([]);
  });
});
