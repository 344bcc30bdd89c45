import { expect, it } from 'vitest';
import type { Approval } from '../approval.ts';
import { type BudgetPlan, type Reservation, type Settlement, UNCAPPED } from '../budget.ts';
import { digestOf } from '../canonical.ts';
import { formatTaskId } from '../ids.ts';
import type { OpenStore } from './store-fixture.ts';
import { later, NO_TASK, parallel, SAMPLE_TIME, sampleApproval, sampleTask } from './store-samples.ts';

const TASK = formatTaskId(3);
const DAY = { kind: 'day', of: '2026-11-21' } as const;
const MONTH = { kind: 'month', of: '2026-11' } as const;
const OF_TASK = { kind: 'task', of: TASK } as const;

function reservation(more: Partial<Reservation> = {}): Reservation {
  return {
    task: TASK,
    role: 'executor',
    model: 'big',
    inputTokens: 60,
    outputTokens: 40,
    micros: 200,
    day: DAY.of,
    month: MONTH.of,
    at: SAMPLE_TIME,
    ...more,
  };
}

function settlement(more: Partial<Settlement> = {}): Settlement {
  return {
    model: 'big-1',
    inputTokens: 50,
    outputTokens: 5,
    estimated: false,
    micros: 110,
    at: later(1),
    ...more,
  };
}

function capped(more: Partial<BudgetPlan['caps']>): BudgetPlan['caps'] {
  return { ...UNCAPPED.caps, ...more };
}

const tokens = (most: number) => ({ tokens: most, micros: null });

/** Caps, reservations and usage. */
export function budgetContract(open: OpenStore): void {
  it('counts a reservation at once, and what the call came to once it is settled', async () => {
    const { store, gateway } = await open();
    const reserved = await gateway.budget.reserve(reservation(), UNCAPPED.caps);
    if (reserved.kind !== 'reserved') throw new Error('refused');
    for (const cap of [OF_TASK, DAY, MONTH])
      expect((await store.budget.state(cap)).spent).toEqual({ tokens: 100, micros: 200 });
    expect(await store.usage.totals({})).toEqual({ calls: 1, inputTokens: 60, outputTokens: 40 });
    expect(await gateway.budget.settle(reserved.id, settlement())).toBe(true);
    for (const cap of [OF_TASK, DAY, MONTH])
      expect((await store.budget.state(cap)).spent).toEqual({ tokens: 55, micros: 110 });
    expect(await store.usage.totals({})).toEqual({ calls: 1, inputTokens: 50, outputTokens: 5 });
    expect(await gateway.budget.settle(reserved.id, settlement())).toBe(false);
    expect((await store.budget.state(DAY)).spent).toEqual({ tokens: 55, micros: 110 });
  });

  it('gives back what was not used', async () => {
    const { store, gateway } = await open();
    const reserved = await gateway.budget.reserve(reservation(), UNCAPPED.caps);
    if (reserved.kind !== 'reserved') throw new Error('refused');
    await gateway.budget.release(reserved.id);
    await gateway.budget.release(reserved.id);
    expect((await store.budget.state(OF_TASK)).spent).toEqual({ tokens: 0, micros: 0 });
    expect(await store.usage.totals({})).toMatchObject({ calls: 0 });
  });

  it.each([
    ['task', OF_TASK, capped({ task: tokens(199) })],
    ['day', DAY, capped({ day: tokens(199) })],
    ['month', MONTH, capped({ month: tokens(199), day: tokens(200) })],
    ['task in money', OF_TASK, capped({ task: { tokens: null, micros: 399 } })],
    ['day in money', DAY, capped({ day: { tokens: 1000, micros: 399 } })],
  ] as const)('refuses what goes past the cap of the %s, and says which', async (_name, cap, caps) => {
    const { store, gateway } = await open();
    expect(await gateway.budget.reserve(reservation(), caps)).toMatchObject({ kind: 'reserved' });
    await gateway.budget.abandonOpen();
    const refused = { kind: 'refused', cap, spent: { tokens: 100, micros: 200 }, isNews: true };
    expect(await gateway.budget.reserve(reservation(), caps)).toEqual(refused);
    expect(await gateway.budget.reserve(reservation(), caps)).toEqual({ ...refused, isNews: false });
    expect((await store.budget.state(cap)).spent).toEqual({ tokens: 100, micros: 200 });
    expect(await store.budget.refusalOf(TASK)).toEqual({ cap, needed: { tokens: 100, micros: 200 } });
    expect(await store.budget.refusalOf('coordinator')).toBeNull();
  });

  it('leaves room for what calls under way may come to at the most, so that only the last one can go past', async () => {
    const { store, gateway } = await open();
    const caps = capped({ day: { tokens: 300, micros: 10_000 } });
    const slack = { tokens: 50, micros: 0 };
    const [first, second] = [
      await gateway.budget.reserve(reservation({ slack }), caps),
      await gateway.budget.reserve(reservation({ slack }), caps),
    ];
    if (first.kind !== 'reserved' || second.kind !== 'reserved') throw new Error('refused');
    expect((await store.budget.state(DAY)).spent.tokens).toBe(200);
    expect(await gateway.budget.reserve(reservation(), caps)).toEqual({ kind: 'held' });
    expect(await store.budget.refusalOf(TASK)).toBeNull();
    const tooMuch = reservation({ inputTokens: 301, outputTokens: 0 });
    expect(await gateway.budget.reserve(tooMuch, caps)).toMatchObject({ kind: 'refused', cap: DAY });
    await gateway.budget.settle(first.id, settlement({ inputTokens: 40, outputTokens: 10 }));
    expect(await gateway.budget.reserve(reservation(), caps)).toMatchObject({ kind: 'reserved' });
    await gateway.budget.settle(second.id, settlement({ inputTokens: 110, outputTokens: 40 }));
    expect((await store.budget.state(DAY)).spent.tokens).toBe(300);
  });

  it.each([
    ['in money', { day: { tokens: null, micros: 450 } }, { tokens: 0, micros: 60 }, false],
    ['not for what a crash left', { day: tokens(250) }, { tokens: 100, micros: 0 }, true],
  ] as const)('leaves that room %s', async (_name, more, slack, crashes) => {
    const { gateway } = await open();
    const caps = capped(more);
    await gateway.budget.reserve(reservation({ slack }), caps);
    if (crashes) expect(await gateway.budget.abandonOpen()).toBe(1);
    expect((await gateway.budget.reserve(reservation(), caps)).kind).toBe(crashes ? 'reserved' : 'held');
  });

  it('takes a call that fills the cap to the last token', async () => {
    const { gateway } = await open();
    const caps = capped({ day: { tokens: 100, micros: 200 } });
    expect(await gateway.budget.reserve(reservation(), caps)).toMatchObject({ kind: 'reserved' });
  });

  it('holds a model without a price to the token cap only', async () => {
    const { store, gateway } = await open();
    const caps = capped({ day: { tokens: 200, micros: 1 } });
    const free = reservation({ micros: null, task: null, role: 'coordinator' });
    expect(await gateway.budget.reserve(free, caps)).toMatchObject({ kind: 'reserved' });
    expect(await gateway.budget.reserve(free, caps)).toMatchObject({ kind: 'reserved' });
    await gateway.budget.abandonOpen();
    expect(await gateway.budget.reserve(free, caps)).toMatchObject({ kind: 'refused', cap: DAY });
    expect(await store.budget.refusalOf('coordinator')).toMatchObject({ needed: { micros: null } });
  });

  it('adds what people added, and counts the raises', async () => {
    const { store, gateway } = await open();
    const caps = capped({ task: tokens(50) });
    expect(await gateway.budget.reserve(reservation(), caps)).toMatchObject({ kind: 'refused' });
    await store.budget.raise(OF_TASK, { tokens: 30, micros: 5 });
    await store.budget.raise(OF_TASK, { tokens: 20, micros: 0 });
    expect(await store.budget.state(OF_TASK)).toMatchObject({ added: { tokens: 50, micros: 5 }, raises: 2 });
    expect(await gateway.budget.reserve(reservation(), caps)).toMatchObject({ kind: 'reserved' });
    const other = reservation({ task: formatTaskId(4) });
    expect(await gateway.budget.reserve(other, caps)).toMatchObject({ kind: 'refused', isNews: true });
  });

  it('never lets 50 parallel callers past a cap', async () => {
    const { store, gateway } = await open();
    const caps = capped({ day: tokens(1050) });
    const replies = await parallel(50, (index) =>
      gateway.budget.reserve(reservation({ task: formatTaskId(1 + (index % 7)) }), caps),
    );
    expect(replies.filter((reply) => reply.kind === 'reserved')).toHaveLength(10);
    expect((await store.budget.state(DAY)).spent.tokens).toBe(1000);
  });

  it('lets 50 parallel callers that reserve and settle spend the cap and no more than it', async () => {
    const { store, gateway } = await open();
    const caps = capped({ day: tokens(1000) });
    const outcomes = await parallel(50, async () => {
      const reply = await gateway.budget.reserve(reservation(), caps);
      return reply.kind === 'reserved' && gateway.budget.settle(reply.id, settlement());
    });
    const { spent } = await store.budget.state(DAY);
    expect(spent.tokens).toBe(outcomes.filter(Boolean).length * 55);
    expect(spent.tokens).toBeLessThanOrEqual(1000);
    expect(spent.tokens).toBeGreaterThanOrEqual(10 * 55);
  });

  it('shares usage out by task, role and model; what was never settled counts as it was reserved', async () => {
    const { store, gateway } = await open();
    const spend = async (more: Partial<Reservation>, came: Partial<Settlement> | null) => {
      const reply = await gateway.budget.reserve(reservation(more), UNCAPPED.caps);
      if (reply.kind === 'reserved' && came) await gateway.budget.settle(reply.id, settlement(came));
    };
    await spend({}, {});
    await spend({}, { estimated: true, micros: null });
    await spend({}, null);
    await spend({ task: null, role: 'coordinator' }, { inputTokens: 3_000_000_000, model: 'small' });
    await spend({ day: '2026-11-20' }, {});
    const figures = { estimatedCalls: 0, unpricedCalls: 0, micros: 110, outputTokens: 5 };
    const own = { ...figures, task: TASK, role: 'executor', inputTokens: 50, calls: 1 };
    expect(await store.usage.shares({ day: DAY.of })).toEqual([
      { ...figures, task: null, role: 'coordinator', model: 'small', inputTokens: 3_000_000_000, calls: 1 },
      {
        ...own,
        model: 'big-1',
        calls: 2,
        inputTokens: 100,
        outputTokens: 10,
        estimatedCalls: 1,
        unpricedCalls: 1,
      },
      { ...own, model: 'big', inputTokens: 60, outputTokens: 40, micros: 200, estimatedCalls: 1 },
    ]);
    expect((await store.usage.shares({ task: TASK })).map(({ calls }) => calls)).toEqual([3, 1]);
    expect(await store.usage.shares({ task: NO_TASK })).toEqual([]);
    expect(await store.usage.totals({ task: TASK })).toMatchObject({ calls: 4 });
    expect(await store.usage.totals({ since: later(1) })).toMatchObject({ calls: 4 });
    expect(await store.usage.totals({ since: later(2) })).toMatchObject({ calls: 0 });
  });

  it('asks once about a cap that belongs to no task, and again once it was answered', async () => {
    const { store } = await open();
    const task = await sampleTask(store);
    const call = {
      task: null,
      callId: 'budget.day.2026-11-21.1',
      tool: 'budget.add',
      arguments: { addTokens: 1 },
    };
    const question = (code: string): Approval => sampleApproval(task, code, { call, digest: digestOf(call) });
    const inserted = await parallel(5, (index) => store.approvals.insert(question(`A${index}`)));
    expect(inserted.filter(Boolean)).toHaveLength(1);
    const [asked] = await store.approvals.forCall(null, call.callId);
    if (!asked) throw new Error('nothing was asked');
    expect(asked.call).toEqual(call);
    expect(await store.approvals.forTask(task.id)).toEqual([]);
    expect(await store.approvals.pendingForTask(task.id)).toEqual([]);
    await store.approvals.settle({
      ...asked,
      state: 'approved',
      decidedAt: later(1),
      decidedBy: 'Ada',
      scope: 'once',
    });
    expect(await store.approvals.insert(question('B1'))).toBe(true);
    expect((await store.approvals.forCall(null, call.callId)).map(({ code }) => code)).toEqual([
      'B1',
      asked.code,
    ]);
  });
}
