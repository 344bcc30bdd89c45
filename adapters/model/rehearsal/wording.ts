import type { Job } from './intent.ts';
import { describeList } from './number-list.ts';

/** How every answer of the coordinator's part begins, so that nobody takes the stand-in for a model. */
export const SIGNATURE = 'Rehearsal model:';
export const WHAT_IT_IS = `${SIGNATURE} no AI model is configured, so a fixed stand-in answers. It follows a few plain English requests; what they start is real.`;

const ABILITIES = `- run a command: “run \`ls -la\`”
- write, read, list and delete files: “write hello to notes.txt”, “read notes.txt”, “list my files”, “delete it”
- make a CSV of numbers: “make a CSV of the first 20 primes and tell me their sum”
- work for a while: “work 5 seconds”
- several things at once: “do three things at once: work 3 seconds; run date; list my files”
- calculate: “what is 12*(3+4)”, and tell the time
- tasks: “status”, “how is T-3?”, “cancel T-3”, “cancel all”`;
const GET_A_MODEL =
  'For a real model set OPENAI_BASE_URL and OPENAI_API_KEY, or OPENROUTER_API_KEY, and start again. Commands such as /status and /help work either way.';

export function helpText(): string {
  return `${WHAT_IT_IS} It understands:\n${ABILITIES}\n\n${GET_A_MODEL}`;
}

/** For what fits no phrase: says so, does nothing, and tells what would fit. */
export function unclearText(because: string | null): string {
  const reason = because ? ` ${because}` : '';
  return `${SIGNATURE} no AI model is configured, and the stand-in does not understand that.${reason} Nothing was done. It understands:\n${ABILITIES}\n\n${GET_A_MODEL}`;
}

/** A job in a few words, for a task's title. */
export function titleOf(job: Job): string {
  switch (job.kind) {
    case 'run':
      return `Run ${oneLine(job.command)}`;
    case 'write':
      return `${{ create: 'Write', replace: 'Overwrite', append: 'Add to' }[job.mode]} ${oneLine(job.path ?? 'the file')}`;
    case 'read':
      return `Read ${oneLine(job.path ?? 'the file')}`;
    case 'delete':
      return `Delete ${oneLine(job.path ?? 'the file')}`;
    case 'list':
      return 'List the files';
    case 'work':
      return `Work ${secondsText(job.seconds)}`;
    case 'calculate':
      return `Calculate ${oneLine(job.expression)}`;
    case 'numbers':
      return `${job.list.file ? 'CSV of the' : 'The'} ${describeList(job.list)}`;
    case 'clock':
      return 'Tell the time';
    case 'steps':
      return job.jobs.map(titleOf).join(', then ').slice(0, 180);
  }
}

export function secondsText(seconds: number): string {
  return seconds === 1 ? '1 second' : `${seconds} seconds`;
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}

/** Longest piece of output that an answer repeats, in characters. */
const MAX_QUOTED = 3000;

/** Output as a code block that nothing in it can close; says how much it leaves out. */
export function quoted(text: string): string {
  const shown = text.length > MAX_QUOTED ? text.slice(0, MAX_QUOTED) : text;
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  const rest = text.length > MAX_QUOTED ? `\n(the first ${MAX_QUOTED} of ${text.length} characters)` : '';
  return `${fence}\n${shown.replace(/\n$/, '')}\n${fence}${rest}`;
}
