import type { ApiEvent } from '@reeve/channel-http';
import type { TaskState } from '@reeve/core';
import { EXIT } from '../user-error.ts';
import type { ApiClient } from './api-client.ts';
import { ApiProblem, ApiUnreachable } from './api-error.ts';
import { type ResumedTask, resumedTask } from './resumed-task.ts';
import { createScriptReport, type ScriptReport } from './script-report.ts';
import { createTurnWatch, type TurnWatch } from './turn-watch.ts';

export interface ScriptChatOptions {
  readonly client: ApiClient;
  readonly message: string;
  /** Paths among the owner's files, as `upload` returned them. */
  readonly attachments: readonly string[];
  readonly conversation: string;
  /** What to say to the questions of this message's own tasks; `none` leaves them open. */
  readonly approve: 'once' | 'deny' | 'none';
  readonly json: boolean;
  /** Takes one line of standard output, without its line feed. */
  readonly write: (line: string) => void;
  /** Takes one line of standard error. */
  readonly complain: (line: string) => void;
  readonly newId: () => string;
  /** Ends the waiting, never the tasks. A `TimeoutError` as its reason counts as a time limit. */
  readonly signal: AbortSignal;
}

type Outcome = 'over' | 'waiting' | 'refused' | 'unreachable' | 'interrupted' | 'timeout';

/** About a minute of trying to get back to a Reeve that went away. */
const RECONNECT_TRIES = 32;
/** As the shell counts a command that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * Sends one message, prints what comes of it, and returns once the turn and the tasks it started, or let go on by a
 * command such as `/approve`, have ended and their results arrived. Listens before it sends, so no event is missed.
 *
 * Exit codes: 0 every task succeeded; 1 a task did not, Reeve refused the message or could not do what it says, or the
 * time was up; 2 no connection; 3 all that is left waits for a person; 130 interrupted.
 */
export async function runScriptChat(options: ScriptChatOptions): Promise<number> {
  const report = createScriptReport(options);
  const run: Run = { options, report, watch: null, owners: new Map(), resumed: null };
  const outcome = await follow(run).catch((error: unknown) => failed(run, error));
  const tasks = run.watch?.tasks() ?? {};
  const exitCode = run.watch?.hasFailed() ? EXIT.failed : exitCodeOf(outcome, tasks);
  const why = explanation(outcome, tasks);
  if (why !== null) options.complain(why);
  report.ended(exitCode, outcome, tasks);
  return exitCode;
}

interface Run {
  readonly options: ScriptChatOptions;
  readonly report: ScriptReport;
  watch: TurnWatch | null;
  /** Whether a task was started by this message or goes on by it, by task. */
  readonly owners: Map<string, boolean>;
  resumed: ResumedTask | null;
}

async function follow(run: Run): Promise<Outcome> {
  const { client, conversation, signal } = run.options;
  let turnId: string | null = null;
  const resumed = await resumedTask(client, run.options.message);
  run.resumed = resumed;
  if (resumed) run.owners.set(resumed.id, true);
  // A task that goes on may belong to another conversation.
  const scope = resumed ? null : conversation;
  const events = client.events({ conversation: scope, after: null, signal, maxTries: RECONNECT_TRIES });
  for await (const { event } of events) {
    if (event.kind === 'connection') run.report.connection(event);
    else if (event.kind === 'hello') turnId ??= await send(run);
    else if (turnId !== null && concerns(run, event)) {
      run.report.event(event);
      const outcome = await advance(run, event, turnId);
      if (outcome !== null) return outcome;
    }
  }
  return stopped(signal);
}

/** Of all conversations' events those of this one, and those about the task that goes on. */
function concerns({ options, resumed }: Run, event: ApiEvent): boolean {
  if (!resumed || !('conversation' in event) || event.conversation === options.conversation) return true;
  return taskOf(event) === resumed.id;
}

async function send(run: Run): Promise<string> {
  const { client, message: text, attachments, conversation, newId, signal } = run.options;
  const accepted = await client.sendMessage({ conversation, text, attachments, clientId: newId() }, signal);
  run.report.accepted(accepted);
  run.watch = createTurnWatch(accepted.turnId);
  if (run.resumed) run.watch.follow(run.resumed.id, run.resumed.questions);
  return accepted.turnId;
}

async function advance(run: Run, event: ApiEvent, turnId: string): Promise<Outcome | null> {
  const watch = run.watch;
  if (!watch) return null;
  const task = taskOf(event);
  if (task !== null && !run.owners.has(task))
    run.owners.set(task, (await run.options.client.getTask(task)).turnId === turnId);
  watch.observe(event, (id) => run.owners.get(id) ?? false);
  await answerQuestions(run, watch);
  if (watch.standing() === 'waiting') await lookAgain(run, watch);
  const standing = watch.standing();
  return standing === 'going' ? null : standing;
}

function taskOf(event: ApiEvent): string | null {
  if (event.kind !== 'message' && event.kind !== 'card') return null;
  return 'taskId' in event.about ? event.about.taskId : null;
}

/** A script cannot look whether something happened: what may have happened is left as it is, never repeated. */
async function answerQuestions({ options, report }: Run, watch: TurnWatch): Promise<void> {
  const { approve, client } = options;
  if (approve === 'none') return;
  for (const { code, question } of watch.takeQuestions()) {
    const decision = question === 'outcome' ? 'deny' : approve;
    try {
      await client.decide(code, decision);
      report.decided(code, decision);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      report.undecided(code, error);
    }
  }
}

/** Events may lag behind: before it is said that everything waits for a person, Reeve is asked. */
async function lookAgain({ options, owners }: Run, watch: TurnWatch): Promise<void> {
  for (const [id, state] of Object.entries(watch.tasks())) {
    if (state !== 'waiting' && state !== 'paused') continue;
    const task = await options.client.getTask(id);
    owners.set(id, true);
    const isAnswerable =
      task.state === 'waiting' && task.waitingFor === 'approval' && options.approve !== 'none';
    watch.correct(id, isAnswerable ? 'running' : task.state);
  }
}

function failed(run: Run, error: unknown): Outcome {
  if (run.options.signal.aborted) return stopped(run.options.signal);
  if (error instanceof ApiProblem) {
    run.report.problem(error);
    run.options.complain(error.message);
    return 'refused';
  }
  if (!(error instanceof ApiUnreachable)) throw error;
  return 'unreachable';
}

function stopped(signal: AbortSignal): Outcome {
  const { reason } = signal;
  return reason instanceof Error && reason.name === 'TimeoutError' ? 'timeout' : 'interrupted';
}

function exitCodeOf(outcome: Outcome, tasks: Readonly<Record<string, TaskState>>): number {
  switch (outcome) {
    case 'over':
      return Object.values(tasks).every((state) => state === 'succeeded') ? EXIT.ok : EXIT.failed;
    case 'waiting':
      return EXIT.waiting;
    case 'unreachable':
      return EXIT.usage;
    case 'interrupted':
      return INTERRUPTED;
    case 'refused':
    case 'timeout':
      return EXIT.failed;
  }
}

/** Why it stopped before everything was over, for standard error; null when there is nothing to explain. */
function explanation(outcome: Outcome, tasks: Readonly<Record<string, TaskState>>): string | null {
  const waiting = Object.keys(tasks).filter((id) => tasks[id] === 'waiting' || tasks[id] === 'paused');
  const goesOn = 'Nothing was cancelled: tasks go on while Reeve is up, and at its next start.';
  switch (outcome) {
    case 'over':
    case 'refused':
      return null;
    case 'waiting':
      return `${waiting.join(', ')}: waiting for a person. Answer with \`reeve chat --message "/approve CODE"\` or "/deny CODE"; /status shows the codes.`;
    case 'unreachable':
      return 'Reeve cannot be reached. What it accepted goes on when it is up again; `reeve up` starts it.';
    case 'interrupted':
      return `Stopped waiting. ${goesOn}`;
    case 'timeout':
      return `The time is up; stopped waiting. ${goesOn}`;
  }
}
