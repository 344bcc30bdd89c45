import { setTimeout as delay } from 'node:timers/promises';
import {
  type BudgetPlan,
  BYTES_PER_TOKEN,
  type ChatRequest,
  collectAnswer,
  estimateRequest,
  periodOf,
  type TokenUsage,
  UNCAPPED,
} from '@reeve/core';
import { createScriptedModel, fails, type ScriptStep, says } from '@reeve/core/testing';
import { createGatewayModel } from '@reeve/model/gateway';
import { createGatewayStore, createPostgresStore } from '@reeve/postgres';
import { emptyDatabase, openFreshDatabase, silentLog } from '@reeve/postgres/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { createSettling } from './settling.ts';
import { estimateHearing, reserveSpeech } from './speech/speech-meter.ts';
import { systemClock } from './testing/egress-bench.ts';
import { type GatewayBench, openGatewayBench } from './testing/gateway-bench.ts';

const WORK: ChatRequest = {
  role: 'executor',
  messages: [{ role: 'user', content: 'hello there' }],
  tools: [],
  maxTokens: 100,
};
const never = new AbortController().signal;
const PLAN: BudgetPlan = {
  ...UNCAPPED,
  prices: {
    own: { inputPerMillion: 1, outputPerMillion: 2 },
    other: { inputPerMillion: 10, outputPerMillion: 20 },
  },
  timeZone: 'Pacific/Kiritimati',
};

const benches: GatewayBench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.close();
});

async function open(options: Parameters<typeof openGatewayBench>[0]) {
  const bench = await openGatewayBench({ plan: PLAN, ...options });
  benches.push(bench);
  const model = createGatewayModel({
    socketPath: bench.socketPath,
    token: () => bench.taskToken('T-1', 1),
    role: 'executor',
  });
  return { bench, model };
}

const reporting = (usage: TokenUsage | null): ScriptStep[] => [
  { kind: 'text', text: 'well then' },
  { kind: 'end', reason: 'stop', usage, model: 'own-2026-01' },
];

describe('a model call', () => {
  it('reserves the most it may come to before, and counts what it came to after', async () => {
    const { bench, model } = await open({
      coordinator: createScriptedModel([
        (request) => {
          const [reserved] = bench.budget.standing.values();
          expect(reserved).toMatchObject({ task: 'T-1', role: 'executor', model: 'own', outputTokens: 100 });
          expect(reserved?.micros).toBe((reserved?.inputTokens ?? 0) + 200);
          expect(request.maxTokens).toBe(100);
          return reporting({ inputTokens: 12, outputTokens: 4, estimated: false });
        },
      ]),
    });
    await collectAnswer(model.stream(WORK, never));
    await expect
      .poll(() => bench.usage)
      .toMatchObject([
        { model: 'own-2026-01', inputTokens: 12, outputTokens: 4, micros: 20, estimated: false },
      ]);
    expect(bench.budget.standing.size).toBe(0);
    expect(bench.usage[0]?.day).toMatch(/^\d{4}-\d\d-\d\d$/);
  });

  it('finds the one before it settled, so that calls in a row do not stand in each other’s way', async () => {
    const standing: number[] = [];
    const note = () => {
      standing.push(bench.budget.standing.size);
      return reporting(null);
    };
    const { bench, model } = await open({ coordinator: createScriptedModel(Array(10).fill(note)) });
    for (let call = 0; call < 10; call += 1) await collectAnswer(model.stream(WORK, never));
    expect(standing).toEqual(Array(10).fill(1));
  });

  it('is reserved at the dearest model and settled at the price of the one that answered', async () => {
    const failing = createScriptedModel(Array(3).fill(fails('model-failed')));
    const { bench, model } = await open({
      coordinator: failing,
      fallback: createScriptedModel([
        () => {
          const [reserved] = bench.budget.standing.values();
          expect(reserved?.micros).toBe((reserved?.inputTokens ?? 0) * 10 + 2000);
          return reporting({ inputTokens: 12, outputTokens: 4, estimated: false });
        },
      ]),
    });
    await collectAnswer(model.stream(WORK, never));
    await expect.poll(() => bench.usage).toMatchObject([{ micros: 200 }]);
  });

  it('has no price in money when its model has none', async () => {
    const { bench, model } = await open({ coordinator: createScriptedModel([says('x')]), plan: UNCAPPED });
    await collectAnswer(model.stream(WORK, never));
    await expect.poll(() => bench.usage).toMatchObject([{ micros: null }]);
  });

  it.each([
    ['zero', { inputTokens: 0, outputTokens: 0, estimated: false }],
    ['less than nothing', { inputTokens: -12, outputTokens: 4, estimated: false }],
    ['absurdly much', { inputTokens: 1e12, outputTokens: 4, estimated: false }],
    ['no number', { inputTokens: Number.NaN, outputTokens: 4, estimated: false }],
  ])('is estimated when its provider reports %s', async (_name, usage) => {
    const { bench, model } = await open({ coordinator: createScriptedModel([reporting(usage)]) });
    const answer = await collectAnswer(model.stream(WORK, never));
    expect(answer.text).toBe('well then');
    expect(answer.usage).toMatchObject({ estimated: true });
    await expect.poll(() => bench.usage).toMatchObject([{ outputTokens: 3, estimated: true }]);
    expect(bench.usage[0]?.inputTokens).toBeGreaterThan(10);
  });

  it('gives back what a provider refused before its first token', async () => {
    const { bench, model } = await open({
      coordinator: createScriptedModel([fails('model-refused-key', { retryable: false })]),
    });
    await expect(collectAnswer(model.stream(WORK, never))).rejects.toMatchObject({
      code: 'model-refused-key',
    });
    await expect.poll(() => bench.budget.standing.size).toBe(0);
    expect(bench.usage).toEqual([]);
  });

  it('counts its prompt when the caller leaves before the first token: the provider worked for it', async () => {
    const { bench, model } = await open({ coordinator: createScriptedModel([[{ kind: 'hang' }]]) });
    const stop = new AbortController();
    const failure = expect(collectAnswer(model.stream(WORK, stop.signal))).rejects.toThrow('gone');
    await expect.poll(() => bench.budget.standing.size).toBe(1);
    stop.abort(new Error('gone'));
    await failure;
    await expect.poll(() => bench.usage).toMatchObject([{ estimated: true }]);
    expect(bench.usage[0]?.inputTokens).toBeGreaterThan(0);
  });

  it('counts what was thought aloud: whoever leaves before a word was said comes to the cap all the same', async () => {
    await using database = new AsyncDisposableStack();
    const pool = await openFreshDatabase();
    database.defer(() => pool.close());
    await emptyDatabase(pool);
    let begun = Promise.withResolvers<void>();
    const thinks = (): ScriptStep[] => {
      begun.resolve();
      return [{ kind: 'thought', bytes: 9000 }, { kind: 'hang' }];
    };
    const { model } = await open({
      coordinator: createScriptedModel(Array(20).fill(thinks)),
      plan: { ...PLAN, caps: { ...PLAN.caps, task: { tokens: 10_000, micros: null } } },
      records: createGatewayStore({ pool }).budget,
    });
    const hangUp = async () => {
      begun = Promise.withResolvers();
      const stop = new AbortController();
      const failure = collectAnswer(model.stream(WORK, stop.signal)).catch((reason: unknown) => reason);
      await Promise.race([begun.promise.then(() => delay(50)), failure]);
      stop.abort(new Error('gone'));
      return failure;
    };
    for (let calls = 0; calls < 4; calls += 1) expect(await hangUp()).toMatchObject({ message: 'gone' });
    expect(await hangUp()).toMatchObject({ code: 'budget-exhausted' });
  });

  it('counts its time when its caller leaves and its provider has said nothing of what it thinks', async () => {
    const { bench, model } = await open({ coordinator: createScriptedModel([[{ kind: 'hang' }]]) });
    const patient = { ...WORK, maxTokens: 5000 };
    await expect(collectAnswer(model.stream(patient, AbortSignal.timeout(1000)))).rejects.toThrow(/timeout/);
    await expect.poll(() => bench.usage.map(({ outputTokens }) => outputTokens > 50)).toEqual([true]);
  });

  it('counts what it thought, in whichever try, and gives nothing of that back', async () => {
    const thinks: ScriptStep = { kind: 'thought', bytes: 300 };
    const { bench, model } = await open({
      coordinator: createScriptedModel([
        [thinks, ...fails('model-bad-answer')],
        [thinks, ...fails('model-bad-answer')],
        fails('model-refused-key', { retryable: false }),
      ]),
    });
    await expect(collectAnswer(model.stream(WORK, never))).rejects.toMatchObject({
      code: 'model-refused-key',
    });
    await expect.poll(() => bench.usage).toMatchObject([{ outputTokens: 200, estimated: true }]);
  });

  it.each(['model-bad-answer', 'model-timeout', 'model-cut-off'] as const)(
    'counts when all that came of it was a %s, which prompts can bring about',
    async (code) => {
      const { bench, model } = await open({
        coordinator: createScriptedModel([fails(code, { retryable: false })]),
      });
      await expect(collectAnswer(model.stream(WORK, never))).rejects.toMatchObject({ code });
      await expect.poll(() => bench.usage.map(({ inputTokens }) => inputTokens > 0)).toEqual([true]);
    },
  );

  it('that thinks before it speaks can be answered by the fallback, and its thoughts go no further', async () => {
    const thinks: ScriptStep = { kind: 'thought', bytes: 30 };
    const { bench, model } = await open({
      coordinator: createScriptedModel([[thinks, ...fails('model-failed', { retryable: false })]]),
      fallback: createScriptedModel([
        [
          thinks,
          { kind: 'text', text: 'well ' },
          thinks,
          { kind: 'text', text: 'then' },
          ...reporting(null).slice(1),
        ],
      ]),
    });
    const chunks = await Array.fromAsync(model.stream(WORK, never));
    expect(chunks.map(({ kind }) => kind)).toEqual(['text', 'text', 'end']);
    await expect.poll(() => bench.usage).toMatchObject([{ outputTokens: Math.ceil((90 + 9) / 3) }]);
  });

  it('counts what was streamed when it breaks off', async () => {
    const broken: ScriptStep[] = [{ kind: 'text', text: 'x'.repeat(300) }, { kind: 'cut' }];
    const { bench, model } = await open({ coordinator: createScriptedModel([broken]) });
    await expect(collectAnswer(model.stream(WORK, never))).rejects.toMatchObject({ code: 'model-cut-off' });
    await expect
      .poll(() => bench.usage)
      .toMatchObject([{ model: 'own', outputTokens: 100, estimated: true }]);
  });
});

describe('a cap', () => {
  it('is a wall: no model is called, the failure is not to be tried again, one entry in the audit log', async () => {
    const upstream = createScriptedModel([says('at last')]);
    const { bench, model } = await open({ coordinator: upstream });
    bench.budget.refuseFor({ kind: 'day', of: '2026-11-21' });
    for (let tries = 0; tries < 3; tries += 1)
      await expect(collectAnswer(model.stream(WORK, never))).rejects.toMatchObject({
        code: 'budget-exhausted',
        status: 402,
        retryable: false,
      });
    expect(upstream.requests).toEqual([]);
    expect(bench.audit).toMatchObject([
      {
        event: 'reservation-refused',
        actor: 'gateway',
        subject: 'T-1',
        detail: { cap: 'day', of: '2026-11-21' },
      },
    ]);
    bench.budget.refuseFor(null);
    expect((await collectAnswer(model.stream(WORK, never))).text).toBe('at last');
  });

  const perByte = estimateRequest(WORK).inputTokens * BYTES_PER_TOKEN;

  it.each([
    ['a provider that keeps to the estimate', { inputTokens: 15, outputTokens: 90 }, 0],
    // The last one's error, as the estimate takes three bytes for a token.
    [
      'a tokenizer that makes a token of each byte',
      { inputTokens: perByte, outputTokens: 100 },
      (perByte * 2) / 3,
    ],
  ])('holds against 50 parallel callers on the real database, with %s', async (_name, used, error) => {
    await using database = new AsyncDisposableStack();
    const pool = await openFreshDatabase();
    database.defer(() => pool.close());
    await emptyDatabase(pool);
    const cap = 1500;
    const answers: ScriptStep[] = [
      { kind: 'text', text: 'x'.repeat(30) },
      { kind: 'wait', milliseconds: 20 },
      { kind: 'end', reason: 'stop', usage: { ...used, estimated: false }, model: 'own' },
    ];
    const { model } = await open({
      coordinator: createScriptedModel(Array(50).fill(answers)),
      plan: { ...PLAN, caps: { ...PLAN.caps, task: { tokens: cap, micros: null } } },
      records: createGatewayStore({ pool }).budget,
    });
    const calls = await Promise.allSettled(
      Array.from({ length: 50 }, () => collectAnswer(model.stream(WORK, never))),
    );
    const refused = calls.filter((call) => call.status === 'rejected');
    expect(refused.length).toBeGreaterThan(30);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'budget-exhausted' });
    const { budget } = await createPostgresStore({ pool });
    const spent = async () => (await budget.state({ kind: 'task', of: 'T-1' })).spent.tokens;
    await expect.poll(spent).toBe((50 - refused.length) * (used.inputTokens + used.outputTokens));
    expect(await spent()).toBeLessThanOrEqual(cap + error);
  });

  it('holds against images, of which some models make twelve times the estimate', async () => {
    await using database = new AsyncDisposableStack();
    const pool = await openFreshDatabase();
    database.defer(() => pool.close());
    await emptyDatabase(pool);
    const cap = 60_000;
    const used = { inputTokens: 25_510, outputTokens: 20, estimated: false };
    const { model } = await open({
      coordinator: createScriptedModel(Array(9).fill(reporting(used))),
      plan: { ...PLAN, caps: { ...PLAN.caps, task: { tokens: cap, micros: null } } },
      records: createGatewayStore({ pool }).budget,
    });
    const seeing: ChatRequest = {
      ...WORK,
      messages: [
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }] },
      ],
    };
    const look = () => collectAnswer(model.stream(seeing, never));
    const calls = await Promise.allSettled(Array.from({ length: 9 }, look));
    const answered = calls.filter(({ status }) => status === 'fulfilled').length;
    const { budget } = await createPostgresStore({ pool });
    const spent = async () => (await budget.state({ kind: 'task', of: 'T-1' })).spent.tokens;
    await expect.poll(spent).toBe(answered * 25_530);
    expect(await spent()).toBeLessThanOrEqual(cap + 25_530);
  });

  it('holds against recordings heard at once, whose cost is known afterwards', async () => {
    await using database = new AsyncDisposableStack();
    const pool = await openFreshDatabase();
    database.defer(() => pool.close());
    await emptyDatabase(pool);
    const store = createGatewayStore({ pool });
    const plan = { ...PLAN, caps: { ...PLAN.caps, day: { tokens: null, micros: 1_000_000 } } };
    const settling = createSettling({ clock: systemClock, log: silentLog, stopping: never });
    const deps = { store, plan: () => plan, clock: systemClock, settling };
    const reported = { inputTokens: null, outputTokens: null, seconds: null, cost: 1.9 };
    const hear = async () => {
      const reservation = await reserveSpeech(deps, 'own', estimateHearing(200_000));
      await reservation?.settle(reported);
      return reservation !== null;
    };
    const heard = await Promise.all(Array.from({ length: 4 }, hear));
    expect(heard.filter(Boolean)).toHaveLength(1);
    const { day } = periodOf(systemClock.now(), plan.timeZone);
    const { budget } = createPostgresStore({ pool });
    expect((await budget.state({ kind: 'day', of: day })).spent.micros).toBe(1_900_000);
  });

  it('that others only hold is waited for, not reported as used up', async () => {
    await using database = new AsyncDisposableStack();
    const pool = await openFreshDatabase();
    database.defer(() => pool.close());
    await emptyDatabase(pool);
    const { inputTokens, outputTokens } = estimateRequest(WORK);
    const cap = 2 * (inputTokens + outputTokens) + inputTokens;
    const used = { inputTokens, outputTokens: 1, estimated: false };
    const answer: ScriptStep[] = [
      { kind: 'text', text: 'x' },
      { kind: 'wait', milliseconds: 1000 },
      { kind: 'end', reason: 'stop', usage: used, model: 'own' },
    ];
    const upstream = createScriptedModel([answer, answer]);
    const { bench, model } = await open({
      coordinator: upstream,
      plan: { ...PLAN, caps: { ...PLAN.caps, day: { tokens: cap, micros: null } } },
      records: createGatewayStore({ pool }).budget,
    });
    const first = collectAnswer(model.stream(WORK, never));
    await expect.poll(() => upstream.requests.length).toBe(1);
    await expect(collectAnswer(model.stream(WORK, AbortSignal.timeout(50)))).rejects.toThrow(/timeout/);
    expect((await collectAnswer(model.stream(WORK, never))).text).toBe('x');
    await first;
    expect(bench.audit).toEqual([]);
  });

  it('is no longer held by a call that is over as soon as the database takes what it came to', async () => {
    await using database = new AsyncDisposableStack();
    const pool = await openFreshDatabase();
    database.defer(() => pool.close());
    await emptyDatabase(pool);
    const real = createGatewayStore({ pool }).budget;
    let isAway = true;
    const away = async () => {
      throw new Error('the database is away');
    };
    const { inputTokens, outputTokens } = estimateRequest(WORK);
    const used = { inputTokens, outputTokens: 1, estimated: false };
    const { bench, model } = await open({
      coordinator: createScriptedModel([reporting(used), reporting(used)]),
      plan: {
        ...PLAN,
        caps: { ...PLAN.caps, day: { tokens: 2 * inputTokens + 2 * outputTokens, micros: null } },
      },
      records: { ...real, settle: (id, settlement) => (isAway ? away() : real.settle(id, settlement)) },
    });
    await collectAnswer(model.stream(WORK, never));
    await expect.poll(() => bench.logged.join()).toContain('could not be settled');
    isAway = false;
    expect((await collectAnswer(model.stream(WORK, AbortSignal.timeout(10_000)))).text).toBe('well then');
    const { budget } = createPostgresStore({ pool });
    const { day } = periodOf(systemClock.now(), PLAN.timeZone);
    await expect
      .poll(async () => (await budget.state({ kind: 'day', of: day })).spent.tokens)
      .toBe(2 * (inputTokens + 1));
  });
});
