import {
  describeOrigin,
  describeSandbox,
  type Origin,
  type Step,
  type Store,
  scheduleIdSchema,
  shorten,
  showHidden,
  showHiddenInLine,
  type TaskId,
} from '@reeve/core';
import { capabilityWords } from './capability-words.ts';
import { answerSentence } from './question-words.ts';
import { whenText } from './schedules/say-when.ts';
import { momentText, spanText, stateText, taskName } from './wording.ts';

const SHOWN_STEPS = 60;
/** Characters of one command. */
const SHOWN_COMMAND = 600;

/** What a task did and on whose word, from its records: its origin, each step, each question and who answered. */
export async function whyText(store: Store, id: TaskId, timeZone: string): Promise<string | null> {
  const task = await store.tasks.get(id);
  if (!task) return null;
  const steps = await store.steps.list(id);
  const audit = await store.audit.about(id, 500);
  const commands = commandsOf(steps);
  const lines = [
    `**${taskName(task)}**: ${stateText(task)}.`,
    `Started by ${showHiddenInLine(describeOrigin(task.origin))}, ${momentText(task.createdAt, timeZone)}. Goal: ${showHidden(shorten(task.goal, 600))}`,
    ...(await scheduleLines(store, task.origin, timeZone)),
    `Attempts: ${Math.max(1, task.attempt)}. It was allowed to: ${capabilityWords(task.capabilities).join('; ')}.`,
    ...(task.sandbox ? [`Its commands: ${describeSandbox(task.sandbox)}.`] : []),
    '',
    steps.length === 0 ? 'It has no steps yet.' : 'Steps:',
    ...steps.slice(-SHOWN_STEPS).flatMap((step) => stepLine(step, commands)),
  ];
  const questions = await questionLines(store, id, timeZone);
  if (questions.length > 0) lines.push('', 'Questions it asked:', ...questions);
  if (task.outcome && task.outcome.summary !== '')
    lines.push('', `It says: ${showHidden(task.outcome.summary)}`);
  if (audit.length > 0)
    lines.push(
      '',
      `${audit.length} entries in the audit log, from ${audit[0]?.sequence} to ${audit.at(-1)?.sequence}.`,
    );
  return lines.join('\n');
}

/** For a run of a schedule: which one began it, when that runs, and on whose word it was made. */
async function scheduleLines(store: Store, origin: Origin, timeZone: string): Promise<string[]> {
  const id = origin.kind === 'schedule' ? scheduleIdSchema.safeParse(origin.schedule) : null;
  const schedule = id?.success ? await store.schedules.get(id.data) : null;
  if (!schedule) return [];
  const asked = schedule.task === null ? '' : `, asked for by ${schedule.task}`;
  const made = `made by ${showHiddenInLine(describeOrigin(schedule.origin))}${asked}, ${momentText(schedule.createdAt, timeZone)}`;
  const now = schedule.state === 'ended' ? 'It has ended.' : '`/schedule` shows what it does next.';
  return [
    `**${schedule.id}** “${showHiddenInLine(schedule.title)}” began it: ${whenText(schedule)}; ${made}. ${now}`,
  ];
}

/** The commands of shell steps, by call. */
function commandsOf(steps: readonly Step[]): ReadonlyMap<string, string> {
  return new Map(
    steps.flatMap(({ body }) =>
      body.kind === 'intent' && body.tool === 'shell.run'
        ? [[body.callId, String(body.arguments['command'] ?? '')]]
        : [],
    ),
  );
}

function stepLine(step: Step, commands: ReadonlyMap<string, string>): string[] {
  const { body } = step;
  switch (body.kind) {
    case 'model':
      return body.text === ''
        ? []
        : [`${step.seq}. the model (${showHiddenInLine(body.model)}) said: ${shorten(body.text, 200)}`];
    case 'intent':
      return [];
    case 'result':
      return [
        `${step.seq}. ${body.ok ? '✓' : '✗'} ${shorten(body.activity, 200)} (${spanText(body.durationMs)})`,
        ...commandLine(commands.get(body.callId)),
      ];
    case 'note':
      return [
        `${step.seq}. note from ${showHiddenInLine(describeOrigin(body.origin))}: ${shorten(body.text, 200)}`,
      ];
  }
}

/** What a shell step ran, as it was run: whoever wrote the command chose what its first comment calls it. */
function commandLine(command: string | undefined): string[] {
  if (command === undefined) return [];
  const shown = showHidden(command);
  const lines = (shown.length > SHOWN_COMMAND ? cutText(shown) : shown).split('\n');
  return ['', ...lines.map((line) => `        ${line}`), ''];
}

function cutText(shown: string): string {
  const left = shown.length - SHOWN_COMMAND;
  return `${shown.slice(0, SHOWN_COMMAND).toWellFormed()}\n… (${left} more characters)`;
}

async function questionLines(store: Store, id: TaskId, timeZone: string): Promise<string[]> {
  return (await store.approvals.forTask(id)).map((approval) => {
    const when = approval.decidedAt ? ` (${momentText(approval.decidedAt, timeZone)})` : '';
    return `- ${approval.code} ${answerSentence(approval)}${when}`;
  });
}
