import { type ChatMessage, type ChatRequest, fromWireName, TOOLS } from '@reeve/core';
import { readIntent } from './grammar.ts';
import type { Intent, Job } from './intent.ts';
import { doJob } from './job-plans.ts';
import type { JobContext, JobReport } from './job-steps.ts';
import { type Move, missingTool, nextMove, type Performed, type Plan, performedIn, textOf } from './plan.ts';
import { SIGNATURE, unclearText } from './wording.ts';

const RESTART_NOTE = '[Note] The worker was restarted';
const STEER = /^\[From [^\]]*\]\s*/;
/** What the executor and the coordinator add to the person's words. */
const ADDITIONS = /\n\n\[(?:Task T-\d+|The person (?:attached|wrote)|“it” is)[\s\S]*$/;
const IT_IS = /\[“it” is the file (?<path>[^\n]+)\]/;
const ATTACHED = /\[The person attached, among the owner's files: (?<paths>[^\]]+)\]/;

/**
 * A worker's next move: the goal, read by the same grammar that the coordinator's part uses, carried out with tools;
 * then words added while it ran; then an answer that says only what the results show.
 */
export function executorMove(request: ChatRequest): Move {
  const [goal, ...later] = request.messages.filter((message) => message.role === 'user').map(textOf);
  const move = nextMove(
    planFor(
      goal ?? '',
      later.filter((text) => STEER.test(text)),
    ),
    countingCalls(request.messages),
  );
  const missing = move.kind === 'call' ? missingTool(request, move.calls) : null;
  if (missing === null) return move;
  return {
    kind: 'answer',
    text: `${SIGNATURE} nothing was done, because the tool ${missing} is not on offer here.`,
  };
}

function* planFor(goal: string, steers: readonly string[]): Plan<string> {
  const context: JobContext = { lastFile: fileMeantBy(goal), hasRun: false };
  const texts: string[] = [];
  let isGoing = true;
  for (const [index, words] of [
    goal.replace(ADDITIONS, ''),
    ...steers.map((text) => text.replace(STEER, '')),
  ].entries()) {
    const job = jobOf(readIntent(words));
    if (!job) {
      texts.push(
        index === 0
          ? unclearText(null)
          : `Your words “${words.slice(0, 200)}” changed nothing: the rehearsal model does not understand them.`,
      );
      continue;
    }
    if (!isGoing) continue;
    const report: JobReport = yield* doJob(job, context);
    texts.push(report.text);
    isGoing = report.ok;
  }
  return texts.join('\n\n');
}

/** Several jobs in one task are done one after the other. */
function jobOf(intent: Intent): Job | null {
  if (intent.kind === 'job') return intent.job;
  return intent.kind === 'several' ? { kind: 'steps', jobs: intent.jobs.map(({ job }) => job) } : null;
}

function fileMeantBy(goal: string): string | null {
  const named = IT_IS.exec(goal)?.groups?.['path'];
  return named ?? ATTACHED.exec(goal)?.groups?.['paths']?.split(', ').at(-1) ?? null;
}

/** After a restart only what lies outside of the lost scratch directory still counts. */
function countingCalls(messages: readonly ChatMessage[]): Performed[] {
  const restart = messages.findLastIndex(
    (message) => message.role === 'user' && textOf(message).startsWith(RESTART_NOTE),
  );
  const before = performedIn(messages.slice(0, Math.max(restart, 0)));
  const after = performedIn(messages.slice(Math.max(restart, 0)));
  return [...before.filter(({ tool }) => !livesInScratch(tool)), ...after];
}

function livesInScratch(wireName: string): boolean {
  const tool = fromWireName(wireName);
  return tool !== null && (TOOLS.get(tool)?.place === 'scratch' || tool === 'files.get');
}
