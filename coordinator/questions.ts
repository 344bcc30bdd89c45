import { Readable } from 'node:stream';
import {
  APPROVAL_LIFETIME_MS,
  type Approval,
  type AuditEvent,
  type Clock,
  type DeclareReply,
  type ObjectStore,
  type Records,
  type Task,
  type TaskMove,
} from '@reeve/core';
import { approvalCardEntry } from './approval-card.ts';
import { auditedCall } from './audited-call.ts';
import type { BlobGate } from './blob-gate.ts';
import { type StoredBlob, storeBlobWithin } from './blob-store.ts';
import { type LongArgument, longArguments } from './long-arguments.ts';
import { ABANDONED, holds, type TaskLedger } from './task-ledger.ts';
import { voidApprovals } from './void-approvals.ts';

/** What a question is about. */
export type AskedCall = Pick<Approval, 'question' | 'call' | 'digest' | 'tier' | 'reason'>;

/** Asks the owner; the task waits from the same commit on. */
export interface Asker {
  /** Asks about one exact call; an open question about an earlier form of the same call is asked no more. */
  ask(task: Task, question: AskedCall): Promise<DeclareReply>;
  /** Lets a later attempt wait for a question that is still open; null when it was answered in this moment. */
  askAgain(task: Task, approval: Approval): Promise<DeclareReply | null>;
}

export interface AskerDeps {
  readonly ledger: TaskLedger;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly newCode: (records: Records) => Promise<string>;
  readonly timeZone: () => string;
  readonly objects: ObjectStore;
  readonly limitBytes: number;
  readonly gate: BlobGate;
  /** After the commit. */
  readonly onAsked: (approval: Approval) => void;
}

export function createAsker(deps: AskerDeps): Asker {
  const { ledger, gate } = deps;

  async function ask(task: Task, question: AskedCall): Promise<DeclareReply> {
    const attached = await storeLong(deps, question);
    let approval: Approval | null = null;
    const move = await ledger.change(task.id, ASKED, 'coordinator', async (records, before) => {
      if (before.attempt !== task.attempt) return 'abandon';
      const written = await write(records, task, question, deps);
      approval = written.approval;
      for (const file of attached) await keepLong(records, task, file, deps);
      return [...written.voided, requested(approval)];
    });
    if (move.kind === 'refused' || !approval) return refusal(move);
    return asked(deps, approval);
  }

  return {
    ask: (task, question) => gate.referring(() => ask(task, question)),

    async askAgain(task, approval) {
      const move = await ledger.change(task.id, ASKED, 'coordinator', async (records) =>
        (await isOpen(records, approval)) ? [] : 'abandon',
      );
      if (move.kind === 'moved') return asked(deps, approval);
      if (move.reason === ABANDONED) return null;
      return ledger.beside(task.id, async (records, current): Promise<DeclareReply | null> => {
        if (!holds(current, task.attempt)) return refusal(move);
        return (await isOpen(records, approval)) ? { kind: 'ask', approval: approval.code } : null;
      });
    },
  };
}

type StoredLong = LongArgument & StoredBlob;

/** What the card does not show whole goes to the object store before the question is asked. */
async function storeLong(deps: AskerDeps, { call, digest }: AskedCall): Promise<StoredLong[]> {
  return Promise.all(
    longArguments(call, digest).map(async (argument) => {
      const content = Readable.from([Buffer.from(argument.text)]);
      return { ...argument, ...(await storeBlobWithin(deps, content)) };
    }),
  );
}

async function keepLong(
  records: Records,
  task: Task,
  { path, blob, bytes, sha256 }: StoredLong,
  { clock }: AskerDeps,
): Promise<void> {
  const standing = await records.files.get(path);
  if (standing?.sha256 === sha256) return;
  await records.files.put({ path, blob, bytes, sha256, writtenBy: task.id }, clock.now());
}

async function isOpen(records: Records, { code }: Approval): Promise<boolean> {
  return (await records.approvals.get(code))?.state === 'pending';
}

const ASKED = { kind: 'asked', waitingFor: 'approval' } as const;

function asked(deps: AskerDeps, approval: Approval): DeclareReply {
  deps.onAsked(approval);
  return { kind: 'ask', approval: approval.code };
}

function refusal(move: TaskMove): DeclareReply {
  return { kind: 'stale', reason: move.kind === 'refused' ? move.reason : 'nothing was asked' };
}

interface Written {
  readonly approval: Approval;
  /** Of an earlier form of the call, which is asked no more. */
  readonly voided: readonly AuditEvent[];
}

async function write(records: Records, task: Task, question: AskedCall, deps: AskerDeps): Promise<Written> {
  const conversation = await records.conversations.get(task.conversationId);
  if (!conversation) throw new Error(`${task.id} has no conversation`);
  const now = deps.clock.now();
  const open = await records.approvals.pendingForTask(task.id);
  const earlier = open.filter(({ call }) => call.callId === question.call.callId);
  const anew = { because: 'the call was declared in another form', at: now };
  const voided = await voidApprovals(records, earlier, conversation, deps, anew);
  const approval: Approval = {
    ...question,
    code: await deps.newCode(records),
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
  await records.approvals.insert(approval);
  await records.outbox.add(approvalCardEntry(approval, conversation, deps.newId(), deps.timeZone()), now);
  return { approval, voided };
}

function requested(approval: Approval): AuditEvent {
  const { call, digest, question, tier, code } = approval;
  const detail = {
    task: call.task,
    ...auditedCall(call),
    digest,
    question,
    tier,
  };
  return { event: 'approval-requested', actor: 'coordinator', subject: code, detail };
}
