import {
  type Approval,
  type AuditEvent,
  type Conversation,
  moveTask,
  type ObjectStore,
  type Records,
  type Store,
  type Task,
  type TaskEvent,
} from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { createApprovalDesk } from './approval-desk.ts';
import { createBlobGate } from './blob-gate.ts';
import { createAsker } from './questions.ts';
import { ABANDONED, type AlsoWrite, type TaskLedger } from './task-ledger.ts';
import { createManualClock, NOW, sampleApproval, sampleTask } from './testing/samples.ts';

const conversation: Conversation = { id: 'c', chat: { channel: 'http', externalId: 'main' }, createdAt: NOW };

/** One task and its questions, with what others do in the moment before a transaction. */
function createRoom(task: Partial<Task>, ...approvals: Approval[]) {
  const now = { task: sampleTask(task) };
  const asked = new Map(approvals.map((approval) => [approval.code, approval]));
  const heard: string[] = [];
  let interlude: (() => void) | null = null;
  const records = {
    conversations: { get: async () => conversation },
    approvals: {
      get: async (code: string) => asked.get(code) ?? null,
      insert: async (approval: Approval) => void asked.set(approval.code, approval),
      pendingForTask: async () => [...asked.values()].filter(({ state }) => state === 'pending'),
      settle: async (approval: Approval) => {
        if (asked.get(approval.code)?.state !== 'pending') return false;
        asked.set(approval.code, approval);
        return true;
      },
    },
    outbox: { add: async () => undefined },
    messages: { append: async () => 1 },
    grants: { insert: async () => undefined },
    audit: { append: async (event: AuditEvent) => void heard.push(event.event) },
  } as unknown as Records;
  const between = () => {
    const work = interlude;
    interlude = null;
    work?.();
  };
  const ledger: TaskLedger = {
    async change(_id, event: TaskEvent, _actor, also?: AlsoWrite) {
      between();
      const move = moveTask(now.task, event, NOW);
      if (move.kind === 'refused') return move;
      const audit = also ? await also(records, now.task, move.task) : [];
      if (audit === 'abandon') return { kind: 'refused', reason: ABANDONED };
      now.task = move.task;
      return move;
    },
    changeFresh: async () => null,
    meet: () => undefined,
    async beside(_id, work) {
      between();
      return work(records, now.task);
    },
    onChanged: () => undefined,
  };
  const clock = createManualClock();
  const codes = ['A7K2', 'A7K2', 'QQQQ'];
  const desk = createApprovalDesk({
    store: records as unknown as Store,
    ledger,
    clock,
    newId: () => 'id',
    randomBytes: (count) => Uint8Array.from({ length: count }, () => codes.length),
    timeZone: () => 'UTC',
    onDecided: () => undefined,
  });
  const asker = createAsker({
    ledger,
    clock,
    newId: () => 'id',
    newCode: async () => codes.pop() ?? 'none',
    timeZone: () => 'UTC',
    objects: {} as ObjectStore,
    limitBytes: 0,
    gate: createBlobGate(),
    onAsked: ({ code }) => void heard.push(`hold ${code}`),
  });
  return {
    desk,
    asker,
    heard,
    records,
    task: () => now.task,
    approval: (code: string) => asked.get(code),
    settleQuietly: (approval: Approval) => void asked.set(approval.code, approval),
    moveQuietly(event: TaskEvent) {
      const move = moveTask(now.task, event, NOW);
      if (move.kind === 'moved') now.task = move.task;
    },
    meanwhile(work: () => void) {
      interlude = work;
    },
  };
}

const WAITING = { state: 'waiting', waitingFor: 'approval' } as const;
const ASKED = { kind: 'asked', waitingFor: 'approval' } as const;

describe('a decision', () => {
  it('that comes second changes nothing, though the task waits again for something else', async () => {
    const room = createRoom(WAITING, sampleApproval());
    room.meanwhile(() => room.settleQuietly(sampleApproval({ state: 'denied', decidedBy: 'Bob' })));
    const late = await room.desk.decide('A7K2', { kind: 'approve', scope: 'once' }, 'Ada');
    expect(late).toEqual({ kind: 'refused', failure: { code: 'approval-decided', about: 'A7K2' } });
    expect([room.task().state, room.approval('A7K2')?.decidedBy]).toEqual(['waiting', 'Bob']);
  });

  it('is taken while the task does not wait, and lets nothing wait that begins to in that moment', async () => {
    const room = createRoom({ state: 'running' }, sampleApproval());
    let moments = 0;
    const step = () => {
      moments += 1;
      if (moments === 1) room.meanwhile(step);
      else room.moveQuietly(ASKED);
    };
    room.meanwhile(step);
    expect(await room.desk.decide('A7K2', { kind: 'approve', scope: 'once' }, 'Ada')).toMatchObject({
      kind: 'decided',
    });
    expect([room.task().state, room.approval('A7K2')?.state]).toEqual(['running', 'approved']);
  });

  it('draws codes that no question has had', async () => {
    const taken = new Set<string>();
    const room = createRoom(WAITING);
    const records = {
      approvals: { get: async (code: string) => (taken.has(code) ? sampleApproval({ code }) : null) },
    } as unknown as Records;
    const first = await room.desk.newCode(records);
    taken.add(first);
    const second = await room.desk.newCode(records);
    expect(second).not.toBe(first);
    expect([first.length, second.length]).toEqual([4, 5]);
  });
});

describe('a question', () => {
  it('that was answered in the moment it is asked again is not waited for', async () => {
    const room = createRoom({ state: 'running' }, sampleApproval());
    room.meanwhile(() => room.settleQuietly(sampleApproval({ state: 'approved' })));
    expect(await room.asker.askAgain(room.task(), sampleApproval())).toBeNull();
    expect([room.task().state, room.heard]).toEqual(['running', []]);
  });

  it('that is asked again while it is waited for gets the same answer', async () => {
    const room = createRoom(WAITING, sampleApproval());
    expect(await room.asker.askAgain(room.task(), sampleApproval())).toEqual({
      kind: 'ask',
      approval: 'A7K2',
    });
  });

  it('of an attempt that is over ends its executor', async () => {
    const room = createRoom({ ...WAITING, attempt: 2 }, sampleApproval());
    expect(await room.asker.askAgain(sampleTask({ attempt: 1 }), sampleApproval())).toMatchObject({
      kind: 'stale',
    });
  });

  it('about a changed call ends the one before, and holds the executor', async () => {
    const room = createRoom({ state: 'running' }, sampleApproval());
    const { question, call, digest, tier, reason } = sampleApproval({ digest: 'other' });
    const reply = await room.asker.ask(room.task(), { question, call, digest, tier, reason });
    expect(reply).toEqual({ kind: 'ask', approval: 'QQQQ' });
    expect([room.approval('A7K2')?.state, room.approval('QQQQ')?.state, room.task().state]).toEqual([
      'voided',
      'pending',
      'waiting',
    ]);
    expect(room.heard).toEqual(['hold QQQQ']);
  });
});
