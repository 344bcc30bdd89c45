import {
  type Clock,
  collectAnswer,
  type FailureCode,
  isEffectTool,
  isFailureCode,
  isToolName,
  type Model,
  ModelError,
  type Step,
} from '@reeve/core';
import type { Control } from './control.ts';
import { type Briefing, conversationOf } from './conversation.ts';
import type { Hands } from './hands.ts';
import { isModelStep, type Journal, openCalls, repeatsItself } from './journal.ts';

/** How a task ended, as the executor sees it. */
export interface TaskEnd {
  /** `released`: it is not over, but cannot go on now; `failure` says why. */
  readonly outcome: 'succeeded' | 'failed' | 'released';
  readonly summary: string;
  readonly evidence: readonly number[];
  readonly failure: FailureCode | null;
}

export interface RunTaskDeps {
  readonly briefing: Briefing;
  readonly journal: Journal;
  readonly model: Model;
  /** What it does its calls with; asked for at the first one. */
  readonly hands: () => Promise<Pick<Hands, 'perform' | 'saveNowAndThen' | 'tellTrouble'>>;
  readonly control: Control;
  readonly clock: Clock;
}

const MAX_MODEL_STEPS = 60;
/** The same call this many times in a row is let through; one more breaks the task off. */
const MAX_REPEATS = 5;
const ANSWER_TOKENS = 4096;
const MODEL_RETRY_MS = 1000;
const EMPTY_ANSWER =
  'Your answer was empty. Go on with tool calls, or answer in words when the task is done.';

/**
 * The agent loop of one task. What to do next follows from the recorded steps alone, so a new attempt goes on where
 * the last one stopped: finish the open calls of the newest answer, take up what the person said, ask the model;
 * an answer without calls ends the task.
 */
export async function runTask(deps: RunTaskDeps): Promise<TaskEnd> {
  const { journal, control } = deps;
  for (;;) {
    control.signal.throwIfAborted();
    if (repeatsItself(journal, MAX_REPEATS)) return failed('model-loop', '');
    const calls = openCalls(journal);
    for (const call of calls) {
      control.signal.throwIfAborted();
      const hands = await deps.hands();
      await hands.perform(call);
      await hands.saveNowAndThen();
    }
    if (calls.length > 0) await (await deps.hands()).tellTrouble();
    const hasNews = await takeUpInputs(deps);
    const end = hasNews ? null : await ending(journal);
    if (end) return end;
    if (journal.steps.filter(isModelStep).length >= MAX_MODEL_STEPS) return failed('task-steps', '');
    if (deps.clock.now() >= new Date(deps.briefing.task.deadline)) return failed('task-deadline', '');
    const failure = await askModel(deps);
    if (failure) return failure;
  }
}

function failed(failure: FailureCode, detail: string): TaskEnd {
  return { outcome: 'failed', summary: detail, evidence: [], failure };
}

async function takeUpInputs({ journal, control }: RunTaskDeps): Promise<boolean> {
  const known = new Set(
    journal.steps.flatMap(({ body }) => (body.kind === 'note' && body.input !== null ? [body.input] : [])),
  );
  const fresh = new Map(
    control.takeInputs().flatMap((input) => (known.has(input.id) ? [] : [[input.id, input] as const])),
  );
  for (const { id, text, origin } of fresh.values())
    await journal.append({ kind: 'note', text, origin, input: id });
  return fresh.size > 0;
}

/** The end of the task if the newest step is an answer without calls; an empty one is asked for again once. */
async function ending(journal: Journal): Promise<TaskEnd | null> {
  const last = journal.steps.at(-1);
  if (!last || !isModelStep(last) || last.body.toolCalls.length > 0) return null;
  const summary = last.body.text.trim();
  if (summary !== '')
    return { outcome: 'succeeded', summary, evidence: evidenceOf(journal.steps), failure: null };
  const nudges = journal.steps.filter(
    ({ body }) => body.kind === 'note' && body.text === EMPTY_ANSWER,
  ).length;
  if (nudges > 0) return failed('model-bad-answer', '');
  await journal.append({ kind: 'note', text: EMPTY_ANSWER, origin: { kind: 'agent' }, input: null });
  return null;
}

const MAX_WORK_EVIDENCE = 3;

/** The steps that show what was done: every effect that succeeded, and the last few successful pieces of work. */
function evidenceOf(steps: readonly Step[]): number[] {
  const good = steps.flatMap(({ seq, body }) =>
    body.kind === 'result' && body.ok ? [{ seq, tool: body.tool }] : [],
  );
  const effects = good.filter(({ tool }) => isEffectTool(tool));
  const work = good
    .filter(({ tool }) => !tool.startsWith('files.') && isToolName(tool))
    .slice(-MAX_WORK_EVIDENCE);
  const reads = effects.length + work.length === 0 ? good.slice(-1) : [];
  return [...effects, ...work, ...reads].map(({ seq }) => seq).sort((left, right) => left - right);
}

/** The task waits for the owner, who may add to its budget; the coordinator asks. */
const outOfBudget: TaskEnd = {
  outcome: 'released',
  summary: '',
  evidence: [],
  failure: 'budget-exhausted',
};

/** One model call, recorded. The gateway has retried already; one more try here covers the gateway itself. */
async function askModel(deps: RunTaskDeps): Promise<TaskEnd | null> {
  for (let tries = 1; ; tries += 1) {
    try {
      const request = {
        role: 'executor',
        messages: conversationOf(deps.briefing, deps.journal.steps),
        tools: deps.briefing.tools,
        maxTokens: ANSWER_TOKENS,
      } as const;
      const { text, toolCalls, usage, model } = await collectAnswer(
        deps.model.stream(request, deps.control.signal),
      );
      await deps.journal.append({ kind: 'model', text, toolCalls: [...toolCalls], usage, model });
      return null;
    } catch (error) {
      deps.control.signal.throwIfAborted();
      if (!(error instanceof ModelError)) throw error;
      if (error.retryable && tries === 1) {
        await deps.clock.sleep(error.retryAfterMs ?? MODEL_RETRY_MS, deps.control.signal);
        continue;
      }
      const code = isFailureCode(error.code) ? error.code : 'model-failed';
      return code === 'budget-exhausted' ? outOfBudget : failed(code, '');
    }
  }
}
