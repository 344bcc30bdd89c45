import { type FakeHouse, openFakeHouse, sampleApproval, sampleTask } from '@reeve/channel-http/testing';
import type { About } from '@reeve/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createApiClient } from './api-client.ts';
import { runScriptChat } from './run-script-chat.ts';
import { approvalCardOf, type Delivered, resultOf, taskCardOf } from './testing/sample-events.ts';

let house: FakeHouse;
beforeEach(async () => {
  house = await openFakeHouse();
});
afterEach(() => house.stop());

/** Runs one message and returns its exit code and the texts of the messages it printed, then the states of tasks. */
async function run(message: string, approve: 'once' | 'none' = 'none') {
  const lines: Record<string, unknown>[] = [];
  const code = await runScriptChat({
    client: createApiClient({ url: house.url, token: house.token, sleep: async () => undefined }),
    message,
    attachments: [],
    conversation: 'main',
    approve,
    json: true,
    write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
    complain: () => undefined,
    newId: () => 'client-1',
    signal: AbortSignal.timeout(5000),
  });
  const texts = lines.filter((line) => line['kind'] === 'message').map((line) => line['markdown']);
  return { code, texts, tasks: lines.at(-1)?.['tasks'] };
}

async function say(conversation: string, ...all: Delivered[]): Promise<void> {
  for (const { content, about } of all) await house.deliver(content, about, { conversation });
}

function commandAnswer(turnId: string, markdown: string, failure?: string): Delivered {
  const about: About = { kind: 'command', turnId, ...(failure === undefined ? {} : { failure }) };
  return { content: { kind: 'text', markdown }, about };
}

beforeEach(() => {
  house.tasks.set('T-1', sampleTask({ turnId: 'earlier', state: 'waiting', waitingFor: 'approval' }));
  house.approvals.set('A7K2', sampleApproval());
});

test.each(['/approve A7K2', ' /Approve@reeve a7k2 once', '/deny A7K2 keep it'])(
  '%s ends when the task that goes on has ended',
  async (message) => {
    house.onMessage = async (_message, turnId) => {
      house.tasks.set('T-1', sampleTask({ turnId: 'earlier', state: 'running' }));
      await say('main', approvalCardOf('A7K2', 'T-1', 'approved'), taskCardOf('T-1', 'running'));
      await say('main', commandAnswer(turnId, 'Decided. T-1 goes on.'));
      setTimeout(() => void say('main', resultOf('T-1', 'succeeded', 'Deleted.')), 50);
    };
    expect(await run(message)).toEqual({
      code: 0,
      texts: ['Decided. T-1 goes on.', 'Deleted.'],
      tasks: { 'T-1': 'succeeded' },
    });
  },
);

test('the task may belong to another conversation, of which nothing else is printed', async () => {
  house.onMessage = async (_message, turnId) => {
    house.tasks.set('T-1', sampleTask({ turnId: 'earlier', state: 'running' }));
    await say('other', commandAnswer('another-turn', 'Not yours.'));
    await say('main', commandAnswer(turnId, 'Decided.'));
    await say('other', resultOf('T-1', 'failed', 'It failed.'));
  };
  expect(await run('/approve A7K2')).toEqual({
    code: 1,
    texts: ['Decided.', 'It failed.'],
    tasks: { 'T-1': 'failed' },
  });
});

test('it ends when the task waits again', async () => {
  house.onMessage = async (_message, turnId) => {
    await say('main', commandAnswer(turnId, 'Decided.'), approvalCardOf('B3C4', 'T-1'));
  };
  expect(await run('/approve A7K2')).toEqual({ code: 3, texts: ['Decided.'], tasks: { 'T-1': 'waiting' } });
});

test('another question of the same task is answered as wished', async () => {
  house.approvals.set(
    'B3C4',
    sampleApproval({ code: 'B3C4', call: { ...sampleApproval().call, callId: 'call-2' } }),
  );
  house.onMessage = (_message, turnId) => say('main', commandAnswer(turnId, 'Decided.'));
  house.onDecision = async ({ code }) => {
    await say('main', resultOf('T-1', 'succeeded', `After ${code}.`));
    return { kind: 'decided', sentence: 'Decided.' };
  };
  expect(await run('/approve A7K2', 'once')).toMatchObject({ code: 0, texts: ['Decided.', 'After B3C4.'] });
  expect(house.decisions).toHaveLength(1);
});

test('/resume follows its task', async () => {
  house.tasks.set('T-1', sampleTask({ turnId: 'earlier', state: 'paused' }));
  house.onMessage = async (_message, turnId) => {
    house.tasks.set('T-1', sampleTask({ turnId: 'earlier', state: 'queued' }));
    await say('main', commandAnswer(turnId, 'T-1 goes on.'), resultOf('T-1', 'succeeded', 'Done.'));
  };
  expect(await run('/resume T-1')).toMatchObject({ code: 0, tasks: { 'T-1': 'succeeded' } });
});

test.each(['/approve ZZZZ', '/approve A7K2'])('%s that is refused ends at once', async (message) => {
  house.onMessage = (_message, turnId) =>
    say('main', commandAnswer(turnId, 'There is no such question.', 'approval-unknown'));
  expect(await run(message)).toMatchObject({ code: 1, tasks: {} });
});
