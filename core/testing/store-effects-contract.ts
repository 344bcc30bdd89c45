import { expect, it } from 'vitest';
import { type Approval, type ApprovalDecision, type Grant, moveApproval } from '../approval.ts';
import { formatTaskId } from '../ids.ts';
import type { OpenStore } from './store-fixture.ts';
import {
  countOf,
  later,
  NO_TASK,
  parallel,
  SAMPLE_TIME,
  sampleApproval,
  samplePermit,
  sampleTask,
} from './store-samples.ts';

/** Approvals, grants and permits. */
export function effectsContract(open: OpenStore): void {
  it('reads an approval back as it was asked', async () => {
    const { store } = await open();
    const task = await sampleTask(store);
    const asked = sampleApproval(task, 'A7K2');
    await store.approvals.insert(asked);
    expect(await store.approvals.get('A7K2')).toEqual(asked);
    expect(await store.approvals.get('XXXX')).toBeNull();
    expect(await store.approvals.pending()).toEqual([asked]);
    expect(await store.approvals.overdue(later(999))).toEqual([]);
    expect(await store.approvals.overdue(later(1000))).toEqual([asked]);
    expect(await store.approvals.pendingForTask(task.id)).toEqual([asked]);
    expect(await store.approvals.pendingForTask(NO_TASK)).toEqual([]);
  });

  it('finds what was asked for a call, newest first', async () => {
    const { store } = await open();
    const task = await sampleTask(store);
    const first = sampleApproval(task, 'A7K2');
    const second = { ...first, code: 'C3D4' };
    await store.approvals.insert(first);
    await store.approvals.insert(second);
    await store.approvals.insert(sampleApproval(task, 'F9G7'));
    expect(await store.approvals.forCall(task.id, first.call.callId)).toEqual([second, first]);
  });

  it('lets exactly one of 50 parallel decisions win, and keeps it whole', async () => {
    const { store } = await open();
    const task = await sampleTask(store);
    const asked = sampleApproval(task, 'A7K2');
    await store.approvals.insert(asked);
    const decided = Array.from({ length: 50 }, (_, index) => decide(asked, index));
    const wins = await parallel(50, (index) => {
      const settled = decided[index] ?? asked;
      return index % 2 === 0
        ? store.approvals.settle(settled)
        : store.transaction((records) => records.approvals.settle(settled));
    });
    expect(countOf(wins, true)).toBe(1);
    expect(await store.approvals.get('A7K2')).toEqual(decided[wins.indexOf(true)]);
    expect(await store.approvals.pending()).toEqual([]);
  });

  it('takes a decision back when its transaction fails', async () => {
    const { store } = await open();
    const task = await sampleTask(store);
    const asked = sampleApproval(task, 'A7K2');
    await store.approvals.insert(asked);
    const failed = store.transaction(async (records) => {
      expect(await records.approvals.settle(decide(asked, 0))).toBe(true);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await store.approvals.get('A7K2')).toEqual(asked);
    expect(await store.approvals.settle(decide(asked, 1))).toBe(true);
  });

  it('returns the grants of a tool that still hold', async () => {
    const { store } = await open();
    const grant = (id: string, more: Partial<Grant> = {}): Grant => ({
      id,
      tool: 'files.put',
      resource: 'drive/reports/**',
      task: null,
      grantedBy: 'Ada',
      approval: 'A7K2',
      expiresAt: later(1000),
      ...more,
    });
    await store.grants.insert(grant('g1'));
    await store.grants.insert(grant('g2', { task: formatTaskId(4), expiresAt: later(2000) }));
    await store.grants.insert(grant('g3', { tool: 'files.delete' }));
    expect(await store.grants.active('files.put', later(999))).toEqual([
      grant('g1'),
      grant('g2', { task: 'T-4', expiresAt: later(2000) }),
    ]);
    expect((await store.grants.active('files.put', later(1000))).map(({ id }) => id)).toEqual(['g2']);
  });

  it('lists grants and takes those of one approval back, with their unused permits', async () => {
    const { store } = await open();
    const task = await sampleTask(store);
    const grant = (id: string, approval: string, expiresAt = later(1000)): Grant => ({
      id,
      tool: 'files.put',
      resource: 'drive/reports/**',
      task: null,
      grantedBy: 'Ada',
      approval,
      expiresAt,
    });
    const [one, two, over] = [
      grant('g1', 'A7K2', later(2000)),
      grant('g2', 'C3D4'),
      grant('g3', 'A7K2', later(1)),
    ];
    for (const each of [one, two, over]) await store.grants.insert(each);
    for (const [id, approval] of [
      ['used', 'A7K2'],
      ['unused', 'A7K2'],
      ['other', 'C3D4'],
    ] as const)
      await store.permits.insert({ ...samplePermit(task.id, id), approval });
    await store.permits.consume('used', SAMPLE_TIME);
    const permitEnds = async () =>
      Promise.all(['used', 'unused', 'other'].map(async (id) => (await store.permits.get(id))?.expiresAt));
    const before = await permitEnds();
    expect(await store.grants.list(later(10))).toEqual([two, one]);
    expect(await store.grants.revoke('A7K2', later(10))).toEqual([one]);
    expect(await store.grants.list(later(10))).toEqual([two]);
    expect(await permitEnds()).toEqual([before[0], later(10), before[2]]);
    expect(await store.grants.revoke('A7K2', later(10))).toEqual([]);
  });

  it('lets a permit be used once, also by 50 at once', async () => {
    const { store } = await open();
    const task = await sampleTask(store);
    await store.permits.insert(samplePermit(task.id, 'p1'));
    const uses = await parallel(50, (index) =>
      index % 2 === 0
        ? store.permits.consume('p1', SAMPLE_TIME)
        : store.transaction((records) => records.permits.consume('p1', SAMPLE_TIME)),
    );
    expect(countOf(uses, true)).toBe(1);
    expect(await store.permits.consume('p1', later(1))).toBe(false);
    expect(await store.permits.consume('nobody', SAMPLE_TIME)).toBe(false);
  });

  it('counts two permits for one call as one licence', async () => {
    const { store } = await open();
    const task = await sampleTask(store);
    await store.permits.insert(samplePermit(task.id, 'p1', 'call'));
    await store.permits.insert(samplePermit(task.id, 'p2', 'call'));
    expect(await store.permits.consume('p1', SAMPLE_TIME)).toBe(true);
    expect(await store.permits.consume('p2', SAMPLE_TIME)).toBe(false);
    expect(await store.permits.forCall(task.id, 'call')).toMatchObject({
      permit: { id: 'p2' },
      use: { usedAt: SAMPLE_TIME },
    });
  });

  it('gives a use back when its transaction fails', async () => {
    const { store } = await open();
    const task = await sampleTask(store);
    await store.permits.insert(samplePermit(task.id, 'p1'));
    const failed = store.transaction(async (records) => {
      expect(await records.permits.consume('p1', SAMPLE_TIME)).toBe(true);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await store.permits.consume('p1', SAMPLE_TIME)).toBe(true);
  });

  it('tells unused, used and settled permits of a call apart', async () => {
    const { store } = await open();
    const task = await sampleTask(store);
    const permit = samplePermit(task.id, 'p1');
    await store.permits.insert(permit);
    const { callId } = permit.call;
    expect(await store.permits.get('p1')).toEqual(permit);
    expect(await store.permits.get('nobody')).toBeNull();
    expect(await store.permits.forCall(task.id, 'other')).toBeNull();
    expect(await store.permits.forCall(task.id, callId)).toEqual({ permit, use: null });
    await store.permits.consume('p1', later(5));
    const unsettled = { usedAt: later(5), settled: null };
    expect(await store.permits.forCall(task.id, callId)).toEqual({ permit, use: unsettled });
    await store.permits.settle('p1', { ok: false, content: 'disk full' }, later(6));
    await store.permits.settle('p1', { ok: true, content: 'no, it worked' }, later(7));
    const settled = { usedAt: later(5), settled: { ok: false, content: 'disk full' } };
    expect(await store.permits.forCall(task.id, callId)).toEqual({ permit, use: settled });
  });

  it('keeps what nobody knows until somebody does, and then for good', async () => {
    const { store } = await open();
    const task = await sampleTask(store);
    const permit = samplePermit(task.id, 'p1');
    await store.permits.insert(permit);
    expect(await store.permits.unknownUses(task.id)).toEqual([]);
    await store.permits.consume('p1', SAMPLE_TIME);
    expect(await store.permits.unknownUses(task.id)).toEqual([permit.call]);
    await store.permits.settle('p1', { ok: null, content: 'cut off' }, later(1));
    expect(await store.permits.forCall(task.id, permit.call.callId)).toMatchObject({
      use: { settled: { ok: null, content: 'cut off' } },
    });
    expect(await store.permits.unknownUses(task.id)).toEqual([permit.call]);
    await store.permits.settle('p1', { ok: true, content: 'it happened' }, later(2));
    await store.permits.settle('p1', { ok: null, content: 'cut off' }, later(3));
    expect(await store.permits.unknownUses(task.id)).toEqual([]);
  });

  it('lets a call happen once more for each repetition a person asked for', async () => {
    const { store } = await open();
    const task = await sampleTask(store);
    const first = samplePermit(task.id, 'p1', 'call');
    await store.permits.insert(first);
    await store.permits.consume('p1', SAMPLE_TIME);
    await store.permits.settle('p1', { ok: null, content: 'cut off' }, later(1));
    await store.permits.insert({ ...first, id: 'p2', retry: 1 });
    await store.permits.insert({ ...first, id: 'p3', retry: 1 });
    expect(await store.permits.forCall(task.id, 'call')).toMatchObject({ permit: { retry: 1 }, use: null });
    expect(await store.permits.unknownUses(task.id)).toEqual([]);
    const uses = await parallel(20, (index) =>
      store.permits.consume(index % 2 === 0 ? 'p2' : 'p3', later(2)),
    );
    expect(countOf(uses, true)).toBe(1);
    expect(await store.permits.consume('p1', later(3))).toBe(false);
  });

  it('gives open uses up when whoever had begun them is gone', async () => {
    const { store } = await open();
    const task = await sampleTask(store);
    for (const id of ['p1', 'p2', 'p3']) await store.permits.insert(samplePermit(task.id, id));
    await store.permits.consume('p1', SAMPLE_TIME);
    await store.permits.consume('p2', SAMPLE_TIME);
    await store.permits.settle('p2', { ok: true, content: 'done' }, later(1));
    expect(await store.permits.abandonOpenUses('stopped', later(2))).toBe(1);
    expect(await store.permits.abandonOpenUses('stopped', later(3))).toBe(0);
    expect(await store.permits.forCall(task.id, 'call-p1')).toMatchObject({
      use: { settled: { ok: null, content: 'stopped' } },
    });
    expect(await store.permits.forCall(task.id, 'call-p3')).toMatchObject({ use: null });
  });
}

function decide(asked: Approval, index: number): Approval {
  const decision: ApprovalDecision =
    index % 2 === 0 ? { kind: 'approve', scope: 'once' } : { kind: 'deny', note: `no, said ${index}` };
  const moved = moveApproval(asked, { kind: 'decided', decision, by: `person ${index}` }, SAMPLE_TIME);
  if (moved.kind === 'refused') throw new Error(moved.reason);
  return moved.approval;
}
