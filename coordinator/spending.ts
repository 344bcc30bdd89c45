import {
  type BudgetPlan,
  type Cap,
  type CapName,
  type CapView,
  type Clock,
  periodOf,
  type Records,
  type SpendingView,
  type Store,
  type TaskFile,
  type TaskId,
  type UsageShare,
} from '@reeve/core';
import { spendingText } from './budget-wording.ts';

/** What a task has used so far of its cap, in words; null before its first model call. */
export async function taskSpending(
  records: Pick<Records, 'budget'>,
  task: TaskId,
  caps: BudgetPlan['caps'],
): Promise<string | null> {
  const { spent, cap } = await standing(records, { kind: 'task', of: task }, caps.task);
  return spent.tokens === 0 ? null : spendingText(spent, cap);
}

/** What a task has used so far, by model, and its cap. */
export async function taskUsage(
  store: Store,
  task: TaskId,
  caps: BudgetPlan['caps'],
): Promise<TaskFile['usage']> {
  const [stands, shares] = await Promise.all([
    standing(store, { kind: 'task', of: task }, caps.task),
    store.usage.shares({ task }),
  ]);
  return { ...stands, shares };
}

const TOP_TASKS = 5;

/** Today's and this month's spending of their caps, and who used it: roles and models, and the dearest tasks. */
export async function readSpending(
  { store, clock }: { readonly store: Store; readonly clock: Clock },
  plan: BudgetPlan,
): Promise<SpendingView> {
  const { day, month } = periodOf(clock.now(), plan.timeZone);
  const [today, thisMonth, shares] = await Promise.all([
    standing(store, { kind: 'day', of: day }, plan.caps.day),
    standing(store, { kind: 'month', of: month }, plan.caps.month),
    store.usage.shares({ day }),
  ]);
  const unpriced = shares.filter((share) => share.unpricedCalls > 0).map((share) => share.model);
  return {
    day: { of: day, ...today },
    month: { of: month, ...thisMonth },
    shares: mergeShares(shares, (share) => ({ ...share, task: null })),
    topTasks: mergeShares(
      shares.filter((share) => share.task !== null),
      (share) => ({ ...share, role: 'executor', model: '' }),
    )
      .slice(0, TOP_TASKS)
      .flatMap(({ task, calls, inputTokens, outputTokens, micros }) =>
        task === null ? [] : [{ task, calls, inputTokens, outputTokens, micros }],
      ),
    unpricedModels: [...new Set(unpriced)].sort(),
  };
}

async function standing(records: Pick<Records, 'budget'>, name: CapName, limit: Cap): Promise<CapView> {
  const { spent, added } = await records.budget.state(name);
  const cap = {
    tokens: limit.tokens === null ? null : limit.tokens + added.tokens,
    micros: limit.micros === null ? null : limit.micros + added.micros,
  };
  return { spent, cap };
}

/** Adds up the shares that are the same once some of what tells them apart is dropped; the largest first. */
function mergeShares(shares: readonly UsageShare[], drop: (share: UsageShare) => UsageShare): UsageShare[] {
  const merged = new Map<string, UsageShare>();
  for (const share of shares.map(drop)) {
    const key = JSON.stringify([share.task, share.role, share.model]);
    const other = merged.get(key);
    merged.set(key, other ? addShares(other, share) : share);
  }
  const tokens = (share: UsageShare) => share.inputTokens + share.outputTokens;
  return [...merged.values()].sort((left, right) => tokens(right) - tokens(left));
}

function addShares(left: UsageShare, right: UsageShare): UsageShare {
  return {
    ...left,
    calls: left.calls + right.calls,
    estimatedCalls: left.estimatedCalls + right.estimatedCalls,
    unpricedCalls: left.unpricedCalls + right.unpricedCalls,
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    micros: left.micros + right.micros,
  };
}
