import { setTimeout as sleep } from 'node:timers/promises';
import { type FakeHouse, openFakeHouse, sampleTask } from '@reeve/channel-http/testing';
import type { TaskId } from '@reeve/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createApiClient } from './api-client.ts';
import { runScriptChat, type ScriptChatOptions } from './run-script-chat.ts';
import { answerOf, approvalCardOf, type Delivered, resultOf, taskCardOf } from './testing/sample-events.ts';

let house: FakeHouse;
beforeEach(async () => {
  house = await openFakeHouse();
});
afterEach(() => house.stop());

interface Ran {
  readonly code: number;
  readonly out: string[];
  readonly errors: string[];
  /** The JSON lines, as objects. */
  readonly lines: Record<string, unknown>[];
}

async function run(options: Partial<ScriptChatOptions> = {}): Promise<Ran> {
  const out: string[] = [];
  const errors: string[] = [];
  const code = await runScriptChat({
    client: createApiClient({ url: house.url, token: house.token, sleep: async () => undefined }),
    message: 'Do it',
    attachments: [],
    conversation: 'main',
    approve: 'none',
    json: true,
    write: (line) => out.push(line),
    complain: (line) => errors.push(line),
    newId: () => 'client-1',
    signal: new AbortController().signal,
    ...options,
  });
  const lines = options.json === false ? [] : out.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { code, out, errors, lines };
}

async function say(...all: Delivered[]): Promise<void> {
  for (const { content, about } of all) await house.deliver(content, about);
}

function startTask(id: TaskId, turnId: string): void {
  house.tasks.set(id, sampleTask({ id, turnId }));
}

test('a turn without tasks: accepted, its events, ended', async () => {
  house.onMessage = async (_message, turnId) => {
    house.draft(turnId, 'It');
    await say(answerOf(turnId, 'It is noon.'));
  };
  const { code, lines, errors } = await run();
  expect(code).toBe(0);
  expect(lines[0]).toEqual({
    kind: 'accepted',
    turnId: 'turn-1',
    conversationId: 'conversation-main',
    duplicate: false,
  });
  expect(lines.filter((line) => line['kind'] === 'message')).toMatchObject([
    { markdown: 'It is noon.', about: { kind: 'turn', turnId: 'turn-1', also: [], tasks: [] } },
  ]);
  expect(lines.at(-1)).toEqual({ kind: 'ended', exitCode: 0, reason: 'over', tasks: {} });
  expect(errors).toEqual([]);
});

test('it waits for the results of all tasks that the turn started, and for nobody else’s', async () => {
  house.tasks.set('T-9', sampleTask({ id: 'T-9', turnId: 'another-turn' }));
  house.onMessage = async (_message, turnId) => {
    startTask('T-1', turnId);
    startTask('T-2', turnId);
    await say(
      taskCardOf('T-9', 'running'),
      taskCardOf('T-1', 'queued'),
      resultOf('T-1', 'succeeded', 'One.'),
    );
    await say(answerOf(turnId, 'Started two.', ['T-1', 'T-2']), taskCardOf('T-2', 'running'));
    await say(resultOf('T-2', 'succeeded', 'Two.'));
  };
  const { code, lines } = await run();
  expect(code).toBe(0);
  expect(lines.at(-1)).toEqual({
    kind: 'ended',
    exitCode: 0,
    reason: 'over',
    tasks: { 'T-1': 'succeeded', 'T-2': 'succeeded' },
  });
  expect(lines.some((line) => line['key'] === 'task:T-9')).toBe(true);
});

test.each(['failed', 'cancelled', 'expired'] as const)('a task that %s makes it 1', async (state) => {
  house.onMessage = async (_message, turnId) => {
    startTask('T-1', turnId);
    await say(answerOf(turnId, 'Started.', ['T-1']), resultOf('T-1', state, 'No.'));
  };
  expect((await run()).code).toBe(1);
});

test('a command ends at once, while other tasks go on', async () => {
  house.tasks.set('T-9', sampleTask({ id: 'T-9', turnId: 'another-turn' }));
  house.onMessage = (_message, turnId) =>
    say(taskCardOf('T-9', 'running'), {
      content: { kind: 'text', markdown: 'Running 1 of 5.' },
      about: { kind: 'command', turnId },
    });
  expect((await run({ message: '/status' })).code).toBe(0);
});

test.each([
  ['once', { kind: 'approve', scope: 'once' }, 'approved'],
  ['deny', { kind: 'deny', note: null }, 'denied'],
] as const)('--approve %s answers the questions of its own tasks only', async (approve, decision, state) => {
  house.tasks.set('T-9', sampleTask({ id: 'T-9', turnId: 'another-turn' }));
  house.onDecision = async () => {
    await say(approvalCardOf('A7K2', 'T-1', state), resultOf('T-1', 'succeeded', 'Done.'));
    return { kind: 'decided', sentence: 'Decided.' };
  };
  house.onMessage = async (_message, turnId) => {
    startTask('T-1', turnId);
    await say(approvalCardOf('ZZZ9', 'T-9'), answerOf(turnId, 'Started.', ['T-1']));
    await say(taskCardOf('T-1', 'waiting'), approvalCardOf('A7K2', 'T-1'), approvalCardOf('A7K2', 'T-1'));
  };
  const { code, lines } = await run({ approve });
  expect(code).toBe(0);
  expect(house.decisions.map((asked) => [asked.code, asked.decision])).toEqual([['A7K2', decision]]);
  expect(lines).toContainEqual({ kind: 'decided', code: 'A7K2', decision: approve });
});

test('a question that somebody else answered first is told and does not stop it', async () => {
  house.onDecision = async () => {
    await say(approvalCardOf('A7K2', 'T-1', 'denied'), resultOf('T-1', 'succeeded', 'Done.'));
    return { kind: 'refused', failure: { code: 'approval-decided', about: 'A7K2' } };
  };
  house.onMessage = async (_message, turnId) => {
    startTask('T-1', turnId);
    await say(answerOf(turnId, 'Started.', ['T-1']), approvalCardOf('A7K2', 'T-1'));
  };
  const { code, lines } = await run({ approve: 'once' });
  expect(code).toBe(0);
  expect(lines).toContainEqual(expect.objectContaining({ kind: 'undecided', problem: 'approval-decided' }));
});

test('without an answer it stops with 3 once everything that is left waits for a person', async () => {
  house.onMessage = async (_message, turnId) => {
    startTask('T-1', turnId);
    startTask('T-2', turnId);
    await say(answerOf(turnId, 'Started.', ['T-1', 'T-2']), approvalCardOf('A7K2', 'T-1'));
    house.tasks.set('T-1', sampleTask({ id: 'T-1', turnId, state: 'waiting', waitingFor: 'approval' }));
    await say(taskCardOf('T-1', 'waiting'), resultOf('T-2', 'succeeded', 'Two.'));
  };
  const { code, errors, lines } = await run();
  expect(code).toBe(3);
  expect(errors.join()).toContain('T-1: waiting for a person.');
  expect(lines.at(-1)).toMatchObject({ exitCode: 3, tasks: { 'T-1': 'waiting', 'T-2': 'succeeded' } });
});

test('a card that is behind the times does not make it stop', async () => {
  house.onMessage = async (_message, turnId) => {
    startTask('T-1', turnId);
    await say(answerOf(turnId, 'Started.', ['T-1']), taskCardOf('T-1', 'waiting'));
    await say(resultOf('T-1', 'succeeded', 'Done.'));
  };
  expect((await run()).code).toBe(0);
});

test('a refused message: its sentence, and 1', async () => {
  house.refuseMessages = { kind: 'refused', failure: { code: 'message-empty' } };
  const { code, errors, lines } = await run({ message: '' });
  expect(code).toBe(1);
  expect(errors).toEqual(['The message is empty. Nothing was sent. Write a few words or attach a file.']);
  expect(lines.map((line) => line['kind'])).toEqual(['problem', 'ended']);
});

test('no Reeve there: 2 and a sentence; a wrong token: 1 and its sentence', async () => {
  const away = createApiClient({ url: 'http://127.0.0.1:9', token: 'x', sleep: async () => undefined });
  const { code, errors } = await run({ client: away });
  expect(code).toBe(2);
  expect(errors.join()).toMatch(/^Reeve cannot be reached\./);
  const wrong = await run({ client: createApiClient({ url: house.url, token: 'wrong' }) });
  expect(wrong.code).toBe(1);
  expect(wrong.errors.join()).toContain('The request carries no valid token.');
});

test('an interrupt is 130, a time limit 1; both say that the tasks go on', async () => {
  const interrupt = new AbortController();
  house.onMessage = (_message, turnId) => {
    startTask('T-1', turnId);
    setTimeout(() => interrupt.abort(new Error('interrupted')), 50);
  };
  const interrupted = await run({ signal: interrupt.signal });
  expect([interrupted.code, interrupted.errors[0]]).toEqual([130, expect.stringContaining('tasks go on')]);
  const timedOut = await run({ signal: AbortSignal.timeout(200), newId: () => 'client-2' });
  expect([timedOut.code, timedOut.errors[0]]).toEqual([1, expect.stringContaining('The time is up')]);
});

test('a connection that breaks on the way is resumed without a gap or a repeat', async () => {
  house.onMessage = async (_message, turnId) => {
    startTask('T-1', turnId);
    await say(answerOf(turnId, 'Started.', ['T-1']));
    await sleep(50);
    await house.stop();
    await say(taskCardOf('T-1', 'running'));
    await house.resume();
    await say(resultOf('T-1', 'succeeded', 'Done.'));
  };
  const client = createApiClient({ url: house.url, token: house.token });
  const { code, lines } = await run({ client });
  expect(code).toBe(0);
  const kinds = lines.map((line) => (line['kind'] === 'connection' ? line['state'] : line['kind']));
  expect(kinds).toEqual(['accepted', 'message', 'lost', 'back', 'card', 'message', 'ended']);
});

test('without --json it prints a transcript', async () => {
  house.onMessage = async (_message, turnId) => {
    startTask('T-1', turnId);
    await say(taskCardOf('T-1', 'running', 'step one'), taskCardOf('T-1', 'running', 'step one'));
    await say(answerOf(turnId, '**Started** T-1.', ['T-1']), taskCardOf('T-1', 'succeeded', 'done'));
    await say(resultOf('T-1', 'succeeded', 'The sum is `639`.'));
  };
  const { code, out } = await run({ json: false });
  expect(code).toBe(0);
  expect(out).toEqual([
    '▶ T-1 Make a CSV · step one · 4 s',
    '',
    'Started T-1.',
    '✓ T-1 Make a CSV · done · 4 s',
    '',
    'The sum is `639`.',
  ]);
});
