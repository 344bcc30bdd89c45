import {
  APPROVAL_LIFETIME_MS,
  type Approval,
  type Clock,
  type DeclareReply,
  type DeclareRequest,
  digestOf,
  type EffectCall,
  judge,
  type Permit,
  parseAll,
  parseDrivePath,
  type Records,
  resourceOf,
  type Store,
  type Task,
  type Verdict,
} from '@reeve/core';
import { approvalCardEntry } from './approval-card.ts';
import type { TaskLedger } from './task-ledger.ts';

/** Declared effects: policy, questions, permits. See “Permit: the life of an effect” in the contracts. */
export interface EffectDesk {
  /** Answers a declaration; the same call asked again gets the same answer. */
  declare(task: Task, request: DeclareRequest): Promise<DeclareReply>;
}

const PERMIT_LIFETIME_MS = 10 * 60 * 1000;
/** How the model reads that a person said no. */
export const DENIED = 'DENIED';

export function createEffectDesk(deps: {
  store: Store;
  ledger: TaskLedger;
  clock: Clock;
  newId: () => string;
  newCode: () => string;
  timeZone: string;
  onAsked: (approval: Approval) => void;
}): EffectDesk {
  const { store, clock, newId } = deps;

  async function issuePermit(
    call: EffectCall,
    digest: string,
    approval: string | null,
    because: string,
  ): Promise<DeclareReply> {
    const now = clock.now();
    const permit: Permit = {
      id: newId(),
      call,
      digest,
      approval,
      expiresAt: new Date(now.getTime() + PERMIT_LIFETIME_MS),
    };
    await store.transaction(async (records) => {
      await records.permits.insert(permit);
      const detail = { callId: call.callId, tool: call.tool, arguments: call.arguments, digest, because };
      await records.audit.append(
        { event: 'effect-permitted', actor: 'coordinator', subject: call.task, detail },
        now,
      );
    });
    return { kind: 'allow', permit: permit.id };
  }

  async function deny(call: EffectCall, reason: string): Promise<DeclareReply> {
    const detail = { callId: call.callId, tool: call.tool, arguments: call.arguments, reason };
    await store.audit.append(
      { event: 'effect-denied', actor: 'coordinator', subject: call.task, detail },
      clock.now(),
    );
    return { kind: 'deny', reason };
  }

  async function ask(
    task: Task,
    call: EffectCall,
    digest: string,
    tier: Approval['tier'],
    reason: string,
  ): Promise<DeclareReply> {
    const now = clock.now();
    const approval: Approval = {
      code: deps.newCode(),
      conversationId: task.conversationId,
      call,
      digest,
      tier,
      origin: task.origin,
      reason,
      state: 'pending',
      askedAt: now,
      expiresAt: new Date(now.getTime() + APPROVAL_LIFETIME_MS),
      decidedAt: null,
      decidedBy: null,
      scope: null,
      note: null,
    };
    const move = await deps.ledger.change(
      task.id,
      { kind: 'asked', waitingFor: 'approval' },
      'coordinator',
      async (records) => {
        await writeQuestion(records, approval, now);
        const detail = {
          task: task.id,
          callId: call.callId,
          tool: call.tool,
          arguments: call.arguments,
          digest,
          tier,
        };
        return [{ event: 'approval-requested', actor: 'coordinator', subject: approval.code, detail }];
      },
    );
    if (move.kind === 'refused') return { kind: 'stale', reason: move.reason };
    deps.onAsked(approval);
    return { kind: 'ask', approval: approval.code };
  }

  async function writeQuestion(records: Records, approval: Approval, now: Date): Promise<void> {
    await records.approvals.insert(approval);
    const conversation = await records.conversations.get(approval.conversationId);
    if (!conversation) throw new Error(`approval ${approval.code} has no conversation`);
    await records.outbox.add(approvalCardEntry(approval, conversation, newId(), deps.timeZone), now);
  }

  /** What earlier questions about this very call came to; null when it was never asked or has changed since. */
  async function earlierAnswer(task: Task, call: EffectCall, digest: string): Promise<DeclareReply | null> {
    const [latest] = (await store.approvals.forCall(call.task, call.callId)).filter(
      (approval) => approval.digest === digest,
    );
    switch (latest?.state) {
      case 'pending':
        await deps.ledger.change(task.id, { kind: 'asked', waitingFor: 'approval' }, 'coordinator');
        return { kind: 'ask', approval: latest.code };
      case 'approved':
        return issuePermit(call, digest, latest.code, `approved by ${latest.decidedBy ?? 'the owner'}`);
      case 'denied':
        return deny(call, `${DENIED} by the owner.${latest.note ? ` They said: ${latest.note}` : ''}`);
      case 'expired':
        return deny(call, `${DENIED}: nobody answered in time.`);
      default:
        return null;
    }
  }

  return {
    async declare(task, request) {
      const used = await store.permits.forCall(task.id, request.callId);
      if (used?.use) return settledReply(used.use.settled);
      const resolved = await resolveCall(store, task, request);
      if (resolved.kind === 'refused') return { kind: 'deny', reason: resolved.reason };
      const { call, fileExists } = resolved;
      const digest = digestOf(call);
      if (used && used.permit.digest === digest && used.permit.expiresAt > clock.now())
        return { kind: 'allow', permit: used.permit.id };
      const earlier = await earlierAnswer(task, call, digest);
      if (earlier) return earlier;
      const verdict = await judgeCall(store, task, call, fileExists, clock.now());
      switch (verdict.kind) {
        case 'allow':
          return issuePermit(call, digest, null, verdict.because);
        case 'deny':
          return deny(call, `${DENIED}: ${verdict.reason}.`);
        case 'ask':
          return ask(task, call, digest, verdict.tier, request.reason);
      }
    },
  };
}

function settledReply(settled: { ok: boolean; content: string } | null): DeclareReply {
  if (settled) return { kind: 'settled', ok: settled.ok, content: settled.content };
  return {
    kind: 'settled',
    ok: false,
    content: 'This was begun before and nobody knows whether it happened. It was not repeated.',
  };
}

async function judgeCall(
  store: Store,
  task: Task,
  call: EffectCall,
  fileExists: boolean,
  now: Date,
): Promise<Verdict> {
  const grants = await store.grants.active(call.tool, now);
  return judge(call, {
    capabilities: parseAll(task.capabilities),
    origin: task.origin,
    grants,
    now,
    fileExists,
  });
}

type Resolved =
  | { readonly kind: 'call'; readonly call: EffectCall; readonly fileExists: boolean }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Turns a declaration into the exact call: the path normalised, and what stands there now (its content's hash) added,
 * so that a yes covers this file as it was when the person saw the card.
 */
async function resolveCall(store: Store, task: Task, request: DeclareRequest): Promise<Resolved> {
  const { callId, tool } = request;
  if (!tool.startsWith('files.'))
    return {
      kind: 'call',
      call: { task: task.id, callId, tool, arguments: request.arguments },
      fileExists: false,
    };
  const path = parseDrivePath(String(request.arguments['path'] ?? ''));
  if (path.kind === 'refused') return { kind: 'refused', reason: `Not a usable file name: ${path.reason}.` };
  const current = await store.files.get(path.path);
  const base = { task: task.id, callId, tool };
  if (tool === 'files.delete') {
    const facts = current ? { bytes: current.bytes, sha256: current.sha256 } : {};
    return {
      kind: 'call',
      call: { ...base, arguments: { path: path.path, ...facts } },
      fileExists: current !== null,
    };
  }
  if (tool === 'files.put') {
    const { bytes, sha256 } = request.arguments;
    if (typeof bytes !== 'number' || typeof sha256 !== 'string')
      return { kind: 'refused', reason: 'files.put names its size and hash.' };
    const facts = { bytes, sha256, replaces: current?.sha256 ?? null };
    return {
      kind: 'call',
      call: { ...base, arguments: { path: path.path, ...facts } },
      fileExists: current !== null,
    };
  }
  return {
    kind: 'call',
    call: { ...base, arguments: { ...request.arguments, path: path.path } },
    fileExists: current !== null,
  };
}

/** The drive path of a resolved call. */
export function pathOf(call: EffectCall): string {
  return resourceOf(call).slice('drive/'.length);
}
