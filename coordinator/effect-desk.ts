import {
  CHANGE_WANTED,
  type Clock,
  DENIED,
  type DeclareReply,
  type DeclareRequest,
  digestOf,
  type EffectCall,
  type HostPort,
  judge,
  type Permit,
  parseAll,
  parseDrivePath,
  type SecretDesk,
  type Store,
  type Task,
  type Verdict,
} from '@reeve/core';
import { auditedCall } from './audited-call.ts';
import { type BegunCall, createBegunCalls } from './begun-calls.ts';
import { resolveCall } from './call-resolution.ts';
import { createPaces } from './paces.ts';
import type { Asker } from './questions.ts';
import { contentBehind, seenBy } from './seen-content.ts';
import { holds, type TaskLedger } from './task-ledger.ts';

/** Declared effects: policy, questions, permits. See “Permit: the life of an effect” in the contracts. */
export interface EffectDesk {
  /** Answers a declaration; the same call asked again gets the same answer. */
  declare(task: Task, request: DeclareRequest): Promise<DeclareReply>;
}

const PERMIT_LIFETIME_MS = 10 * 60 * 1000;
/** Of one task. Each leaves an entry in the audit chain, which can never be shortened. */
const DECLARATIONS = { burst: 500, perSecond: 5, patienceMs: 60_000 };

export interface EffectDeskDeps {
  readonly store: Store;
  readonly ledger: TaskLedger;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly asker: Asker;
  /** The owner's, for words about time. */
  readonly timeZone: () => string;
  readonly secrets: Pick<SecretDesk, 'list'>;
  /** Private addresses that the operator has exempted. */
  readonly privateHosts: readonly HostPort[];
}

export function createEffectDesk(deps: EffectDeskDeps): EffectDesk {
  const { store, clock } = deps;
  const begunCalls = createBegunCalls(deps);

  async function declare(task: Task, request: DeclareRequest): Promise<DeclareReply> {
    const known = await store.permits.forCall(task.id, request.callId);
    if (known?.use) {
      const { permit, use } = known;
      return namesSameCall(request, permit.call)
        ? declareBegun(task, request, { permit, use })
        : deny(deps, { ...permit.call, ...request }, `${DENIED}: this call id stands for another call.`);
    }
    const resolved = await resolveCall({ store, timeZone: deps.timeZone() }, task, request);
    if (resolved.kind === 'refused') return { kind: 'deny', reason: resolved.reason };
    const { call, fileExists } = resolved;
    const digest = digestOrNull(call);
    if (digest === null) return { kind: 'deny', reason: 'The arguments hold what no record can keep.' };
    if (known?.permit.digest === digest && known.permit.expiresAt > clock.now())
      return { kind: 'allow', permit: known.permit.id };
    const earlier = await earlierAnswer(task, request, call, digest);
    if (earlier) return earlier;
    const verdict = await judgeCall(store, task, call, fileExists, clock.now());
    switch (verdict.kind) {
      case 'allow':
        return permitOrLookAgain(task, request, {
          call,
          digest,
          approval: verdict.approval ?? null,
          because: verdict.because,
          grant: verdict.approval,
        });
      case 'deny':
        return deny(deps, call, `${DENIED}: ${verdict.reason}.`);
      case 'ask': {
        const { tier } = verdict;
        return deps.asker.ask(task, { question: 'permission', call, digest, tier, reason: request.reason });
      }
    }
  }

  async function declareBegun(task: Task, request: DeclareRequest, begun: BegunCall): Promise<DeclareReply> {
    const answer = await begunCalls.answer(task, begun);
    if (answer.kind !== 'again') return answer;
    const { call, digest, retry } = begun.permit;
    const because = `to be done again, said with ${answer.code}`;
    return permitOrLookAgain(task, request, { call, digest, approval: answer.code, because, after: retry });
  }

  async function permitOrLookAgain(
    task: Task,
    request: DeclareRequest,
    ground: Ground,
  ): Promise<DeclareReply> {
    return (await issuePermit(deps, task, ground)) ?? declare(task, request);
  }

  /** What earlier questions about this very call came to; null when it was never asked or has changed since. */
  async function earlierAnswer(
    task: Task,
    request: DeclareRequest,
    call: EffectCall,
    digest: string,
  ): Promise<DeclareReply | null> {
    const asked = await store.approvals.forCall(call.task, call.callId);
    const latest = asked.find((approval) => approval.question === 'permission' && approval.digest === digest);
    switch (latest?.state) {
      case 'pending':
        return (await deps.asker.askAgain(task, latest)) ?? earlierAnswer(task, request, call, digest);
      case 'approved': {
        const because = `approved by ${latest.decidedBy ?? 'the owner'}`;
        return permitOrLookAgain(task, request, { call, digest, approval: latest.code, because });
      }
      case 'denied':
        return deny(deps, call, `${DENIED} by the owner.${latest.note ? ` They said: ${latest.note}` : ''}`);
      case 'sent-back':
        return {
          kind: 'deny',
          reason: `${CHANGE_WANTED} by the owner: ${latest.note ?? ''}\nNothing was done. Change it so and make a new call; the owner is asked about that one.`,
        };
      case 'expired':
        return deny(deps, call, `${DENIED}: nobody answered in time.`);
      case 'confirmed':
      case 'voided':
      case undefined:
        return null;
    }
  }

  return paced(declare, deps);
}

function paced(declare: EffectDesk['declare'], { store, clock }: EffectDeskDeps): EffectDesk {
  const pace = createPaces(DECLARATIONS, clock);
  return {
    async declare(task, request) {
      const turn = await pace.turn(task.id);
      if (turn === 'too-long') return { kind: 'stale', reason: `${task.id} declares more than a task may` };
      const current = turn === 'at-once' ? task : await store.tasks.get(task.id);
      return current && holds(current, task.attempt)
        ? declare(current, request)
        : { kind: 'stale', reason: `${task.id} has gone on` };
    },
  };
}

/** The call that is permitted, and on whose word. `after`: it runs once more, after the use of that many repetitions. */
interface Ground {
  readonly call: EffectCall;
  readonly digest: string;
  readonly approval: string | null;
  readonly because: string;
  readonly after?: number;
  /** The approval of the standing yes that it rests on, which may be taken back at any moment. */
  readonly grant?: string | undefined;
}

/**
 * At most one usable permit per call: whoever declares the same call at the same time is given the same one. Null when
 * the call was begun meanwhile.
 */
async function issuePermit(deps: EffectDeskDeps, task: Task, ground: Ground): Promise<DeclareReply | null> {
  const { call, digest, approval, because, after, grant } = ground;
  // From its permit on: what comes of it reaches the worker past the coordinator.
  const behind = await contentBehind(call, deps);
  return deps.ledger.beside(task.id, async (records, current): Promise<DeclareReply | null> => {
    if (!holds(current, task.attempt)) return { kind: 'stale', reason: `${task.id} has gone on` };
    const now = deps.clock.now();
    const held = grant === undefined ? [] : await records.grants.active(call.tool, now);
    if (grant !== undefined && !held.some((one) => one.approval === grant)) return null;
    const known = await records.permits.forCall(call.task, call.callId);
    const retry = known?.permit.retry ?? 0;
    const isRepetition = known?.use !== null && known?.use !== undefined && after === retry;
    if (known?.use && !isRepetition) return null;
    if (!known?.use && known?.permit.digest === digest && known.permit.expiresAt > now)
      return { kind: 'allow', permit: known.permit.id };
    const expiresAt = new Date(now.getTime() + PERMIT_LIFETIME_MS);
    const id = deps.newId();
    const permit: Permit = { id, call, digest, approval, expiresAt, retry: isRepetition ? retry + 1 : retry };
    await records.permits.insert(permit);
    if (behind) await records.tasks.noteSeen(call.task, behind);
    const detail = { ...auditedCall(call), digest, because };
    await records.audit.append(
      { event: 'effect-permitted', actor: 'coordinator', subject: call.task, detail },
      now,
    );
    return { kind: 'allow', permit: permit.id };
  });
}

/** A call id that was used stands for its call: the tool, and for files the path. The rest of the arguments may be resolved anew. */
function namesSameCall({ tool, arguments: { path } }: DeclareRequest, call: EffectCall): boolean {
  if (tool !== call.tool) return false;
  if (call.arguments['path'] === undefined) return true;
  const parsed = parseDrivePath(String(path ?? ''));
  return parsed.kind === 'path' && parsed.path === call.arguments['path'];
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
  const detail = { ...auditedCall(call), reason };
  await deps.store.audit.append(
    { event: 'effect-denied', actor: 'coordinator', subject: call.task, detail },
    deps.clock.now(),
  );
  return { kind: 'deny', reason };
}

async function judgeCall(
  store: Pick<Store, 'grants' | 'tasks'>,
  task: Task,
  call: EffectCall,
  fileExists: boolean,
  now: Date,
): Promise<Verdict> {
  const [grants, seen] = await Promise.all([store.grants.active(call.tool, now), seenBy(store, task)]);
  return judge(call, {
    capabilities: parseAll(task.capabilities),
    origin: task.origin,
    grants,
    now,
    fileExists,
    seen,
  });
}
