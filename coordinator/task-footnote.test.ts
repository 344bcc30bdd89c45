import type { Approval, Records } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { taskFootnote } from './task-footnote.ts';
import { sampleApproval } from './testing/samples.ts';

function footnote(asked: readonly Approval[], tokens = 0) {
  const records = {
    approvals: { forTask: async () => asked },
    budget: { state: async () => ({ spent: { tokens, micros: 0 }, added: { tokens: 0, micros: 0 } }) },
  } as unknown as Records;
  const cap = { tokens: null, micros: null };
  return taskFootnote(records, 'T-3', { task: { tokens: 2000, micros: null }, day: cap, month: cap });
}

describe('the foot of a task card', () => {
  it('says nothing while there is nothing to say', async () => {
    expect(await footnote([])).toBeNull();
  });

  it('says what was asked, what came of it, how grave it was, and the cost', async () => {
    const asked = [
      sampleApproval({ tier: 'change', state: 'approved' }),
      sampleApproval({ tier: 'change', state: 'sent-back' }),
      sampleApproval({ state: 'pending' }),
    ];
    expect(await footnote(asked, 500)).toBe(
      '3 questions: 1 yes, 1 no, 1 open · destructive · 500 of 2,000 tokens',
    );
    expect(await footnote([sampleApproval({ tier: 'change', state: 'voided' })])).toBe('1 question · change');
  });
});
