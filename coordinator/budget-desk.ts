import {
  APPROVAL_LIFETIME_MS,
  type Approval,
  type AuditEvent,
  BUDGET_TOOL,
  type BudgetPlan,
  type CapName,
  type CapState,
  type Clock,
  digestOf,
  endOfPeriod,
  type InboxEntry,
  type Origin,
  periodOf,
  type RaiseArguments,
  type Records,
  raiseFor,
  type Store,
  shortfallOf,
  type Task,
  type TaskId,
  type TaskOutcome,
} from '@reeve/core';
import { approvalCardEntry } from './approval-card.ts';
import { raiseOf } from './budget-card.ts';
import { usedUpText } from './budget-wording.ts';
import type { TaskLedger } from './task-ledger.ts';
import { voidApprovals } from './void-approvals.ts';
import { momentText } from './wording.ts';

/**
 * What happens where a budget is used up. The gateway refuses and says which cap stood in the way; this desk asks the
 * owner once for each cap, lets tasks wait, and lets them go on when there is room again: after a yes, in a new day or
 * month, or with a higher cap in the settings.
 */
export interface BudgetDesk {
  /**
   * A task's executor was refused: the task waits and the owner is asked, unless somebody was before. The executor's
   * word is not taken for it: `free` when nothing stands in the way. `ended` when the owner has said no before.
   */
  park(task: Task): Promise<'parked' | 'free' | 'ended'>;
  /** A turn was refused: asks, and returns what to say; null when nothing stands in the way any more. */
  explain(entry: InboxEntry, origin: Origin): Promise<string | null>;
  /**
   * Lets every task go on that waits for a budget which has room again. Where others have used a raise up first, the
   * owner is asked for the next one.
   */
  freeUnblocked(): Promise<void>;
}

export interface BudgetDeskDeps {
  readonly store: Store;
  readonly ledger: TaskLedger;
  readonly plan: () => BudgetPlan;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly newCode: (records: Records) => Promise<string>;
  readonly timeZone: () => string;
  /** Called after a question was committed that nobody's call has brought up. */
  readonly onAsked: () => void;
}

/** How a task ends that gets no more budget. */
export const ENDED_FOR_BUDGET: TaskOutcome = {
  kind: 'failed',
  summary: '',
  evidence: [],
  failure: 'budget-denied',
};

/** What stands in the way of a refused call, as things are now. */
interface Block {
  readonly cap: CapName;
  readonly state: CapState;
  readonly raise: RaiseArguments;
}

interface Asked {
  readonly kind: 'asked' | 'no';
  readonly approval: Approval;
  readonly audit: readonly AuditEvent[];
}

export function createBudgetDesk(deps: BudgetDeskDeps): BudgetDesk {
  const { store, ledger } = deps;

  async function letGoOn(task: Task): Promise<void> {
    await ledger.change(task.id, { kind: 'answered' }, 'coordinator', async (records, before) => {
      if (before.waitingFor !== 'budget' || (await blockOf(records, task.id, deps))) return 'abandon';
      const open = (await records.approvals.pendingForTask(task.id)).filter(raiseOf);
      const conversation = await records.conversations.get(task.conversationId);
      const free = { because: 'the budget has room again', at: deps.clock.now() };
      return conversation ? voidApprovals(records, open, conversation, deps, free) : [];
    });
  }

  /** A task that waits for an answer which came, and was not enough. */
  async function askForMore(task: Task, block: Block): Promise<void> {
    const call = callFor(block);
    if (stands((await store.approvals.forCall(call.task, call.callId))[0])) return;
    await ledger.beside(task.id, async (records, current) => {
      const still = current?.waitingFor === 'budget' ? await blockOf(records, task.id, deps) : null;
      const answer = still && (await askOnce(records, still, task, deps));
      for (const event of answer?.audit ?? []) await records.audit.append(event, deps.clock.now());
    });
    deps.onAsked();
  }

  return {
    async park(task) {
      let isDenied = false;
      const asked = { kind: 'asked', waitingFor: 'budget' } as const;
      const move = await ledger.change(task.id, asked, 'coordinator', async (records, before) => {
        const block = await blockOf(records, task.id, deps);
        if (!block || before.attempt !== task.attempt) return 'abandon';
        const answer = await askOnce(records, block, task, deps);
        isDenied = answer.kind === 'no' && block.cap.kind === 'task';
        return isDenied ? 'abandon' : answer.audit;
      });
      if (move.kind === 'moved') return 'parked';
      if (!isDenied) return 'free';
      await ledger.change(task.id, { kind: 'set-aside', outcome: ENDED_FOR_BUDGET }, 'coordinator');
      return 'ended';
    },

    async explain({ conversationId }, origin) {
      return store.transaction(async (records) => {
        const block = await blockOf(records, 'coordinator', deps);
        if (!block) return null;
        const answer = await askOnce(records, block, { conversationId, origin }, deps);
        for (const event of answer.audit) await records.audit.append(event, deps.clock.now());
        return explanation(answer, block, deps.timeZone());
      });
    },

    async freeUnblocked() {
      const waiting = (await store.tasks.live()).filter(({ waitingFor }) => waitingFor === 'budget');
      for (const task of waiting) {
        const block = await blockOf(store, task.id, deps);
        await (block ? askForMore(task, block) : letGoOn(task));
      }
    },
  };
}

async function blockOf(
  records: Pick<Records, 'budget'>,
  asker: TaskId | 'coordinator',
  { plan, clock, timeZone }: BudgetDeskDeps,
): Promise<Block | null> {
  const refusal = await records.budget.refusalOf(asker);
  if (!refusal) return null;
  const { cap, needed } = refusal;
  if (cap.kind !== 'task' && periodOf(clock.now(), timeZone())[cap.kind] !== cap.of) return null;
  const state = await records.budget.state(cap);
  const limit = plan().caps[cap.kind];
  const missing = shortfallOf(limit, state, needed);
  if (!missing) return null;
  const added = raiseFor(limit, missing);
  const raise: RaiseArguments = {
    cap: cap.kind,
    of: cap.of,
    addTokens: added.tokens,
    addMicros: added.micros,
    capTokens: limit.tokens === null ? null : limit.tokens + state.added.tokens,
    capMicros: limit.micros === null ? null : limit.micros + state.added.micros,
    spentTokens: state.spent.tokens,
    spentMicros: state.spent.micros,
  };
  return { cap, state, raise };
}

function callFor({ cap, state, raise }: Block): Approval['call'] {
  const task = cap.kind === 'task' ? (cap.of as TaskId) : null;
  return { task, callId: callIdOf(cap, state), tool: BUDGET_TOOL, arguments: { ...raise } };
}

/** True of a question that waits for its answer, and of a no. */
function stands(earlier: Approval | undefined): earlier is Approval {
  return earlier !== undefined && ['pending', 'denied', 'expired'].includes(earlier.state);
}

/** One question for each cap and raise, however many tasks and turns meet it; a no stands until the cap was raised. */
async function askOnce(
  records: Records,
  block: Block,
  asker: { readonly conversationId: string; readonly origin: Origin },
  deps: BudgetDeskDeps,
): Promise<Asked> {
  const call = callFor(block);
  const [earlier] = await records.approvals.forCall(call.task, call.callId);
  if (stands(earlier))
    return { kind: earlier.state === 'pending' ? 'asked' : 'no', approval: earlier, audit: [] };
  const now = deps.clock.now();
  const approval: Approval = {
    code: await deps.newCode(records),
    conversationId: asker.conversationId,
    call,
    digest: digestOf(call),
    question: 'permission',
    tier: 'change',
    origin: asker.origin,
    reason: '',
    state: 'pending',
    askedAt: now,
    expiresAt: expiryOf(block.cap, now, deps.timeZone()),
    decidedAt: null,
    decidedBy: null,
    scope: null,
    note: null,
  };
  if (!(await records.approvals.insert(approval))) return askOnce(records, block, asker, deps);
  const conversation = await records.conversations.get(asker.conversationId);
  if (!conversation) throw new Error(`there is no conversation ${asker.conversationId}`);
  await records.outbox.add(approvalCardEntry(approval, conversation, deps.newId(), deps.timeZone()), now);
  const detail = { task: call.task, tool: call.tool, arguments: call.arguments, digest: approval.digest };
  const event = { event: 'approval-requested', actor: 'coordinator', subject: approval.code, detail };
  return { kind: 'asked', approval, audit: [event] };
}

/** Another one after each raise: the same cap may be used up again. */
function callIdOf({ kind, of }: CapName, { raises }: CapState): string {
  return `budget.${kind}.${of}.${raises + 1}`;
}

/** A day's question ends with its day: then there is a new budget. */
function expiryOf({ kind }: CapName, now: Date, timeZone: string): Date {
  return kind === 'task' ? new Date(now.getTime() + APPROVAL_LIFETIME_MS) : endOfPeriod(kind, now, timeZone);
}

function explanation({ kind, approval }: Asked, { raise }: Block, timeZone: string): string {
  const again = `A new ${raise.cap} begins ${momentText(approval.expiresAt, timeZone)}.`;
  const next =
    kind === 'asked'
      ? `Answer the card, or type \`/approve ${approval.code}\`, then say it again. ${again}`
      : `You have said no to more. ${again}`;
  return `${usedUpText(raise)}. No model was called, and nothing was started. ${next} Commands such as /status work all the same.`;
}
