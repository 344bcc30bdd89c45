import { type ChatMessage, type ChatRequest, HEARD_NOTE, showHiddenInLine } from '@reeve/core';
import { fileSpokenOf, liveTasks, newestEvent, timeOnBoard, wasSaid } from './chat-memory.ts';
import { readIntent } from './grammar.ts';
import type { Intent, Job, TalkTopic, TaskTarget, WordedJob } from './intent.ts';
import { type Move, missingTool, nextMove, type Plan, performedIn, textOf } from './plan.ts';
import { timeZoneOf } from './time-zones.ts';
import {
  helpText,
  NO_MODEL,
  SIGNATURE,
  titleOf,
  unclearBriefly,
  unclearText,
  WHAT_IT_IS,
} from './wording.ts';

/** What the plan may look at beside the person's words. */
interface Chat {
  readonly messages: readonly ChatMessage[];
  readonly now: Date;
}

/** The coordinator's next move: work goes to tasks at once; questions are answered from results and the task board. */
export function coordinatorMove(request: ChatRequest, now: Date): Move {
  const { messages } = request;
  const asked = messages.findLastIndex((message) => message.role === 'user');
  const before = messages.slice(0, asked + 1).findLastIndex((message) => message.role !== 'user');
  const words = messages.slice(before + 1, asked + 1).map(textOf);
  const chat = { messages: messages.slice(0, asked + 1), now };
  const move = nextMove(answerAll(words, chat), performedIn(messages.slice(asked + 1)));
  const missing = move.kind === 'call' ? missingTool(request, move.calls) : null;
  if (missing === null) return move;
  return {
    kind: 'answer',
    text: `${SIGNATURE} nothing was done, because the tool ${missing} is not on offer here.`,
  };
}

/** What came along follows its note. */
const ATTACHMENT_NOTE = /\s*\[Attached, among the owner's files: [\s\S]*$/;

/** Messages typed in a row are answered one after the other. */
function* answerAll(messages: readonly string[], chat: Chat): Plan<string> {
  const answers: string[] = [];
  for (const said of messages.length === 0 ? [''] : messages) {
    const words = said.replace(ATTACHMENT_NOTE, '').replace(HEARD_NOTE, '').trimEnd();
    // A file that comes without words is there to be read.
    const isBare = words === '' && ATTACHMENT_NOTE.test(said);
    answers.push(yield* answer(readIntent(isBare ? 'read it' : words), chat));
  }
  return answers.join('\n\n');
}

function* answer(intent: Intent, chat: Chat): Plan<string> {
  switch (intent.kind) {
    case 'job':
      return yield* delegate([intent], chat);
    case 'several':
      return yield* delegate(intent.jobs, chat);
    case 'control':
      return yield* control(intent.act, intent.target, chat);
    case 'steer':
      return yield* steer(intent.task, intent.text);
    case 'inspect':
      return yield* inspect(intent.task);
    case 'status':
      return status(chat);
    case 'decide':
      return `${SIGNATURE} only you can decide that: use the buttons of the card, or type /approve or /deny with its code. /status lists what waits for you.`;
    case 'talk':
      return talk(intent.topic, chat);
    case 'unclear':
      return isIntroduced(chat) ? unclearBriefly(intent.because) : unclearText(intent.because);
  }
}

/* Work. */

function* delegate(jobs: readonly WordedJob[], chat: Chat): Plan<string> {
  const [only] = jobs;
  if (only && jobs.length === 1) {
    if (only.job.kind === 'clock') return tellTime(only.job.timeZone, chat);
    if (only.job.kind === 'list') return yield* listFiles();
  }
  const newestFile = fileSpokenOf(chat.messages);
  if (newestFile === null && jobs.some(({ job }) => needsIt(job)))
    return `${SIGNATURE} I cannot tell which file is meant: none was stored in this conversation. Name it, such as “delete notes.txt”. Nothing was done.`;
  const calls = jobs.map((each, index) => ({
    tool: 'task_start',
    arguments: { title: titleFor(each.job, newestFile, index, jobs), goal: goalFor(each, newestFile) },
  }));
  const results = yield calls;
  const started: string[] = [];
  const problems: string[] = [];
  for (const [index, { content }] of results.entries()) {
    const task = fieldOf(content, 'task');
    const title = calls[index]?.arguments.title ?? '';
    if (task) started.push(`${task} (${title})`);
    else problems.push(`Not started: ${title}. ${fieldOf(content, 'problem') ?? content.slice(0, 300)}`);
  }
  return startedText(started, problems, chat);
}

/** Whether this conversation has been told what answers here; told once, it is not told again. */
function isIntroduced({ messages }: Chat): boolean {
  return wasSaid(messages, NO_MODEL);
}

function startedText(started: readonly string[], problems: readonly string[], chat: Chat): string {
  const results =
    started.length === 1 ? 'Its result comes here by itself.' : 'Their results come here by themselves.';
  const lines = started.length > 0 ? [`Started ${started.join(', ')}. ${results}`] : [];
  const introduction = isIntroduced(chat)
    ? SIGNATURE
    : `${SIGNATURE} ${NO_MODEL}, so a fixed stand-in hands this to a real worker.`;
  return [introduction, ...lines, ...problems].join(' ');
}

/** True when a job speaks of “it” and nothing before it in the same task says what that is. */
function needsIt(job: Job): boolean {
  if (job.kind === 'steps') {
    const naming = job.jobs.findIndex(
      (each) =>
        ('path' in each && each.path !== null) || (each.kind === 'numbers' && each.list.file !== null),
    );
    return job.jobs.some((each, index) => needsIt(each) && (naming < 0 || index < naming));
  }
  return 'path' in job && job.path === null;
}

function goalFor({ words, job }: WordedJob, newestFile: string | null): string {
  return needsIt(job) && newestFile !== null
    ? `${words}\n\n[“it” is the file ${showHiddenInLine(newestFile)}]`
    : words;
}

function titleFor(job: Job, newestFile: string | null, index: number, jobs: readonly WordedJob[]): string {
  const named = 'path' in job && job.path === null ? { ...job, path: newestFile } : job;
  const title = titleOf(named);
  const namesakes = jobs.filter((each) => titleOf(each.job) === titleOf(job)).length;
  return namesakes > 1 ? `${title} (${index + 1} of ${jobs.length})` : title;
}

function* listFiles(): Plan<string> {
  const [result] = yield [{ tool: 'files_list', arguments: {} }];
  const files = parsed(result?.content ?? '');
  if (!Array.isArray(files))
    return `${SIGNATURE} I could not list your files. ${result?.content.slice(0, 300) ?? ''}`;
  if (files.length === 0) return `${SIGNATURE} you have no files yet.`;
  const lines = files.map(
    (file: unknown) =>
      `- ${showHiddenInLine(String(propertyOf(file, 'path') ?? '?'))} (${propertyOf(file, 'bytes') ?? '?'} bytes)`,
  );
  return `${SIGNATURE} your files:\n${lines.join('\n')}`;
}

function tellTime(place: string | null, { messages, now }: Chat): string {
  if (place === null) {
    const time = timeOnBoard(messages) ?? `${now.toISOString()} (UTC)`;
    return `${SIGNATURE} it is ${time}.`;
  }
  const timeZone = timeZoneOf(place);
  if (timeZone === null)
    return `${SIGNATURE} I know no time zone for “${place}”. A city of the time zone list works, such as Tokyo.`;
  const time = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'full', timeStyle: 'short' }).format(
    now,
  );
  return `${SIGNATURE} it is ${time} (${timeZone}).`;
}

/* Tasks that there are. */

const DONE = { cancel: 'cancelled', pause: 'paused', resume: 'goes on' } as const;

function* control(act: keyof typeof DONE, target: TaskTarget, chat: Chat): Plan<string> {
  const live = liveTasks(chat.messages).map(({ task }) => task);
  const newest = live.at(-1);
  const tasks = typeof target === 'object' ? [target.task] : target === 'all' ? live : newest ? [newest] : [];
  if (tasks.length === 0) return `${SIGNATURE} no task is running or waiting, so there is nothing to ${act}.`;
  const results = yield tasks.map((task) => ({ tool: `task_${act}`, arguments: { task } }));
  const lines = results.map(({ content }, index) => {
    const problem = fieldOf(content, 'problem');
    if (problem) return problem;
    return fieldOf(content, 'task')
      ? `${tasks[index]} ${DONE[act]}.`
      : `${tasks[index]}: ${content.slice(0, 300)}`;
  });
  return `${SIGNATURE} ${lines.join(' ')}`;
}

function* steer(task: string, text: string): Plan<string> {
  const [result] = yield [{ tool: 'task_steer', arguments: { task, text } }];
  const problem = fieldOf(result?.content ?? '', 'problem');
  return `${SIGNATURE} ${problem ?? `handed your words to ${task}.`}`;
}

function* inspect(task: string): Plan<string> {
  const [result] = yield [{ tool: 'task_inspect', arguments: { task } }];
  const content = result?.content ?? '';
  const problem = fieldOf(content, 'problem');
  if (problem) return `${SIGNATURE} ${problem}`;
  const value = parsed(content);
  const steps = propertyOf(value, 'steps');
  const lines =
    Array.isArray(steps) && steps.length > 0
      ? [`Steps: ${steps.map(String).join('; ')}.`]
      : ['No steps yet.'];
  const summary = fieldOf(content, 'summary');
  const state = fieldOf(content, 'now') ?? fieldOf(content, 'state') ?? 'in a state that I cannot read';
  return [
    `${SIGNATURE} ${task} ${fieldOf(content, 'title') ?? ''}: ${state}.`,
    ...lines,
    ...(summary ? [summary] : []),
  ].join('\n');
}

function status({ messages }: Chat): string {
  const live = liveTasks(messages);
  const event = newestEvent(messages);
  const last = event ? ` The last news: ${event}` : '';
  if (live.length === 0) return `${SIGNATURE} no tasks are running or waiting.${last}`;
  return `${SIGNATURE} these tasks are live:\n${live.map(({ task, text }) => `- ${task} ${text}`).join('\n')}`;
}

/* Talk. */

const GREETING_AGAIN = `${SIGNATURE} hello again. Say “help” to see what I understand.`;
const TALK: Readonly<Record<Exclude<TalkTopic, 'help'>, string>> = {
  greeting: `Hello. ${WHAT_IT_IS} Say “help” to see which.`,
  identity: `${WHAT_IT_IS} I am its stand-in, Reeve’s rehearsal model. Say “help” to see what I understand.`,
  wellbeing: `${SIGNATURE} I am a fixed stand-in without moods, and in working order. Say “help” to see what I understand.`,
  thanks: `${SIGNATURE} you are welcome.`,
  farewell: `${SIGNATURE} goodbye. Tasks that run go on.`,
  praise: `${SIGNATURE} good. Say “help” to see what I understand.`,
};

function talk(topic: TalkTopic, chat: Chat): string {
  if (topic === 'greeting' && isIntroduced(chat)) return GREETING_AGAIN;
  return topic === 'help' ? helpText() : TALK[topic];
}

/* Tool results. */

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function propertyOf(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? Reflect.get(value, name) : undefined;
}

/** A text field of a JSON result; null when there is none. */
function fieldOf(json: string, name: string): string | null {
  const value = propertyOf(parsed(json), name);
  return typeof value === 'string' && value !== '' ? value : null;
}
