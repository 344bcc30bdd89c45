import {
  type Clock,
  DENIED,
  type DeclareReply,
  type DeclareRequest,
  digestOf,
  type EffectCall,
  judge,
  type Origin,
  type Permit,
  parseAll,
  type SeenContent,
  type Step,
  type Store,
  type Task,
  type Verdict,
} from '@reeve/core';
import { resolveCall } from './call-resolution.ts';
import type { Asker } from './questions.ts';
import { holds, type TaskLedger } from './task-ledger.ts';

/** Declared effects: policy, questions, permits. See “Permit: the life of an effect” in the contracts. */
export interface EffectDesk {
  /** Answers a declaration; the same call asked again gets the same answer. */
  declare(task: Task, request: DeclareRequest): Promise<DeclareReply>;
}

const PERMIT_LIFETIME_MS = 10 * 60 * 1000;

export interface EffectDeskDeps {
  readonly store: Store;
  readonly ledger: TaskLedger;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly asker: Asker;
}

export function createEffectDesk(deps: EffectDeskDeps): EffectDesk {
  const { store, clock } = deps;
  return {
    async declare(task, request) {
      const known = await store.permits.forCall(task.id, request.callId);
      if (known?.use) return settledReply(known.use.settled);
      const resolved = await resolveCall(store, task, request);
      if (resolved.kind === 'refused') return { kind: 'deny', reason: resolved.reason };
      const { call, fileExists } = resolved;
      const digest = digestOrNull(call);
      if (digest === null) return { kind: 'deny', reason: 'The arguments hold what no record can keep.' };
      if (known?.permit.digest === digest && known.permit.expiresAt > clock.now())
        return { kind: 'allow', permit: known.permit.id };
      const earlier = await earlierAnswer(deps, task, call, digest);
      if (earlier) return earlier;
      const verdict = await judgeCall(store, task, call, fileExists, clock.now());
      switch (verdict.kind) {
        case 'allow':
          return issuePermit(deps, task, call, { digest, approval: null, because: verdict.because });
        case 'deny':
          return deny(deps, call, `${DENIED}: ${verdict.reason}.`);
        case 'ask':
          return deps.asker.ask(task, { call, digest, tier: verdict.tier, reason: request.reason });
      }
    },
  };
}

/**
 * At most one usable permit per call: whoever declares the same call at the same time is given the same one, and none
 * once it was used or the task has gone on without this attempt.
 */
async function issuePermit(
  deps: EffectDeskDeps,
  task: Task,
  call: EffectCall,
  ground: { digest: string; approval: string | null; because: string },
): Promise<DeclareReply> {
  const { digest, approval, because } = ground;
  return deps.ledger.beside(task.id, async (records, current): Promise<DeclareReply> => {
    if (!holds(current, task.attempt)) return { kind: 'stale', reason: `${task.id} has gone on` };
    const now = deps.clock.now();
    const known = await records.permits.forCall(call.task, call.callId);
    if (known?.use) return settledReply(known.use.settled);
    if (known?.permit.digest === digest && known.permit.expiresAt > now)
      return { kind: 'allow', permit: known.permit.id };
    const expiresAt = new Date(now.getTime() + PERMIT_LIFETIME_MS);
    const permit: Permit = { id: deps.newId(), call, digest, approval, expiresAt };
    await records.permits.insert(permit);
    const detail = { callId: call.callId, tool: call.tool, arguments: call.arguments, digest, because };
    await records.audit.append(
      { event: 'effect-permitted', actor: 'coordinator', subject: call.task, detail },
      now,
    );
    return { kind: 'allow', permit: permit.id };
  });
}

/** Names of arguments come from a model and may hold what canonical JSON refuses, such as half a character. */
function digestOrNull(call: EffectCall): string | null {
  try {
    return digestOf(call);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

async function deny(deps: EffectDeskDeps, call: EffectCall, reason: string): Promise<DeclareReply> {
  const detail = { callId: call.callId, tool: call.tool, arguments: call.arguments, reason };
  await deps.store.audit.append(
    { event: 'effect-denied', actor: 'coordinator', subject: call.task, detail },
    deps.clock.now(),
  );
  return { kind: 'deny', reason };
}

/** What earlier questions about this very call came to; null when it was never asked or has changed since. */
async function earlierAnswer(
  deps: EffectDeskDeps,
  task: Task,
  call: EffectCall,
  digest: string,
): Promise<DeclareReply | null> {
  const asked = await deps.store.approvals.forCall(call.task, call.callId);
  const latest = asked.find((approval) => approval.digest === digest);
  switch (latest?.state) {
    case 'pending':
      return (await deps.asker.askAgain(task, latest)) ?? earlierAnswer(deps, task, call, digest);
    case 'approved': {
      const because = `approved by ${latest.decidedBy ?? 'the owner'}`;
      return issuePermit(deps, task, call, { digest, approval: latest.code, because });
    }
    case 'denied':
      return deny(deps, call, `${DENIED} by the owner.${latest.note ? ` They said: ${latest.note}` : ''}`);
    case 'expired':
      return deny(deps, call, `${DENIED}: nobody answered in time.`);
    case 'voided':
    case undefined:
      return null;
  }
}

async function judgeCall(
  store: Store,
  task: Task,
  call: EffectCall,
  fileExists: boolean,
  now: Date,
): Promise<Verdict> {
  const [grants, steps] = await Promise.all([store.grants.active(call.tool, now), store.steps.list(task.id)]);
  const { origin } = task;
  return judge(call, {
    capabilities: parseAll(task.capabilities),
    origin,
    grants,
    now,
    fileExists,
    seen: seenBy(steps, origin),
  });
}

/** What a task has read so far: text from outside, the owner's files. */
function seenBy(steps: readonly Step[], origin: Origin): SeenContent {
  const read = new Set(steps.flatMap(({ body }) => (body.kind === 'result' && body.ok ? [body.tool] : [])));
  return {
    untrusted:
      origin.kind === 'untrusted' ||
      origin.kind === 'schedule' ||
      read.has('http.fetch') ||
      read.has('network.open'),
    private: read.has('files.get') || read.has('files.list'),
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
