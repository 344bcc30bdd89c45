import {
  APPROVAL_LIFETIME_MS,
  type Approval,
  type Clock,
  type DeclareReply,
  type EffectCall,
  type Records,
  type Task,
} from '@reeve/core';
import { approvalCardEntry } from './approval-card.ts';
import type { TaskLedger } from './task-ledger.ts';

/** Asks the owner about one exact call; the task waits from the same commit on. */
export type Asker = (
  task: Task,
  question: Pick<Approval, 'call' | 'digest' | 'tier' | 'reason'>,
) => Promise<DeclareReply>;

export interface AskerDeps {
  readonly ledger: TaskLedger;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly newCode: () => string;
  readonly timeZone: string;
  /** After the commit. */
  readonly onAsked: (approval: Approval) => void;
}

export function createAsker(deps: AskerDeps): Asker {
  return async (task, question) => {
    const now = deps.clock.now();
    const approval: Approval = {
      ...question,
      code: deps.newCode(),
      conversationId: task.conversationId,
      origin: task.origin,
      state: 'pending',
      askedAt: now,
      expiresAt: new Date(now.getTime() + APPROVAL_LIFETIME_MS),
      decidedAt: null,
      decidedBy: null,
      scope: null,
      note: null,
    };
    const event = {
      event: 'approval-requested',
      actor: 'coordinator',
      subject: approval.code,
      detail: detailOf(approval),
    };
    const move = await deps.ledger.change(
      task.id,
      { kind: 'asked', waitingFor: 'approval' },
      'coordinator',
      async (records) => {
        await write(records, approval, deps);
        return [event];
      },
    );
    if (move.kind === 'refused') return { kind: 'stale', reason: move.reason };
    deps.onAsked(approval);
    return { kind: 'ask', approval: approval.code };
  };
}

async function write(records: Records, approval: Approval, deps: AskerDeps): Promise<void> {
  const conversation = await records.conversations.get(approval.conversationId);
  if (!conversation) throw new Error(`approval ${approval.code} has no conversation`);
  await records.approvals.insert(approval);
  await records.outbox.add(
    approvalCardEntry(approval, conversation, deps.newId(), deps.timeZone),
    approval.askedAt,
  );
}

function detailOf({ call, digest, tier }: Approval): {
  task: string;
  callId: string;
  tool: string;
  arguments: EffectCall['arguments'];
  digest: string;
  tier: string;
} {
  return { task: call.task, callId: call.callId, tool: call.tool, arguments: call.arguments, digest, tier };
}
