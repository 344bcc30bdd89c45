import { type Approval, type ConversationPlace, moveApproval, type Records } from '@reeve/core';
import { approvalCardEntry } from './approval-card.ts';

/** Ends questions that are not asked any more, cards included; inside the caller's transaction. */
export async function voidApprovals(
  records: Records,
  pending: readonly Approval[],
  conversation: ConversationPlace,
  deps: { newId: () => string; timeZone: () => string },
  now: Date,
): Promise<void> {
  for (const approval of pending) {
    const move = moveApproval(approval, { kind: 'voided' }, now);
    if (move.kind === 'refused' || !(await records.approvals.settle(move.approval))) continue;
    await records.outbox.add(
      approvalCardEntry(move.approval, conversation, deps.newId(), deps.timeZone()),
      now,
    );
  }
}
