import { setTimeout as delay } from 'node:timers/promises';
import type { Assignment, ChatChunk, Clock, Step, StepBody } from '@reeve/core';
import {
  createScriptedModel,
  type ScriptedCall,
  type ScriptedModel,
  sampleAssignment,
} from '@reeve/core/testing';
import { execute } from '../execute.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { takeUpHands } from '../hands.ts';
import { createFakeHouse, createFakeSandbox, type FakeHouse, type FakeSandbox } from './fake-house.ts';

const clock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) =>
    delay(Math.min(milliseconds, 5), undefined, { ref: false, ...(signal ? { signal } : {}) }),
};

const END: ChatChunk = {
  kind: 'end',
  reason: 'stop',
  usage: { inputTokens: 10, outputTokens: 2, estimated: false },
  model: 'scripted',
};

export function says(text: string): ScriptedCall {
  return [{ kind: 'text', text }, END];
}

export function calls(...wanted: readonly [name: string, args: unknown, id?: string][]): ScriptedCall {
  const pieces = wanted.map(
    ([name, args, id], index): ChatChunk => ({
      kind: 'tool-call',
      index,
      id: id ?? `call-${index}`,
      name,
      arguments: typeof args === 'string' ? args : JSON.stringify(args),
    }),
  );
  return [...pieces, { ...END, reason: 'tool-calls' } as ChatChunk];
}

export const closedGateway: GatewayClient = {
  fetch: async () => ({ kind: 'refused', reason: 'closed in this test' }),
  search: async () => ({ kind: 'refused', reason: 'closed in this test' }),
};

interface Played {
  readonly code: number;
  readonly house: FakeHouse;
  readonly sandbox: FakeSandbox;
  readonly model: ScriptedModel;
}

export async function play(
  script: readonly ScriptedCall[],
  options: {
    assignment?: Assignment;
    sandbox?: FakeSandbox;
    gateway?: GatewayClient;
    prepare?: (house: FakeHouse) => void;
  } = {},
): Promise<Played> {
  const assignment = options.assignment ?? sampleAssignment();
  const house = createFakeHouse(assignment);
  options.prepare?.(house);
  const sandbox = options.sandbox ?? createFakeSandbox();
  const model = createScriptedModel(script);
  const common = { assignment, link: house.link, clock };
  const doors = { gatewaySocket: '/nowhere', gateway: options.gateway ?? closedGateway };
  const body = { shim: sandbox.shim, scratchLimitBytes: 1e6 };
  const code = await execute({
    ...common,
    createModel: () => model,
    takeUpHands: (task) => takeUpHands({ ...common, ...task, ...doors, ...body }),
  });
  return { code, house, sandbox, model };
}

export function bodies(house: FakeHouse, kind: StepBody['kind']): StepBody[] {
  return house.steps.filter(({ body }) => body.kind === kind).map(({ body }) => body);
}

export function results(house: FakeHouse): Extract<StepBody, { kind: 'result' }>[] {
  return bodies(house, 'result') as never;
}

export function steps(...list: StepBody[]): Step[] {
  return list.map((body, index) => ({ seq: index + 1, attempt: 1, at: '2026-11-20T10:00:00.000Z', body }));
}

export const modelStep = (name: string, args: object): StepBody => ({
  kind: 'model',
  text: '',
  toolCalls: [{ id: 'x', type: 'function', function: { name, arguments: JSON.stringify(args) } }],
  usage: null,
  model: 'scripted',
});
export const intent = (tool: string, args: Record<string, string>): StepBody => ({
  kind: 'intent',
  callId: 's1.1',
  tool,
  arguments: args,
});
