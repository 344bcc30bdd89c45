import { type BudgetPlan, ModelError, type Reservation, type TaskId, UNCAPPED } from '@reeve/core';
import { createScriptedModel, fails } from '@reeve/core/testing';
import { createGatewayStore } from '@reeve/postgres';
import type { FreshDatabase } from '@reeve/postgres/testing';
import { describe, expect, it } from 'vitest';
import { estateForEach } from './testing/estates.ts';
import { createFixedModel, lastWords, says } from './testing/fixed-model.ts';
import { type Estate, type House, type HousePlan, succeed } from './testing/house.ts';
import type { ScriptedExecutor } from './testing/scripted-executor.ts';
import { delegating } from './testing/tasks.ts';
import { until } from './testing/until.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

let database: FreshDatabase;
let estate: Estate;
estateForEach('budgets', (fresh, on) => {
  estate = fresh;
  database = on;
});

function planWith(caps: Partial<BudgetPlan['caps']>): BudgetPlan {
  return { ...UNCAPPED, caps: { ...UNCAPPED.caps, ...caps } };
}

const SMALL_TASK = planWith({ task: { tokens: 1000, micros: null } });
const MORE = { tokens: 1000, micros: 0 };
const SMALL_DAY = planWith({ day: { tokens: 1000, micros: null } });

/** Asks for budget as the gateway does for a model call. */
async function reserves(plan: BudgetPlan, task: TaskId | null, tokens: number): Promise<boolean> {
  const now = estate.clock.now().toISOString();
  const reservation: Reservation = {
    task,
    role: task === null ? 'coordinator' : 'executor',
    model: 'big',
    inputTokens: tokens,
    outputTokens: 0,
    micros: 1_200_000,
    day: now.slice(0, 10),
    month: now.slice(0, 7),
    at: estate.clock.now(),
  };
  const { budget } = createGatewayStore({ pool: database });
  const { kind } = await budget.reserve(reservation, plan.caps);
  // What a gateway that is gone has left counts as spent.
  await budget.abandonOpen();
  return kind === 'reserved';
}

/** A task asks for more of the day, its house crashes, and the raise comes behind its back. Resolves with the question. */
async function raiseBehind(house: House, by: typeof MORE): Promise<string> {
  await house.say('start one');
  await waitsForBudget('T-1');
  const { code, call } = await estate.openQuestion();
  await house.crash();
  await estate.store.budget.raise({ kind: 'day', of: (call.arguments as { of: string }).of }, by);
  return code;
}

const OUT_OF_BUDGET = { outcome: 'released', failure: 'budget-exhausted', summary: '' } as const;

/** A worker whose every attempt needs this many tokens, and leaves when it does not get them. */
const needing =
  (plan: BudgetPlan, tokens: number) =>
  async (executor: ScriptedExecutor): Promise<void> => {
    if (!(await reserves(plan, executor.assignment.task.id, tokens))) {
      await executor.finish(OUT_OF_BUDGET);
      return;
    }
    await succeed(executor);
  };

async function open(budget: BudgetPlan, tokens: number, more: Partial<HousePlan> = {}): Promise<House> {
  return estate.open({
    model: delegating(),
    work: needing(budget, tokens),
    settings: { budget, warmExecutors: 0 },
    ...more,
  });
}

async function auditOf(event: string): Promise<{ actor: string; subject: string; detail: object }[]> {
  const entries: { actor: string; subject: string; detail: object }[] = [];
  for await (const { body } of estate.store.audit.entries()) {
    const entry = JSON.parse(body);
    if (entry.event === event) entries.push(entry);
  }
  return entries;
}

async function waitsForBudget(id: TaskId): Promise<void> {
  await until(async () => {
    const task = await estate.store.tasks.get(id);
    return task?.state === 'waiting' && task.waitingFor === 'budget' && task.leaseUntil === null;
  }, `${id} to wait for budget without an executor`);
}

describe('a task over its cap', () => {
  it('waits without an executor, asks once, and goes on from its last step after a yes', async () => {
    const house = await open(SMALL_TASK, 1200);
    await house.say('start count');
    await waitsForBudget('T-1');
    await until(() => house.launcher.living.size === 0, 'the executor to be gone');
    const question = await estate.openQuestion();
    expect(question).toMatchObject({
      call: { task: 'T-1', tool: 'budget.add', arguments: { cap: 'task', of: 'T-1', addTokens: 1000 } },
      tier: 'change',
    });
    const card = await until(() => house.channel.card(`approval:${question.code}`), 'the card');
    expect(card.title).toBe('? T-1 has used up its budget: 0 of 1,000 tokens. Add 1,000 tokens?');
    expect(JSON.stringify(card.blocks)).toMatch(
      new RegExp(`"label":"Add".*/approve ${question.code}.*"label":"Stop".*/deny ${question.code}`),
    );
    expect(await house.decide(question.code)).toMatchObject({
      kind: 'decided',
      sentence: 'Approved by owner: Add 1,000 tokens to the budget of T-1.',
    });
    expect((await estate.reaches('T-1', 'succeeded')).attempt).toBe(2);
    expect(await auditOf('cap-raised')).toMatchObject([
      { actor: 'person:owner', subject: 'T-1', detail: { addTokens: 1000, approval: question.code } },
    ]);
    expect(await estate.store.grants.active('budget.add', estate.clock.now())).toEqual([]);
  });

  it('ends in plain words after a no', async () => {
    const house = await open(SMALL_TASK, 1200);
    await house.say('start count');
    const { code } = await estate.openQuestion();
    await house.say(`/deny ${code}`);
    await estate.reaches('T-1', 'failed');
    const result = await until(
      () => house.channel.texts().find((text) => text.includes('T-1 count**: failed')),
      'the result',
    );
    expect(result).toContain('Its budget was used up, and no more was added.');
    expect(house.launcher.launches).toBe(1);
    expect(await auditOf('cap-raised')).toEqual([]);
  });

  it('ends when nobody answers in time', async () => {
    const house = await open(SMALL_TASK, 1200, {
      settings: { budget: SMALL_TASK, warmExecutors: 0, taskDeadlineMs: 30 * DAY_MS },
    });
    await house.say('start count');
    await waitsForBudget('T-1');
    estate.clock.jump(7 * DAY_MS);
    expect((await estate.reaches('T-1', 'failed')).outcome?.failure).toBe('budget-denied');
  });

  it('is asked about again after the raise was used up as well', async () => {
    const house = await open(SMALL_TASK, 0, {
      work: async (executor) => {
        const { id } = executor.assignment.task;
        for (let call = 0; call < 4; call += 1)
          if (!(await reserves(SMALL_TASK, id, 600))) return void (await executor.finish(OUT_OF_BUDGET));
        await succeed(executor);
      },
    });
    await house.say('start count');
    const seen: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const { code, call } = await until(
        async () => (await estate.store.approvals.pending()).find((each) => !seen.includes(each.code)),
        'the next question',
      );
      seen.push(code);
      expect(call.callId).toBe(`budget.task.T-1.${round + 1}`);
      await house.decide(code);
    }
    await until(async () => (await estate.task('T-1')).attempt >= 4, 'the attempt after three raises');
  });

  it('takes no standing yes', async () => {
    const house = await open(SMALL_TASK, 1200);
    await house.say('start count');
    const { code } = await estate.openQuestion();
    await house.say(`/approve ${code} always`);
    await until(() => house.channel.texts().some((text) => text.includes('counts once only')), 'the refusal');
    expect((await estate.store.approvals.get(code))?.state).toBe('pending');
  });

  it('lets exactly one of 50 taps raise the cap', async () => {
    const house = await open(SMALL_TASK, 1200);
    await house.say('start count');
    const { code } = await estate.openQuestion();
    const results = await Promise.all(Array.from({ length: 50 }, () => house.decide(code)));
    expect(results.filter(({ kind }) => kind === 'decided')).toHaveLength(1);
    await estate.reaches('T-1', 'succeeded');
    const { added, raises } = await estate.store.budget.state({ kind: 'task', of: 'T-1' });
    expect({ added, raises }).toEqual({ added: { tokens: 1000, micros: 0 }, raises: 1 });
  });

  it('is not asked about on the executor’s word alone', async () => {
    let attempts = 0;
    const house = await open(SMALL_TASK, 0, {
      work: async (executor) => {
        attempts += 1;
        if (attempts === 1) await executor.finish(OUT_OF_BUDGET);
        else await succeed(executor);
      },
    });
    await house.say('start count');
    await estate.reaches('T-1', 'succeeded');
    expect(attempts).toBe(2);
    expect(await auditOf('task-asked')).toEqual([]);
    expect(await estate.store.approvals.forTask('T-1')).toEqual([]);
  });

  it('survives a crash between card and tap, also when the tap comes to the next process', async () => {
    const first = await open(SMALL_TASK, 1200);
    await first.say('start count');
    const { code } = await estate.openQuestion();
    await first.crash();
    const second = await open(SMALL_TASK, 1200);
    await waitsForBudget('T-1');
    expect(await second.decide(code)).toMatchObject({ kind: 'decided' });
    await estate.reaches('T-1', 'succeeded');
    expect(await estate.store.approvals.forTask('T-1')).toHaveLength(1);
  });

  it('goes on by itself when the settings have a higher cap at the next start; its card is asked no more', async () => {
    const first = await open(SMALL_TASK, 1200);
    await first.say('start count');
    const { code } = await estate.openQuestion();
    await first.stop();
    await open(planWith({ task: { tokens: 5000, micros: null } }), 1200, {
      work: needing(planWith({ task: { tokens: 5000, micros: null } }), 1200),
    });
    await estate.reaches('T-1', 'succeeded');
    expect((await estate.store.approvals.get(code))?.state).toBe('voided');
    expect(await auditOf('approval-voided')).toMatchObject([
      { actor: 'coordinator', subject: code, detail: { because: 'the budget has room again' } },
    ]);
  });

  it('shows what it has cost of its cap, on its card and at the counter', async () => {
    const plan = planWith({ task: { tokens: 5000, micros: 2_000_000 } });
    const house = await open(plan, 1200, {
      work: async (executor) => {
        await reserves(plan, executor.assignment.task.id, 1200);
        await executor.result('counted');
        await executor.hear('cancel').catch(() => undefined);
      },
    });
    await house.say('start count');
    await until(
      () =>
        JSON.stringify(house.channel.card('task:T-1')?.blocks ?? []).includes(
          '1,200 of 5,000 tokens, about $1.20 of $2.00',
        ),
      'the cost on the card',
    );
    const found = await house.coordinator.desk.getTask('T-1');
    expect(found).toMatchObject({
      value: {
        usage: {
          spent: { tokens: 1200, micros: 1_200_000 },
          cap: { tokens: 5000, micros: 2_000_000 },
          shares: [{ model: 'big', role: 'executor', calls: 1 }],
        },
      },
    });
    const status = await house.coordinator.desk.status();
    expect(status.spending).toMatchObject({
      day: { spent: { tokens: 1200 } },
      shares: [{ model: 'big', role: 'executor', task: null }],
      topTasks: [{ task: 'T-1', inputTokens: 1200 }],
    });
    await house.say('/cancel T-1');
  });
});

describe('a day over its cap', () => {
  it('is asked about once however many tasks wait, and a yes frees them all', async () => {
    const house = await open(SMALL_DAY, 1500);
    await house.say('start one and two and three');
    for (const id of ['T-1', 'T-2', 'T-3'] as const) await waitsForBudget(id);
    const pending = await estate.store.approvals.pending();
    expect(pending).toHaveLength(1);
    expect(pending[0]?.call).toMatchObject({ task: null, arguments: { cap: 'day' } });
    const asked: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const question = await until(async () => {
        if ((await estate.store.tasks.live()).length === 0) return 'over' as const;
        return (await estate.store.approvals.pending()).find(({ code }) => !asked.includes(code));
      }, 'the next question or the end');
      if (question === 'over') break;
      asked.push(question.code);
      await house.decide(question.code);
    }
    for (const id of ['T-1', 'T-2', 'T-3'] as const) await estate.reaches(id, 'succeeded');
    expect((await auditOf('cap-raised')).map(({ subject }) => subject)).toEqual(
      asked.map(() => estate.clock.now().toISOString().slice(0, 10)),
    );
  });

  it('frees its tasks when a new day begins, a no notwithstanding', async () => {
    const house = await open(SMALL_DAY, 900);
    expect(await reserves(SMALL_DAY, null, 500)).toBe(true);
    await house.say('start one and two');
    for (const id of ['T-1', 'T-2'] as const) await waitsForBudget(id);
    const { code } = await estate.openQuestion();
    expect(await house.decide(code, 'deny')).toMatchObject({ kind: 'decided' });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await waitsForBudget('T-1');
    expect(await estate.store.approvals.pending()).toEqual([]);
    estate.clock.jump(DAY_MS);
    await until(
      async () => (await estate.store.tasks.list({ states: ['succeeded'], limit: 9 })).length,
      'a task',
    );
  });

  it('is asked about again when others have used the raise up before its task could go on', async () => {
    const first = await open(SMALL_DAY, 1500);
    const code = await raiseBehind(first, MORE);
    expect(await reserves(SMALL_DAY, null, 1500)).toBe(true);
    const house = await open(SMALL_DAY, 1500);
    const next = await until(
      async () => (await estate.store.approvals.pending()).find((question) => question.code !== code),
      'the next question',
    );
    await house.decide(next.code);
    await estate.reaches('T-1', 'succeeded');
  });

  it('goes on after a crash between the yes and the freeing', async () => {
    const first = await open(SMALL_DAY, 1500);
    const code = await raiseBehind(first, { tokens: 5000, micros: 0 });
    await open(SMALL_DAY, 1500);
    await estate.reaches('T-1', 'succeeded');
    expect((await estate.store.approvals.get(code))?.state).toBe('pending');
  });
});

describe('the coordinator over the day’s cap', () => {
  /** A model as the gateway serves it: refuses when the budget has no room. */
  const frugal = () => {
    const model = createFixedModel((request) => says(`You said: ${lastWords(request)}`));
    return {
      async *stream(...[request, signal]: Parameters<typeof model.stream>) {
        if (!(await reserves(SMALL_DAY, null, 600)))
          throw new ModelError('budget-exhausted', 'no room', { retryable: false });
        yield* model.stream(request, signal);
      },
    };
  };

  it('that only calls under way stand in the way of says so, and points to no card that is not there', async () => {
    const house = await open(SMALL_DAY, 0, {
      model: createScriptedModel([fails('budget-exhausted', { retryable: false })]),
    });
    await house.say('one');
    const said = await until(() => house.channel.texts().at(-1), 'an answer');
    expect(said).toMatch(/^Calls under way may need what is left of the budget/);
    expect(said).not.toContain('card');
  });

  it('answers in plain words without the model, with a card; commands work; a yes lifts it', async () => {
    const house = await open(SMALL_DAY, 0, { model: frugal() });
    await house.say('one');
    await until(() => house.channel.texts().includes('You said: one'), 'the first answer');
    const told = () =>
      house.channel.texts().filter((text) => text.includes('is used up: 600 of 1,000 tokens'));
    await house.say('two');
    await until(() => told().length === 1, 'a plain answer');
    await house.say('three');
    await until(() => told().length === 2, 'two plain answers');
    const { code } = await estate.openQuestion();
    expect(told()[0]).toContain(`/approve ${code}`);
    expect(told()[0]).toContain('No model was called');
    expect(await estate.store.approvals.pending()).toHaveLength(1);
    await house.say('/status');
    await until(
      () => house.channel.texts().some((text) => text.includes('Today: 600 of 1,000 tokens')),
      '/status',
    );
    await house.say(`/approve ${code}`);
    await until(
      () => house.channel.texts().some((text) => text.startsWith('Approved by owner: Add 1,000 tokens')),
      'the yes',
    );
    await house.say('four');
    await until(() => house.channel.texts().includes('You said: four'), 'the answer after the raise');
  });

  it('says when the next day begins after a no, and asks no more', async () => {
    const house = await open(SMALL_DAY, 0, { model: frugal() });
    await house.say('one');
    await until(() => house.channel.texts().length === 1, 'the first answer');
    await house.say('two');
    const { code } = await estate.openQuestion();
    await house.decide(code, 'deny');
    await house.say('three');
    await until(
      () => house.channel.texts().some((text) => text.includes('You have said no to more.')),
      'the answer',
    );
    expect(await estate.store.approvals.pending()).toEqual([]);
  });
});
