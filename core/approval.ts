import { BUDGET_TOOL } from './budget.ts';
import type { JsonValue } from './canonical.ts';
import type { TaskId } from './ids.ts';
import type { Origin } from './origin.ts';
import { SCHEDULE_TOOL } from './schedule.ts';

/** How a call at the border is treated (security.md): reads proceed, changes ask once, destructive calls ask every time. */
export type Tier = 'read' | 'change' | 'destructive';

export const APPROVAL_STATES = [
  'pending',
  'approved',
  'confirmed',
  'denied',
  'sent-back',
  'expired',
  'voided',
] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

/**
 * What somebody is asked about a call. `permission`: may it run? `outcome`: it was begun and nobody knows whether it
 * happened, so is it to run again?
 */
export type Question = 'permission' | 'outcome';

/** How far a yes reaches: this one call, every like call of this task, or a standing narrow scope. */
export type ApprovalScope = 'once' | 'task' | 'always';

/** The exact effect somebody is asked about; its digest is what they approve. Never the attempt. */
export interface EffectCall {
  readonly task: TaskId;
  readonly callId: string;
  readonly tool: string;
  /** Arguments as they will run, with everything that the coordinator resolved (such as a file's version). */
  readonly arguments: { readonly [name: string]: JsonValue };
}

/** What a question is about: a declared call, or the raise of a cap that belongs to no task. */
export type AskedCall = Omit<EffectCall, 'task'> & { readonly task: TaskId | null };

/** One question to the owner. The coordinator is its only writer. */
export interface Approval {
  /** What a person types: `/approve A7K2`. */
  readonly code: string;
  readonly conversationId: string;
  readonly call: AskedCall;
  /** SHA-256 of the canonical call. */
  readonly digest: string;
  readonly question: Question;
  readonly tier: Tier;
  readonly origin: Origin;
  /** Why the agent says it wants this, a claim that is shown as one; of an `outcome`, why it is not known. */
  readonly reason: string;
  readonly state: ApprovalState;
  readonly askedAt: Date;
  readonly expiresAt: Date;
  readonly decidedAt: Date | null;
  readonly decidedBy: string | null;
  readonly scope: ApprovalScope | null;
  /** What the person said with a denial, or wants changed. */
  readonly note: string | null;
}

export type ApprovalDecision =
  | { readonly kind: 'approve'; readonly scope: ApprovalScope }
  | { readonly kind: 'deny'; readonly note: string | null }
  /** Not so: the worker is to change it in this way, and to ask again about what comes of that. */
  | { readonly kind: 'edit'; readonly note: string }
  /** Of an `outcome`: the person found out that it happened. */
  | { readonly kind: 'happened' };

export type ApprovalEvent =
  | { readonly kind: 'decided'; readonly decision: ApprovalDecision; readonly by: string }
  | { readonly kind: 'expired' }
  | { readonly kind: 'voided' };

export type ApprovalMove =
  | { readonly kind: 'moved'; readonly approval: Approval }
  | {
      readonly kind: 'refused';
      readonly reason:
        | 'already-decided'
        | 'expired'
        | 'not-expired'
        | 'scope-too-wide'
        | 'not-begun'
        | 'nothing-to-edit';
    };

/** Approvals nobody answers lapse after this long. */
export const APPROVAL_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Moves an approval by one event. The only function that changes its state.
 *
 * ```
 * pending ──decided──► approved | denied | sent-back | confirmed   (the last only of an `outcome`)
 *         ──expired──► expired   (only at or after its expiry)
 *         ──voided───► voided    (the call changed or its task ended)
 * ```
 *
 * Every other state is final: the first decision wins. A destructive call, running one again whose outcome is not known,
 * and a raise of a cap accept no scope but `once`.
 */
export function moveApproval(approval: Approval, event: ApprovalEvent, now: Date): ApprovalMove {
  if (approval.state !== 'pending')
    return { kind: 'refused', reason: approval.state === 'expired' ? 'expired' : 'already-decided' };
  const isLate = now >= approval.expiresAt;
  switch (event.kind) {
    case 'expired':
      return isLate ? moved(approval, { state: 'expired' }) : { kind: 'refused', reason: 'not-expired' };
    case 'voided':
      return moved(approval, { state: 'voided', decidedAt: now });
    case 'decided': {
      if (isLate) return { kind: 'refused', reason: 'expired' };
      const { decision } = event;
      if (decision.kind === 'deny') {
        return moved(approval, { state: 'denied', decidedAt: now, decidedBy: event.by, note: decision.note });
      }
      if (decision.kind === 'edit') {
        if (approval.question === 'outcome' || approval.call.tool === BUDGET_TOOL)
          return { kind: 'refused', reason: 'nothing-to-edit' };
        return moved(approval, {
          state: 'sent-back',
          decidedAt: now,
          decidedBy: event.by,
          note: decision.note,
        });
      }
      if (decision.kind === 'happened') {
        return approval.question === 'outcome'
          ? moved(approval, { state: 'confirmed', decidedAt: now, decidedBy: event.by })
          : { kind: 'refused', reason: 'not-begun' };
      }
      if (!takesStandingYes(approval) && decision.scope !== 'once')
        return { kind: 'refused', reason: 'scope-too-wide' };
      return moved(approval, {
        state: 'approved',
        decidedAt: now,
        decidedBy: event.by,
        scope: decision.scope,
      });
    }
  }
}

const ONCE_ONLY: ReadonlySet<string> = new Set([BUDGET_TOOL, SCHEDULE_TOOL]);

/** Whether a yes may reach further than this once: never for what cannot be taken back, money, or what starts by itself. */
export function takesStandingYes({ tier, question, call }: Approval): boolean {
  return tier !== 'destructive' && question !== 'outcome' && !ONCE_ONLY.has(call.tool);
}

function moved(approval: Approval, patch: Partial<Approval>): ApprovalMove {
  return { kind: 'moved', approval: { ...approval, ...patch } };
}

/** A standing, scoped, expiring yes for calls of tier `change`. */
export interface Grant {
  readonly id: string;
  readonly tool: string;
  /** Segment glob (see `globCovers`) over the call's resource. */
  readonly resource: string;
  /** Only this task's calls when set. */
  readonly task: TaskId | null;
  readonly grantedBy: string;
  readonly approval: string;
  readonly expiresAt: Date;
}

/** Standing grants lapse after this long; a grant for one task ends with the task. */
export const GRANT_LIFETIME_MS = 30 * 24 * 60 * 60 * 1000;
