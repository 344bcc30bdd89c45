import { describe, expect, it } from 'vitest';
import {
  eventually,
  makeTestHome,
  type RunningReeve,
  runReeve,
  say,
  startReeve,
} from '../testing/reeve-process.ts';

/** Room for two of the three model calls that the task takes; each reserves some 6,300 tokens and uses some 1,600. */
const SMALL = { REEVE_CAP_TASK_TOKENS: '8500' };

interface Question {
  readonly code: string;
  readonly tool: string;
  readonly task: string | null;
}

async function send(reeve: RunningReeve, text: string): Promise<void> {
  const { status } = await reeve.call('POST', '/v1/conversations/main/messages', { text });
  expect(status).toBe(202);
}

async function questionsOf(reeve: RunningReeve): Promise<Question[]> {
  return (await reeve.call('GET', '/v1/approvals')).body['approvals'] as Question[];
}

async function taskOf(reeve: RunningReeve, id = 'T-1'): Promise<Record<string, unknown>> {
  return (await reeve.call('GET', `/v1/tasks/${id}`)).body;
}

async function openQuestion(reeve: RunningReeve): Promise<Question> {
  return eventually('a question', async () => (await questionsOf(reeve))[0]);
}

describe('a small budget', () => {
  it('lets a task wait; kill -9 between card and tap; the tap adds, and it goes on from its last step', async () => {
    await using home = await makeTestHome();
    let code = '';
    {
      await using reeve = await startReeve(home, SMALL);
      await send(reeve, 'write hello to notes.txt');
      ({ code } = await openQuestion(reeve));
      expect(await taskOf(reeve)).toMatchObject({ state: 'waiting', waitingFor: 'budget', attempt: 1 });
      await reeve.kill('SIGKILL');
    }
    await using again = await startReeve(home, SMALL);
    expect(await questionsOf(again)).toMatchObject([{ code, tool: 'budget.add', task: 'T-1' }]);
    const before = Number((await taskOf(again))['steps']);
    expect(before).toBeGreaterThan(0);
    const decided = await again.call('POST', `/v1/approvals/${code}/decision`, { decision: 'approve' });
    expect(decided.body).toMatchObject({
      sentence: 'Approved by owner: Add 5,000 tokens to the budget of T-1.',
    });
    const ended = await eventually('the end of the task', async () => {
      const task = await taskOf(again);
      return task['state'] === 'succeeded' && task;
    });
    expect(ended).toMatchObject({ attempt: 2, approvals: [{ code, state: 'approved' }] });
    expect(ended['usage']).toMatchObject({
      cap: { tokens: 13_500 },
      byModel: [{ model: 'rehearsal', role: 'executor' }],
    });
    const status = (await again.call('GET', '/v1/status')).body;
    expect(status['spending']).toMatchObject({ topTasks: [{ task: 'T-1' }] });
    expect((await runReeve(home, ['audit', 'verify'])).code).toBe(0);
  });

  it('is answered by a script with --approve once, by one card', async () => {
    await using home = await makeTestHome();
    const said = await say(home, 'write hello to notes.txt', 'once', SMALL);
    const cards = said.events.filter(
      ({ kind, about }) =>
        kind === 'card' && (about as { kind: string; state: string }).kind === 'approval-card',
    );
    expect(cards.map(({ about }) => (about as { state: string }).state)).toEqual(['pending', 'approved']);
    expect(said.code).toBe(0);
  });

  it('in money counts by the prices of the settings', async () => {
    await using home = await makeTestHome();
    const prices = JSON.stringify({ rehearsal: { inputPerMillion: 1, outputPerMillion: 10 } });
    await using reeve = await startReeve(home, { REEVE_CAP_TASK_USD: '0.04', REEVE_PRICES: prices });
    await send(reeve, 'write hello to notes.txt');
    const { code } = await openQuestion(reeve);
    const question = (await reeve.call('GET', `/v1/approvals/${code}`)).body;
    expect(question).toMatchObject({ arguments: { cap: 'task', addTokens: 0, addMicros: 20_000 } });
    await send(reeve, `/approve ${code}`);
    const ended = await eventually('the end of the task', async () => {
      const task = await taskOf(reeve);
      return task['state'] === 'succeeded' && task;
    });
    const { spent, cap } = ended['usage'] as { spent: { usd: number }; cap: { usd: number } };
    expect(cap.usd).toBe(0.06);
    expect(spent.usd).toBeGreaterThan(0.004);
    expect(spent.usd).toBeLessThan(0.01);
  });

  it('of a day is a wall for the coordinator too, and commands stand outside of it', async () => {
    await using home = await makeTestHome();
    await using reeve = await startReeve(home, { REEVE_CAP_DAY_TOKENS: '1000' });
    await send(reeve, 'hello');
    const { code, task } = await openQuestion(reeve);
    expect(task).toBeNull();
    const texts = async () =>
      (
        (await reeve.call('GET', '/v1/conversations/main/messages')).body['messages'] as { text: string }[]
      ).map(({ text }) => text);
    await eventually('the plain answer', async () =>
      (await texts()).some((text) => text.includes('is used up') && text.includes(`/approve ${code}`)),
    );
    const decided = await reeve.call('POST', `/v1/approvals/${code}/decision`, { decision: 'approve' });
    expect(decided.status).toBe(200);
    await send(reeve, 'what is 2 + 2?');
    await eventually('an answer of the model', async () =>
      (await texts()).some((text) => text.includes('4')),
    );
  });
});
