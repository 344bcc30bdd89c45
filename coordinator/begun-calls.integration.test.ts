import { describe, expect, it } from 'vitest';
import { estateForEach } from './testing/estates.ts';
import type { Estate, House } from './testing/house.ts';
import type { LinkAnswer, ScriptedExecutor } from './testing/scripted-executor.ts';
import { delegating } from './testing/tasks.ts';
import { until } from './testing/until.ts';

let estate: Estate;
estateForEach('begun', (fresh) => {
  estate = fresh;
});

const POST = { method: 'POST', url: 'https://api.example.com/orders', headers: {}, body: 'one book' };
const CUT = 'The connection was cut before an answer came.';

const declare = (executor: ScriptedExecutor) => executor.declare('s1.1', 'http.fetch', POST);

/** Declares until the answer is no question, as the real loop does. */
async function declareUntilAnswered(executor: ScriptedExecutor): Promise<LinkAnswer['body']> {
  for (;;) {
    const { body } = await declare(executor);
    if (body.kind !== 'ask') return body;
    await until(
      () => executor.heard.some((said) => said.kind === 'decision' && said.approval === body.approval),
      `the answer to ${body.approval}`,
    );
  }
}

/** Begins the request under its permit as the gateway does; `why` null leaves it open. */
async function begin(permit: string, why: string | null): Promise<void> {
  expect(await estate.store.permits.consume(permit, estate.clock.now())).toBe(true);
  if (why !== null) await estate.store.permits.settle(permit, { ok: null, content: why }, estate.clock.now());
}

/** A task whose request was approved and begun, and came to nobody knows what; then `after`. */
async function openHouse(after: (executor: ScriptedExecutor) => Promise<void>): Promise<House> {
  return estate.open({
    model: delegating(),
    settings: { holdMs: 20_000 },
    work: async (executor) => {
      const first = await declareUntilAnswered(executor);
      if (first.kind === 'allow') await begin(first.permit, CUT);
      await after(executor);
      await executor.finish();
    },
  });
}

/** Lets the request go out, and returns the code of the question that follows. */
async function beginAndAsk(house: House): Promise<string> {
  await house.say('start it');
  const { code } = await estate.openQuestion();
  await house.decide(code);
  const asked = await until(
    async () => (await estate.store.approvals.pending()).find((approval) => approval.question === 'outcome'),
    'the question what became of it',
  );
  return asked.code;
}

describe('a request of which nobody knows whether it happened', () => {
  it('is asked about with what is known, and never again by itself', async () => {
    const house = await openHouse(async (executor) => void (await declareUntilAnswered(executor)));
    const code = await beginAndAsk(house);
    const card = await until(() => house.channel.card(`approval:${code}`), 'the card');
    expect(card.title).toBe(
      '? T-1 asks: Nobody knows whether this happened: Send 1 POST request to api.example.com',
    );
    expect(JSON.stringify(card.blocks)).toContain(CUT);
    const labels = card.blocks.flatMap((block) =>
      block.kind === 'actions' ? block.actions.map(({ label, typed }) => `${label} ${typed}`) : [],
    );
    expect(labels).toEqual([
      `It happened /happened ${code}`,
      `Do it again /approve ${code}`,
      `Leave it /deny ${code}`,
    ]);
    expect((await house.coordinator.desk.status()).waiting).toHaveLength(1);
    await house.decide(code, 'deny');
    await estate.reaches('T-1', 'succeeded');
  });

  it('goes on as done when the person says that it happened', async () => {
    let settled: LinkAnswer['body'] | null = null;
    const house = await openHouse(async (executor) => {
      settled = await declareUntilAnswered(executor);
    });
    const code = await beginAndAsk(house);
    await house.say(`/happened ${code}`);
    await estate.reaches('T-1', 'succeeded');
    expect(settled).toMatchObject({ kind: 'settled', ok: true });
    expect(await estate.store.permits.unknownUses('T-1')).toEqual([]);
    await until(() => house.channel.card(`approval:${code}`)?.title.startsWith('✓'), 'the settled card');
  });

  it('is done exactly once more when the person says so', async () => {
    const answers: LinkAnswer['body'][] = [];
    const house = await openHouse(async (executor) => {
      const { permit } = await declareUntilAnswered(executor);
      const both = await Promise.all([declare(executor), declare(executor)]);
      answers.push(...both.map(({ body }) => body));
      expect(new Set(answers.map((answer) => answer.permit))).toEqual(new Set([permit]));
      await begin(permit, null);
      await estate.store.permits.settle(permit, { ok: true, content: 'Status 201.' }, estate.clock.now());
      answers.push((await declare(executor)).body);
      expect(await estate.store.permits.consume(permit, estate.clock.now())).toBe(false);
    });
    const code = await beginAndAsk(house);
    expect(
      await house.coordinator.inbound.decide({
        code,
        decision: { kind: 'approve', scope: 'always' },
        chat: { channel: 'local', externalId: 'main' },
        sender: { externalId: 'owner', name: 'owner' },
      }),
    ).toMatchObject({ kind: 'refused' });
    await house.decide(code, 'approve');
    await estate.reaches('T-1', 'succeeded');
    expect(answers.map(({ kind }) => kind)).toEqual(['allow', 'allow', 'settled']);
    expect(answers[2]).toMatchObject({ ok: true, content: 'Status 201.' });
  });

  it('that is unknown again after it was repeated is asked about again', async () => {
    const house = await openHouse(async (executor) => {
      const again = await declareUntilAnswered(executor);
      await begin(again.permit, CUT);
      expect(await declareUntilAnswered(executor)).toMatchObject({ kind: 'settled', ok: false });
    });
    const first = await beginAndAsk(house);
    await house.decide(first, 'approve');
    const second = await until(
      async () => (await estate.store.approvals.pending()).find(({ code }) => code !== first),
      'the second question',
    );
    expect(second.question).toBe('outcome');
    await house.decide(second.code, 'deny');
    await estate.reaches('T-1', 'succeeded');
    await until(
      () => house.channel.texts().at(-1)?.endsWith('nobody knows: Send 1 POST request to api.example.com.'),
      'the result that says so',
    );
  });

  it('is waited for while it may still be under way', async () => {
    const answered = Promise.withResolvers<LinkAnswer['body']>();
    const begun = Promise.withResolvers<string>();
    const house = await estate.open({
      model: delegating(),
      settings: { holdMs: 20_000 },
      work: async (executor) => {
        const { permit } = await declareUntilAnswered(executor);
        await begin(permit, null);
        begun.resolve(permit);
        answered.resolve((await declare(executor)).body);
        await executor.finish();
      },
    });
    await house.say('start it');
    await house.decide((await estate.openQuestion()).code);
    const permit = await begun.promise;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await estate.store.approvals.pending()).toEqual([]);
    await estate.store.permits.settle(permit, { ok: false, content: 'Status 409.' }, estate.clock.now());
    expect(await answered.promise).toMatchObject({ kind: 'settled', ok: false, content: 'Status 409.' });
  });

  it('is said with the result of a task that was cancelled over it', async () => {
    const house = await openHouse(async (executor) => void (await declareUntilAnswered(executor)));
    const code = await beginAndAsk(house);
    await house.say('/cancel T-1');
    await estate.reaches('T-1', 'cancelled');
    await until(
      () => house.channel.texts().some((text) => text.includes('**May have happened**')),
      'the result that says so',
    );
    expect(await house.decide(code, 'approve')).toMatchObject({ kind: 'refused' });
    const card = await until(
      () => house.channel.card(`approval:${code}`)?.blocks.find(({ kind }) => kind === 'text'),
      'the card without buttons',
    );
    expect(JSON.stringify(card)).toContain('It may have happened; it was not repeated.');
  });

  it('is known to nobody’s harm when it only read', async () => {
    const replies: LinkAnswer['body'][] = [];
    const read = { method: 'GET', url: 'https://example.com/page', headers: {}, body: null };
    const house = await estate.open({
      model: delegating(),
      settings: { holdMs: 20_000 },
      work: async (executor) => {
        const asked = (await executor.declare('s1.1', 'http.fetch', read)).body;
        await until(() => executor.heard.some(({ kind }) => kind === 'decision'), 'the decision');
        const { permit } = (await executor.declare('s1.1', 'http.fetch', read)).body;
        await begin(permit, CUT);
        replies.push(asked, (await executor.declare('s1.1', 'http.fetch', read)).body);
        await executor.finish();
      },
    });
    await house.say('start it');
    await house.decide((await estate.openQuestion()).code);
    await estate.reaches('T-1', 'succeeded');
    expect(replies[1]).toMatchObject({ kind: 'settled', ok: false });
    expect(replies[1]?.content).toContain('ask for it again');
  });
});
