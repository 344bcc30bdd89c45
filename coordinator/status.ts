import {
  type Approval,
  type BudgetPlan,
  type Clock,
  describeOrigin,
  type StatusView,
  type Store,
  showHiddenInLine,
  type Task,
} from '@reeve/core';
import { spendingText } from './budget-wording.ts';
import { questionSentence } from './question-words.ts';
import { nextText, whenText } from './schedules/say-when.ts';
import type { CoordinatorSettings } from './settings.ts';
import { readSpending } from './spending.ts';
import { countText, momentText, spanText, stateIcon, stateText, taskName } from './wording.ts';

export type StatusReader = () => Promise<StatusView>;

const DAY_MS = 24 * 60 * 60 * 1000;
const TODAY_LIMIT = 1000;
const NEXT_SCHEDULED = 3;

export function createStatusReader(deps: {
  store: Store;
  clock: Clock;
  limit: () => number;
  model: () => string;
  plan: () => BudgetPlan;
  webSearch: string;
  speech: CoordinatorSettings['speech'];
  /** Health lines, each with its fix; empty when all is well. */
  trouble: () => readonly string[];
  answering: () => StatusView['answering'];
}): StatusReader {
  const { store } = deps;
  return async () => {
    const since = new Date(deps.clock.now().getTime() - DAY_MS);
    const [live, recent, approvals, upcoming, usage, spending] = await Promise.all([
      store.tasks.live(),
      store.tasks.list({ states: ['succeeded', 'failed', 'expired'], limit: TODAY_LIMIT }),
      store.approvals.pending(),
      store.schedules.upcoming(NEXT_SCHEDULED),
      store.usage.totals({ since }),
      readSpending(deps, deps.plan()),
    ]);
    const ended = recent.filter((task) => task.endedAt !== null && task.endedAt >= since);
    const inState = (state: Task['state']) => live.filter((task) => task.state === state);
    const finished = ended.filter((task) => task.state === 'succeeded').length;
    return {
      limit: deps.limit(),
      running: inState('running'),
      waiting: inState('waiting'),
      queued: inState('queued'),
      paused: inState('paused'),
      approvals,
      scheduled: upcoming.map((schedule) => ({ schedule, when: whenText(schedule) })),
      answering: deps.answering(),
      today: {
        finished,
        failed: ended.length - finished,
        modelCalls: usage.calls,
        inputTokens: usage.inputTokens,
        outputTokens: usage.outputTokens,
      },
      spending,
      trouble: deps.trouble(),
      model: deps.model(),
      webSearch: deps.webSearch,
      hearing: deps.speech.hearing.summary,
      speaking: deps.speech.speaking.summary,
    };
  };
}

/** One task on one line: `▶ T-3 Make a CSV · running a command · 12 s`. */
export function taskLine(task: Task, now: Date): string {
  const since = task.startedAt ?? task.createdAt;
  const age = spanText((task.endedAt ?? now).getTime() - since.getTime());
  return `${stateIcon(task)} ${taskName(task)} · ${stateText(task)} · ${age}`;
}

function typedAnswers({ code, question }: Approval): string {
  const verbs = question === 'outcome' ? ['happened', 'approve', 'deny'] : ['approve', 'deny'];
  return verbs.map((verb) => `\`/${verb} ${code}\``).join(' or ');
}

/** The questions that wait for a person, each with its code and what to type. */
export function waitingLines(approvals: readonly Approval[], timeZone: string): string[] {
  return [
    'Waiting for you:',
    ...approvals.map(
      (approval) =>
        `- **${approval.code}** ${approval.call.task ?? 'Reeve'}, started by ${showHiddenInLine(describeOrigin(approval.origin))}: ${questionSentence(approval)} (until ${momentText(approval.expiresAt, timeZone)}; ${typedAnswers(approval)})`,
    ),
  ];
}

/** What runs, waits, is queued and rests, the day's sums, and what is wrong; what is off by choice is no trouble. */
export function statusText(view: StatusView, now: Date, timeZone: string): string {
  const lines = [`Running ${view.running.length} of ${view.limit}${view.running.length === 0 ? '.' : ':'}`];
  lines.push(...view.running.map((task) => `- ${taskLine(task, now)}`));
  for (const { since } of view.answering)
    lines.push(
      `Answering a message for ${spanText(now.getTime() - since.getTime())}; /cancel breaks it off.`,
    );
  if (view.approvals.length > 0) lines.push('', ...waitingLines(view.approvals, timeZone));
  if (view.queued.length > 0)
    lines.push('', 'Queued:', ...view.queued.map((task) => `- ${taskLine(task, now)}`));
  if (view.paused.length > 0)
    lines.push('', 'Paused:', ...view.paused.map((task) => `- ${taskLine(task, now)}`));
  lines.push(...scheduledLines(view.scheduled, now, timeZone));
  const { today } = view;
  const tokens = today.inputTokens + today.outputTokens;
  lines.push(
    '',
    `Last 24 hours: ${today.finished} finished, ${today.failed} failed, ${countText(today.modelCalls, 'model call')}, ${countText(tokens, 'token')}.`,
  );
  lines.push(...spendingLines(view.spending));
  lines.push(`Model: ${view.model}`);
  if (view.trouble.length > 0) lines.push('', ...view.trouble.map((line) => `⚠ ${line}`));
  return lines.join('\n');
}

function scheduledLines(scheduled: StatusView['scheduled'], now: Date, timeZone: string): string[] {
  const next = scheduled.flatMap(({ schedule: { id, title, nextAt } }) =>
    nextAt === null ? [] : [`- **${id}** ${showHiddenInLine(title)} · ${nextText(nextAt, now, timeZone)}`],
  );
  return next.length === 0 ? [] : ['', 'Next scheduled (`/schedule` lists all):', ...next];
}

/** `/status` for a member: the tasks that they see, and nothing of money, models and questions. */
export function memberStatusText(view: StatusView, sees: (task: Task) => boolean, now: Date): string {
  const tasks = [...view.running, ...view.waiting, ...view.queued, ...view.paused].filter(sees);
  if (tasks.length === 0) return 'Nothing runs or waits in this conversation.';
  return tasks.map((task) => `- ${taskLine(task, now)}`).join('\n');
}

/** Today's spending, the month's where it has a cap, and what money cannot be counted for. */
function spendingLines({ day, month, unpricedModels }: StatusView['spending']): string[] {
  const hasMonthCap = month.cap.tokens !== null || month.cap.micros !== null;
  const hasMoney = day.spent.micros > 0 || day.cap.micros !== null || month.cap.micros !== null;
  return [
    `Today: ${spendingText(day.spent, day.cap)}.`,
    ...(hasMonthCap ? [`This month: ${spendingText(month.spent, month.cap)}.`] : []),
    ...(hasMoney && unpricedModels.length > 0
      ? [`No money is counted for ${unpricedModels.join(', ')}: REEVE_PRICES has no price for it.`]
      : []),
  ];
}
