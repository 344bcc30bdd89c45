import type { Role } from '@reeve/core';
import {
  type AuditEvent,
  type ChatAnswer,
  type Clock,
  failureText,
  type InboxEntry,
  type Origin,
  type Records,
  type Sender,
  type Store,
  type Task,
  type ToolCall,
  type TurnRound,
} from '@reeve/core';
import { goalWith } from './context/attachments.ts';
import { recalledText, wordsToFind } from './context/recall.ts';
import { type ParsedCall, parseCoordinatorCall } from './coordinator-tools.ts';
import { originOf } from './people.ts';
import { outcomeForModel, type TaskDesk } from './task-desk.ts';
import { type Asker, deskFor, seesTask } from './task-reach.ts';
import { stateText } from './wording.ts';

/** Carries out the tool calls of one answer and commits the round. */
export type RoundRunner = (entry: InboxEntry, round: number, answer: ChatAnswer) => Promise<TurnRound>;

/** Tasks that one turn may start; a model that wants more is told to say so. */
const MAX_TASKS_PER_ROUND = 20;

/**
 * Runs a round's calls. Calls that change existing tasks go first, each in its own transaction and safe to repeat; new
 * tasks, the round's record and the audit entries then commit in one, so that a crash starts nothing twice.
 */
export function createRoundRunner(deps: {
  store: Store;
  taskDesk: TaskDesk;
  clock: Clock;
  timeZone: () => string;
  roleOf: (sender: Sender, channel: string) => Role;
  /** Called after the commit that created them. */
  onTasksCreated: (tasks: readonly Task[]) => void;
}): RoundRunner {
  const { store, taskDesk, clock } = deps;

  async function performOne(call: ParsedCall, origin: Origin, asker: Asker): Promise<string> {
    const desk = deskFor(deps, asker);
    switch (call.kind) {
      case 'task_cancel':
        return outcomeForModel(await desk.cancel(call.task, 'coordinator'));
      case 'task_pause':
        return outcomeForModel(await desk.pause(call.task, 'coordinator'));
      case 'task_resume':
        return outcomeForModel(await desk.resume(call.task, 'coordinator'));
      case 'task_steer':
        return outcomeForModel(await desk.steer(call.task, call.text, origin));
      case 'task_inspect':
        return inspect(store, call.task, asker);
      case 'history_search':
        return searchHistory(deps, asker.entry.conversationId, call.words);
      case 'files_list':
        return listFiles(store, call.prefix);
      case 'wrong':
        return JSON.stringify({ problem: call.problem });
      case 'task_start':
        throw new Error('task_start is carried out with the round');
    }
  }

  return async (entry, roundNumber, answer) => {
    const role = deps.roleOf(entry.sender, entry.chat.channel);
    const origin = originOf(role, entry.sender, entry.forwardedFrom);
    const calls = answer.toolCalls.map((call) => ({
      call,
      parsed: parseCoordinatorCall(call.function.name, call.function.arguments),
    }));
    const results = new Map<string, string>();
    for (const { call, parsed } of calls)
      if (parsed.kind !== 'task_start')
        results.set(call.id, await performOne(parsed, origin, { role, entry }));
    const { round, tasks } = await store.transaction(async (records) => {
      const { tasks, audit } = await startTasks(records, calls, { entry, origin, taskDesk, results });
      const committed: TurnRound = {
        round: roundNumber,
        text: answer.text,
        toolCalls: answer.toolCalls,
        results: answer.toolCalls.map((call) => ({ callId: call.id, content: results.get(call.id) ?? '' })),
        tasks: tasks.map((task) => task.id),
      };
      await records.turns.appendRound(entry.id, committed);
      for (const event of audit) await records.audit.append(event, clock.now());
      return { round: committed, tasks };
    });
    if (tasks.length > 0) deps.onTasksCreated(tasks);
    return round;
  };
}

async function startTasks(
  records: Records,
  calls: readonly { call: ToolCall; parsed: ParsedCall }[],
  context: { entry: InboxEntry; origin: Origin; taskDesk: TaskDesk; results: Map<string, string> },
): Promise<{ tasks: Task[]; audit: AuditEvent[] }> {
  const tasks: Task[] = [];
  const audit: AuditEvent[] = [];
  for (const { call, parsed } of calls) {
    if (parsed.kind !== 'task_start') continue;
    if (tasks.length >= MAX_TASKS_PER_ROUND) {
      context.results.set(
        call.id,
        JSON.stringify({ problem: `Not started: at most ${MAX_TASKS_PER_ROUND} tasks at once.` }),
      );
      continue;
    }
    const { title, goal } = parsed;
    const created = await context.taskDesk.createWithin(records, {
      title,
      goal: goalWith(goal, context.entry.attachments),
      entry: context.entry,
      origin: context.origin,
    });
    tasks.push(created.task);
    audit.push(created.audit);
    context.results.set(call.id, JSON.stringify({ task: created.task.id, state: created.task.state }));
  }
  return { tasks, audit };
}

/** On whose word a turn acts. */
async function inspect(store: Store, id: Task['id'], asker: Asker): Promise<string> {
  const task = await store.tasks.get(id);
  if (!task || !seesTask(asker, task))
    return JSON.stringify({ problem: failureText({ code: 'task-unknown', about: id }) });
  const steps = await store.steps.list(id);
  const done = steps.flatMap((step) =>
    step.body.kind === 'result' ? [`${step.seq}: ${step.body.activity}`] : [],
  );
  const { state, outcome } = task;
  return JSON.stringify({
    task: id,
    title: task.title,
    state,
    now: stateText(task),
    steps: done.slice(-10),
    summary: outcome?.summary ?? null,
  });
}

const FOUND_MESSAGES = 8;

async function searchHistory(
  { store, timeZone }: { store: Store; timeZone: () => string },
  conversationId: string,
  words: string,
): Promise<string> {
  const found = await store.messages.search(
    conversationId,
    wordsToFind(words),
    Number.MAX_SAFE_INTEGER,
    FOUND_MESSAGES,
  );
  return recalledText(found, timeZone()) ?? 'No message of this conversation holds any of these words.';
}

async function listFiles(store: Store, prefix: string): Promise<string> {
  const files = await store.files.list(prefix, 200);
  return JSON.stringify(
    files.map((file) => ({ path: file.path, bytes: file.bytes, modified: file.modifiedAt })),
  );
}
