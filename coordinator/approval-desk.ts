import {
  type Approval,
  type ApprovalDecision,
  type AuditEvent,
  type Clock,
  type Failure,
  formatApprovalCode,
  GRANT_LIFETIME_MS,
  type Grant,
  moveApproval,
  type Records,
  resourceOf,
  type Store,
  type Task,
  type TaskEvent,
  type TaskId,
  takesStandingYes,
} from '@reeve/core';
import { approvalCardEntry, isInFolder } from './approval-card.ts';
import { auditedCall } from './audited-call.ts';
import { raiseOf } from './budget-card.ts';
import { ENDED_FOR_BUDGET } from './budget-desk.ts';
import { answerSentence } from './question-words.ts';
import { ABANDONED, type TaskLedger } from './task-ledger.ts';

export type Decided =
  | { readonly kind: 'decided'; readonly approval: Approval }
  | { readonly kind: 'refused'; readonly failure: Failure };

/** Answers questions: one code path for buttons, typed commands, web and API. */
export interface ApprovalDesk {
  /** Exactly one decision wins, in the database. `by` is the person's name for the card. */
  decide(code: string, decision: ApprovalDecision, by: string): Promise<Decided>;
  /** Lets every question past its time lapse; a lapsed question counts as a no. */
  expireDue(): Promise<void>;
  /** A code that no question has had; inside the transaction that asks. */
  newCode(records: Pick<Records, 'approvals'>): Promise<string>;
}

const CODE_LENGTH = 4;
/** Draws that meet a used code before the code grows by a character, up to what people are asked to type. */
const TRIES_PER_LENGTH = 8;
const LONGER_BY = 4;

export function createApprovalDesk(deps: {
  store: Store;
  ledger: TaskLedger;
  clock: Clock;
  newId: () => string;
  randomBytes: (count: number) => Uint8Array;
  timeZone: () => string;
  /** After the commit: tells the executor that waits, or lets the dispatcher start the next attempt. */
  onDecided: (approval: Approval) => void;
}): ApprovalDesk {
  const { store, ledger, clock } = deps;

  async function settle(approval: Approval, actor: string): Promise<boolean> {
    const event = {
      event: `approval-${approval.state}`,
      actor,
      subject: approval.code,
      detail: detailOf(approval),
    };
    const events = [event, ...raiseEvents(approval, actor)];
    const { task } = approval.call;
    if (task === null) return store.transaction((records) => settleAlone(records, approval, events));
    let waitsForOther = false;
    const move = await ledger.change(task, taskEventOf(approval), actor, async (records, before) => {
      waitsForOther = before.state === 'waiting' && !waitsFor(before, approval);
      return !waitsForOther && (await writeSettled(records, approval, deps)) ? events : 'abandon';
    });
    if (move.kind === 'moved') return true;
    if (move.reason === ABANDONED && !waitsForOther) return false;
    const settled = await settleWithoutTask(approval, task, events);
    return settled === 'task-waits' ? settle(approval, actor) : settled;
  }

  /**
   * The task does not wait for it any more (a pause, a crash in between): the question is settled all the same, unless
   * the task begins to wait for it in this very moment.
   */
  async function settleWithoutTask(
    approval: Approval,
    of: TaskId,
    events: readonly AuditEvent[],
  ): Promise<boolean | 'task-waits'> {
    return ledger.beside(of, async (records, task) =>
      task && waitsFor(task, approval) ? 'task-waits' : settleAlone(records, approval, events),
    );
  }

  async function settleAlone(
    records: Records,
    approval: Approval,
    events: readonly AuditEvent[],
  ): Promise<boolean> {
    if (!(await writeSettled(records, approval, deps))) return false;
    for (const event of events) await records.audit.append(event, clock.now());
    return true;
  }

  return {
    async decide(code, decision, by) {
      const approval = await store.approvals.get(code);
      if (!approval) return { kind: 'refused', failure: { code: 'approval-unknown', about: code } };
      const move = moveApproval(approval, { kind: 'decided', decision, by }, clock.now());
      if (move.kind === 'refused')
        return { kind: 'refused', failure: { code: REFUSALS[move.reason], about: code } };
      if (!(await settle(move.approval, `person:${by}`)))
        return { kind: 'refused', failure: { code: 'approval-decided', about: code } };
      deps.onDecided(move.approval);
      return { kind: 'decided', approval: move.approval };
    },

    async expireDue() {
      for (const overdue of await store.approvals.overdue(clock.now())) {
        const move = moveApproval(overdue, { kind: 'expired' }, clock.now());
        if (move.kind === 'moved' && (await settle(move.approval, 'coordinator')))
          deps.onDecided(move.approval);
      }
    },

    async newCode(records) {
      for (let tries = 0; ; tries += 1) {
        const length = CODE_LENGTH + Math.min(LONGER_BY, Math.floor(tries / TRIES_PER_LENGTH));
        const code = formatApprovalCode(deps.randomBytes(length));
        if (!(await records.approvals.get(code))) return code;
      }
    },
  };
}

/** What a person found out about a call is its result. */
async function confirm(records: Records, { call, digest, decidedBy }: Approval, now: Date): Promise<void> {
  const begun = call.task && (await records.permits.forDigest(call.task, call.callId, digest));
  if (!begun) throw new Error(`${call.task} was asked about ${call.callId}, for which there is no permit`);
  const content = `${decidedBy ?? 'The owner'} looked and says that it happened. Its answer is not known.`;
  await records.permits.settle(begun.id, { ok: true, content }, now);
}

/** The answer, and what follows from it: a standing yes, a higher cap, the card, what the conversation remembers. */
async function writeSettled(
  records: Records,
  approval: Approval,
  { clock, newId, timeZone }: { clock: Clock; newId: () => string; timeZone: () => string },
): Promise<boolean> {
  const now = clock.now();
  if (!(await records.approvals.settle(approval))) return false;
  if (approval.state === 'confirmed') await confirm(records, approval, now);
  const grant = grantOf(approval, newId(), now);
  if (grant) await records.grants.insert(grant);
  const raise = raiseOf(approval);
  if (raise && approval.state === 'approved')
    await records.budget.raise(
      { kind: raise.cap, of: raise.of },
      { tokens: raise.addTokens, micros: raise.addMicros },
    );
  const conversation = await records.conversations.get(approval.conversationId);
  if (conversation)
    await records.outbox.add(approvalCardEntry(approval, conversation, newId(), timeZone()), now);
  await records.messages.append({
    conversationId: approval.conversationId,
    turnId: null,
    taskId: approval.call.task,
    role: 'event',
    origin: { kind: 'agent' },
    text: `${approval.call.task ?? 'Reeve'} asked. ${answerSentence(approval)}`,
    attachments: [],
    at: now,
  });
  return true;
}

const REFUSALS = {
  'already-decided': 'approval-decided',
  expired: 'approval-expired',
  'not-expired': 'approval-decided',
  'scope-too-wide': 'approval-scope',
  'not-begun': 'approval-not-begun',
  'nothing-to-edit': 'approval-not-editable',
} as const;

/** What an answer does to the task that waits for it: a task that gets no more budget ends. */
function taskEventOf(approval: Approval): TaskEvent {
  return raiseOf(approval) && approval.state !== 'approved'
    ? { kind: 'set-aside', outcome: ENDED_FOR_BUDGET }
    : { kind: 'answered' };
}

function waitsFor(task: Task, approval: Approval): boolean {
  return task.state === 'waiting' && task.waitingFor === (raiseOf(approval) ? 'budget' : 'approval');
}

function raiseEvents(approval: Approval, actor: string): AuditEvent[] {
  const raise = raiseOf(approval);
  if (!raise || approval.state !== 'approved') return [];
  const detail = { ...raise, approval: approval.code };
  return [{ event: 'cap-raised', actor, subject: raise.of, detail }];
}

function detailOf(approval: Approval): AuditEvent['detail'] {
  const { question, call, digest, scope, note } = approval;
  return {
    task: call.task,
    ...auditedCall(call),
    digest,
    question,
    scope,
    note,
  };
}

/** The standing yes that a wider scope gives: this resource only, for the task or for thirty days. */
function grantOf(approval: Approval, id: string, now: Date): Grant | null {
  if (
    approval.state !== 'approved' ||
    !takesStandingYes(approval) ||
    approval.scope === 'once' ||
    approval.scope === null
  )
    return null;
  const task: TaskId | null = approval.scope === 'task' ? approval.call.task : null;
  return {
    id,
    tool: approval.call.tool,
    resource: grantedResource(approval),
    task,
    grantedBy: approval.decidedBy ?? '',
    approval: approval.code,
    expiresAt: new Date(now.getTime() + GRANT_LIFETIME_MS),
  };
}

/** How far a standing yes reaches: a host's pages, one opened host, one file; for a task, what stands in its folder too. */
function grantedResource({ call, scope }: Approval): string {
  const resource = resourceOf(call);
  if (call.tool === 'http.fetch') return `${resource.split('/')[0]}/**`;
  return scope === 'task' && isInFolder(call)
    ? `${resource.slice(0, resource.lastIndexOf('/'))}/**`
    : resource;
}
