import {
  type Approval,
  type AuditEvent,
  type ConversationPlace,
  moveApproval,
  type Records,
} from '@reeve/core';
import { approvalCardEntry } from './approval-card.ts';

/**
 * Ends questions that are not asked any more, cards included; inside the caller's transaction. `because` is a clause.
 *
 * @returns what the caller appends to the audit chain as the last thing in its transaction.
 */
export async function voidApprovals(
  records: Records,
  pending: readonly Approval[],
  conversation: ConversationPlace,
  deps: { newId: () => string; timeZone: () => string },
  { because, at }: { readonly because: string; readonly at: Date },
): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  for (const approval of pending) {
    const move = moveApproval(approval, { kind: 'voided' }, at);
    if (move.kind === 'refused' || !(await records.approvals.settle(move.approval))) continue;
    const entry = approvalCardEntry(move.approval, conversation, deps.newId(), deps.timeZone());
    await records.outbox.add(entry, at);
    events.push(voided(move.approval, because));
  }
  return events;
}

function voided({ code, call, digest, question }: Approval, because: string): AuditEvent {
  const detail = { task: call.task, callId: call.callId, tool: call.tool, digest, question, because };
  return { event: 'approval-voided', actor: 'coordinator', subject: code, detail };
}
