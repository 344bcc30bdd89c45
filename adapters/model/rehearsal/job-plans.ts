import { changeFile, createFile, deleteFile, listFiles, readFile } from './file-plans.ts';
import type { Job } from './intent.ts';
import {
  didSucceed,
  isRefusal,
  type JobContext,
  type JobPlan,
  LONGEST_COMMAND,
  refused,
  use,
} from './job-steps.ts';
import { fetchPage, openHost } from './network-plans.ts';
import { doNumbers } from './number-plan.ts';
import { askForSchedule } from './schedule-phrases.ts';
import { timeZoneOf } from './time-zones.ts';
import { outputSize, quoted, secondsText } from './wording.ts';

/** Does one job with an executor's tools and tells what came of it. A job that fails ends what was to follow it. */
export function* doJob(job: Job, context: JobContext): JobPlan {
  switch (job.kind) {
    case 'run':
      return yield* run(job.command, context);
    case 'write':
      return yield* job.mode === 'create' ? createFile(job, context) : changeFile(job, context);
    case 'read':
      return yield* readFile(job.path, context);
    case 'delete':
      return yield* deleteFile(job.path, context);
    case 'list':
      return yield* listFiles();
    case 'work':
      return yield* work(job.seconds);
    case 'calculate':
      return yield* calculate(job.expression);
    case 'numbers':
      return yield* doNumbers(job.list, context);
    case 'clock':
      return yield* tellTime(job.timeZone);
    case 'fetch':
      return yield* fetchPage(job.url);
    case 'open-host':
      return yield* openHost(job.host, job.port);
    case 'schedule':
      return yield* askForSchedule(job);
    case 'steps':
      return yield* inOrder(job.jobs, context);
  }
}

function* inOrder(jobs: readonly Job[], context: JobContext): JobPlan {
  const texts: string[] = [];
  for (const [index, job] of jobs.entries()) {
    const report = yield* doJob(job, context);
    texts.push(report.text);
    if (report.ok) continue;
    const left = jobs.length - index - 1;
    if (left > 0) texts.push(`The rest was not done (${left} more).`);
    return { ok: false, text: texts.join('\n\n') };
  }
  return { ok: true, text: texts.join('\n\n') };
}

function* run(command: string, context: JobContext): JobPlan {
  const result = yield* use('shell_run', { command, timeout_seconds: LONGEST_COMMAND });
  context.hasRun = true;
  const { content, wasInterrupted } = result;
  const [ending = '', ...output] = content.split('\n');
  const again = wasInterrupted ? ' It was interrupted by a restart and run again.' : '';
  const printed = output.join('\n');
  const whole = outputSize(printed) ?? undefined;
  const shown = printed === '' ? ' It printed nothing.' : `\n${quoted(printed, whole)}`;
  if (didSucceed(content)) return { ok: true, text: `The command ended with ${ending}.${again}${shown}` };
  return { ok: false, text: `The command failed: ${ending}.${again}${printed === '' ? '' : shown}` };
}

/** One call a second keeps the card moving; long work is cut into at most this many pieces. */
const MOST_PIECES = 60;

function* work(seconds: number): JobPlan {
  const pieces = Math.min(Math.ceil(seconds), MOST_PIECES);
  for (let piece = 1; piece <= pieces; piece += 1) {
    const length = Math.round((seconds / pieces) * 100) / 100;
    const command = `sleep ${length} # part ${piece} of ${pieces}`;
    const { content } = yield* use('shell_run', { command, timeout_seconds: LONGEST_COMMAND });
    if (!didSucceed(content))
      return {
        ok: false,
        text: `The work broke off in part ${piece} of ${pieces}: ${content.split('\n', 1)[0]?.slice(0, 200)}.`,
      };
  }
  return {
    ok: true,
    text: `Worked ${secondsText(seconds)} in ${pieces === 1 ? 'one part' : `${pieces} parts`}.`,
  };
}

function* calculate(expression: string): JobPlan {
  const result = yield* use('calculator', { expression });
  return isRefusal(result.content)
    ? refused(result, `could not calculate ${expression}`)
    : { ok: true, text: `${expression} = ${result.content}` };
}

function* tellTime(place: string | null): JobPlan {
  const zone = place === null ? null : timeZoneOf(place);
  if (place !== null && zone === null) return { ok: false, text: `I know no time zone for “${place}”.` };
  const result = yield* use('clock', zone === null ? {} : { time_zone: zone });
  return result.content.includes('UTC ')
    ? { ok: true, text: `It is ${result.content}.` }
    : refused(result, 'could not tell the time');
}
