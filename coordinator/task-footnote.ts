import { type Approval, BUDGET_TOOL, type BudgetPlan, type Records, type Task } from '@reeve/core';
import { taskSpending } from './spending.ts';
import { countText } from './wording.ts';

/**
 * What a task's card says below its step: what it has asked and what came of that, how grave its gravest question was,
 * and what it has cost so far of its cap. Null while there is nothing to say.
 */
export async function taskFootnote(
  records: Pick<Records, 'approvals' | 'budget'>,
  task: Task['id'],
  caps: BudgetPlan['caps'],
): Promise<string | null> {
  const asked = (await records.approvals.forTask(task)).filter(({ call }) => call.tool !== BUDGET_TOOL);
  const spending = await taskSpending(records, task, caps);
  const parts = [...questionsText(asked), ...(spending === null ? [] : [spending])];
  return parts.length === 0 ? null : parts.join(' · ');
}

function questionsText(asked: readonly Approval[]): string[] {
  if (asked.length === 0) return [];
  const count = (...states: Approval['state'][]) =>
    asked.filter(({ state }) => states.includes(state)).length;
  const outcomes = [
    [count('approved', 'confirmed'), 'yes'],
    [count('denied', 'sent-back', 'expired'), 'no'],
    [count('pending'), 'open'],
  ] as const;
  const named = outcomes.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  const gravest = asked.some(({ tier }) => tier === 'destructive') ? 'destructive' : 'change';
  const questions = countText(asked.length, 'question');
  return [named.length === 0 ? questions : `${questions}: ${named.join(', ')}`, gravest];
}
