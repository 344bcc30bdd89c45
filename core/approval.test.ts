import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Approval, type ApprovalEvent, moveApproval } from './approval.ts';

const NOW = new Date('2026-11-20T10:00:00Z');
const EXPIRY = new Date('2026-11-27T10:00:00Z');

function question(patch: Partial<Approval> = {}): Approval {
  return {
    code: 'A7K3',
    conversationId: 'c',
    call: { task: 'T-3', callId: 's2.1', tool: 'files.delete', arguments: { path: 'T-1/primes.csv' } },
    digest: 'd',
    question: 'permission',
    tier: 'destructive',
    origin: { kind: 'owner', person: 'owner' },
    reason: '',
    state: 'pending',
    askedAt: NOW,
    expiresAt: EXPIRY,
    decidedAt: null,
    decidedBy: null,
    scope: null,
    note: null,
    ...patch,
  };
}

const yes: ApprovalEvent = { kind: 'decided', decision: { kind: 'approve', scope: 'once' }, by: 'owner' };
const no: ApprovalEvent = { kind: 'decided', decision: { kind: 'deny', note: 'keep it' }, by: 'owner' };

describe('a question', () => {
  it('takes a yes with its scope and who said it', () => {
    expect(moveApproval(question(), yes, NOW)).toMatchObject({
      kind: 'moved',
      approval: { state: 'approved', scope: 'once', decidedBy: 'owner', decidedAt: NOW },
    });
  });

  it('takes a no with what was said', () => {
    expect(moveApproval(question(), no, NOW)).toMatchObject({
      kind: 'moved',
      approval: { state: 'denied', note: 'keep it' },
    });
  });

  it('takes no standing yes for something destructive', () => {
    for (const scope of ['task', 'always'] as const) {
      const event: ApprovalEvent = { kind: 'decided', decision: { kind: 'approve', scope }, by: 'owner' };
      expect(moveApproval(question(), event, NOW)).toEqual({ kind: 'refused', reason: 'scope-too-wide' });
      expect(moveApproval(question({ tier: 'change' }), event, NOW)).toMatchObject({
        kind: 'moved',
        approval: { scope },
      });
    }
  });

  it('is sent back with what to change, where there is something to change', () => {
    const edit: ApprovalEvent = {
      kind: 'decided',
      decision: { kind: 'edit', note: 'to Ben only' },
      by: 'owner',
    };
    expect(moveApproval(question(), edit, NOW)).toMatchObject({
      approval: { state: 'sent-back', note: 'to Ben only', decidedBy: 'owner' },
    });
    for (const more of [
      { question: 'outcome' },
      { call: { ...question().call, tool: 'budget.add' } },
    ] as const)
      expect(moveApproval(question(more), edit, NOW)).toEqual({ kind: 'refused', reason: 'nothing-to-edit' });
  });

  it('about an outcome takes what the person found out, and no standing yes', () => {
    const happened: ApprovalEvent = { kind: 'decided', decision: { kind: 'happened' }, by: 'owner' };
    const about = question({ question: 'outcome', tier: 'change' });
    expect(moveApproval(about, happened, NOW)).toMatchObject({
      approval: { state: 'confirmed', decidedBy: 'owner', scope: null },
    });
    expect(moveApproval(question(), happened, NOW)).toEqual({ kind: 'refused', reason: 'not-begun' });
    const standing: ApprovalEvent = {
      kind: 'decided',
      decision: { kind: 'approve', scope: 'always' },
      by: 'owner',
    };
    expect(moveApproval(about, standing, NOW)).toEqual({ kind: 'refused', reason: 'scope-too-wide' });
    const call = { ...question().call, tool: 'schedule.create' };
    const later = question({ tier: 'change', call });
    expect(moveApproval(later, standing, NOW)).toEqual({ kind: 'refused', reason: 'scope-too-wide' });
  });

  it('takes no answer at or after its expiry, and does not lapse before', () => {
    expect(moveApproval(question(), yes, EXPIRY)).toEqual({ kind: 'refused', reason: 'expired' });
    expect(moveApproval(question(), { kind: 'expired' }, NOW)).toEqual({
      kind: 'refused',
      reason: 'not-expired',
    });
    expect(moveApproval(question(), { kind: 'expired' }, EXPIRY)).toMatchObject({
      approval: { state: 'expired' },
    });
  });

  it('is settled by the first answer, whatever comes after', () => {
    const events = fc.array(
      fc.constantFrom<ApprovalEvent[]>(yes, no, { kind: 'expired' }, { kind: 'voided' }),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(events, fc.boolean(), (sequence, isLate) => {
        const now = isLate ? EXPIRY : NOW;
        let approval = question();
        let settled = 0;
        for (const event of sequence) {
          const move = moveApproval(approval, event, now);
          if (move.kind === 'refused') continue;
          settled += 1;
          approval = move.approval;
        }
        expect(settled).toBeLessThanOrEqual(1);
      }),
    );
  });
});
