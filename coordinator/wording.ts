import {
  type AskedCall,
  BUDGET_TOOL,
  dateFormats,
  type GitUpdate,
  gitPushSchema,
  namesMethod,
  raiseArgumentsSchema,
  SCHEDULE_TOOL,
  type Step,
  shorten,
  showHiddenInLine,
  type Task,
  type TaskOutcome,
  type WaitingFor,
} from '@reeve/core';
import { raiseSentence } from './budget-wording.ts';

/** A span of time as people say it: `4 s`, `3 min 20 s`, `2 h 5 min`. */
export function spanText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = -1;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

const MOMENT = {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
} as const;
const momentFormat = {
  short: dateFormats('en-GB', MOMENT),
  'with year': dateFormats('en-GB', { ...MOMENT, year: 'numeric' }),
};

/** Date and time in the owner's zone: `Sat 21 Nov, 14:05`, with a year `Sat, 21 Nov 2026, 14:05`. */
export function momentText(at: Date, timeZone: string, form: 'short' | 'with year' = 'short'): string {
  return momentFormat[form](timeZone).format(at);
}

export function countText(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

const STATE_ICONS: Readonly<Record<Task['state'], string>> = {
  queued: '…',
  running: '▶',
  waiting: '?',
  paused: '‖',
  succeeded: '✓',
  failed: '✗',
  cancelled: '■',
  expired: '⌛',
};

export function stateIcon(task: Pick<Task, 'state'>): string {
  return STATE_ICONS[task.state];
}

/** What a task does now, or came to, in a few words. */
export function stateText(task: Task): string {
  switch (task.state) {
    case 'queued':
      return task.attempt === 0 ? 'queued' : 'queued to go on';
    case 'running':
      return task.activity === '' ? 'starting' : task.activity;
    case 'waiting':
      return WAITING_TEXTS[task.waitingFor ?? 'approval'];
    case 'paused':
      return 'paused';
    case 'succeeded':
      return task.outcome ? verdictText(task.outcome) : 'done';
    case 'failed':
      return 'failed';
    case 'cancelled':
      return 'cancelled';
    case 'expired':
      return 'ran out of time';
  }
}

const WAITING_TEXTS: Readonly<Record<WaitingFor, string>> = {
  approval: 'waiting for your answer',
  input: 'waiting for input',
  budget: 'waiting for more budget',
};

const VERDICTS: Readonly<Record<NonNullable<TaskOutcome['verdict']>, string>> = {
  proved: 'done',
  unverified: 'finished, unverified',
  denied: 'ended without what was denied',
  refused: 'ended without what was refused',
};

/** What a task that ended well may be called: “done” only where a step proves it. */
export function verdictText({ verdict = 'proved' }: Pick<TaskOutcome, 'verdict'>): string {
  return VERDICTS[verdict];
}

/** `T-3 Make a CSV`, safe on one line. */
export function taskName(task: Pick<Task, 'id' | 'title'>): string {
  return `${task.id} ${shorten(task.title, 80)}`;
}

/** A declared call as one plain sentence that starts with a verb: what will happen, to what. */
export function effectSentence(call: AskedCall): string {
  const path = showHiddenInLine(String(call.arguments['path'] ?? ''));
  switch (call.tool) {
    case 'files.delete':
      return `Delete 1 file: ${path}`;
    case 'files.put':
      return call.arguments['replaces'] === null ? `Store 1 new file: ${path}` : `Overwrite 1 file: ${path}`;
    case 'http.fetch':
      return fetchSentence(call);
    case 'network.open':
      return `Let this task’s commands send anything to 1 host: ${showHiddenInLine(`${call.arguments['host']}:${call.arguments['port']}`)}`;
    case BUDGET_TOOL:
      return raiseSentence(raiseArgumentsSchema.parse(call.arguments));
    case 'git.open':
      return `Let this task’s Git read 1 repository: ${showHiddenInLine(String(call.arguments['repository']))}`;
    case 'git.push':
      return pushSentence(call);
    case SCHEDULE_TOOL:
      return `Schedule 1 job: ${showHiddenInLine(String(call.arguments['when']))}: ${showHiddenInLine(String(call.arguments['title']))}`;
    case 'web.search':
      return `Search the web for “${showHiddenInLine(String(call.arguments['query']))}”`;
    default:
      return `Run ${showHiddenInLine(call.tool)}`;
  }
}

function fetchSentence(call: AskedCall): string {
  const { method, url, headers, body, secrets } = call.arguments;
  const host = showHiddenInLine(URL.parse(String(url))?.host ?? String(url));
  const using =
    Array.isArray(secrets) && secrets.length > 0
      ? `, using ${secrets.map((name) => showHiddenInLine(String(name))).join(', ')}`
      : '';
  const request = `${showHiddenInLine(String(method))} request`;
  if (method !== 'GET' && method !== 'HEAD') return `Send 1 ${request} to ${host}${using}`;
  if (namesMethod(headers)) return `Send 1 ${request} that may count as another to ${host}${using}`;
  return body === null || body === undefined
    ? `Read 1 page from ${host}${using}`
    : `Send 1 ${request} with a body to ${host}${using}`;
}

const PUSH_VERBS: Readonly<Record<GitUpdate['kind'], string>> = {
  create: 'make',
  update: 'add to',
  force: 'replace history of',
  delete: 'delete',
};

function pushSentence(call: AskedCall): string {
  const push = gitPushSchema.safeParse(call.arguments);
  if (!push.success) return 'Push to a repository';
  const { repository, updates } = push.data;
  const changes = updates.map(({ kind, ref }) => `${PUSH_VERBS[kind]} ${showHiddenInLine(ref)}`);
  return `Push ${countText(updates.length, 'change')} to ${showHiddenInLine(repository)}: ${changes.join(', ')}`;
}

/** One change of a push in full: the ref, both ids, the commits. */
export function updateText({ ref, old, new: target, kind, subjects }: GitUpdate): string {
  const change = {
    create: `new, at ${target}`,
    update: `from ${old} to ${target}`,
    force: `from ${old} to ${target}; replaces history`,
    delete: `deleted; it was at ${old}`,
  }[kind];
  const commits = subjects.map((subject) => `  · ${showHiddenInLine(subject)}`);
  return [`${showHiddenInLine(ref)}: ${change}`, ...commits].join('\n');
}

/** The steps that show something was done, as lines for people: `step 3 wrote primes.csv (61 bytes)`. */
export function proofLines(steps: readonly Step[], evidence: readonly number[]): string[] {
  const wanted = new Set(evidence);
  const lines: string[] = [];
  for (const step of steps) {
    if (wanted.has(step.seq) && step.body.kind === 'result' && step.body.ok)
      lines.push(`step ${step.seq} ${showHiddenInLine(step.body.activity)}`);
  }
  return lines;
}
