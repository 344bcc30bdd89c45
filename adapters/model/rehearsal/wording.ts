import { showHiddenInLine } from '@reeve/core';
import type { Job } from './intent.ts';
import { describeList } from './number-list.ts';

/** How every answer of the coordinator's part begins, so that nobody takes the stand-in for a model. */
export const SIGNATURE = 'Rehearsal model:';
/** Said once in a conversation, in whichever answer comes first. */
export const NO_MODEL = 'no AI model is configured';
export const WHAT_IT_IS = `${SIGNATURE} ${NO_MODEL}, so a fixed stand-in answers. It follows a few plain English requests; what they start is real.`;

const ABILITIES = `- run a command: “run \`ls -la\`”
- write, read, list and delete files: “write hello to notes.txt”, “read notes.txt”, “list my files”, “delete it”
- make a CSV of numbers: “make a CSV of the first 20 primes and tell me their sum”
- work for a while: “work 5 seconds”
- several things at once: “do three things at once: work 3 seconds; run date; list my files”
- calculate: “what is 12*(3+4)”, and tell the time
- the network, through the gateway: “fetch https://example.com”, “open pypi.org to commands”
- later, or again and again: “every Monday at 09:00: make a CSV of the first 20 primes”
- tasks: “status”, “how is T-3?”, “cancel T-3”, “cancel all”`;
const GET_A_MODEL =
  'For a real model set OPENAI_BASE_URL and OPENAI_API_KEY, or OPENROUTER_API_KEY, and start again. Commands such as /status and /help work either way.';

export function helpText(): string {
  return `${WHAT_IT_IS} It understands:\n${ABILITIES}\n\n${GET_A_MODEL}`;
}

/** For what fits no phrase: says so, does nothing, and tells what would fit. */
export function unclearText(because: string | null): string {
  const reason = because ? ` ${because}` : '';
  return `${SIGNATURE} ${NO_MODEL}, and the stand-in does not understand that.${reason} Nothing was done. It understands:\n${ABILITIES}\n\n${GET_A_MODEL}`;
}

/** The same, where what it is has been said before. */
export function unclearBriefly(because: string | null): string {
  const reason = because ? ` ${because}` : '';
  return `${SIGNATURE} I do not understand that.${reason} Nothing was done. Say “help” to see what I understand.`;
}

/** A job in a few words, for a task's title. */
export function titleOf(job: Job): string {
  switch (job.kind) {
    case 'run':
      return `Run ${oneLine(job.command)}`;
    case 'write':
      return `${{ create: 'Write', replace: 'Overwrite', append: 'Add to' }[job.mode]} ${fileName(job.path)}`;
    case 'read':
      return `Read ${fileName(job.path)}`;
    case 'delete':
      return `Delete ${fileName(job.path)}`;
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
    case 'fetch':
      return `Fetch ${oneLine(job.url)}`;
    case 'open-host':
      return `Open ${job.port === 443 ? job.host : `${job.host}:${job.port}`} to commands`;
    case 'schedule':
      return `Schedule: ${job.title}`.slice(0, 180);
    case 'steps':
      return job.jobs.map(titleOf).join(', then ').slice(0, 180);
  }
}

export function secondsText(seconds: number): string {
  return seconds === 1 ? '1 second' : `${seconds} seconds`;
}

/** Every hidden character of a name is shown, so that two names never look the same. */
function fileName(path: string | null): string {
  return path === null ? 'the file' : oneLine(showHiddenInLine(path));
}

function oneLine(text: string): string {
  const line = showHiddenInLine(text.trim().replace(/\s+/g, ' '));
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}

/** Most that an answer repeats of what a command printed or a file holds. */
const MAX_QUOTED_CHARACTERS = 1500;
const MAX_QUOTED_LINES = 24;

/**
 * Output as a code block that nothing in it can close. Of a long one it shows the beginning and says so, with `whole`
 * as the size of all of it when the text at hand is itself only a part.
 */
export function quoted(text: string, whole = `${text.length} characters`): string {
  const lines = text.replace(/\n$/, '').split('\n');
  const shown = lines.slice(0, MAX_QUOTED_LINES).join('\n').slice(0, MAX_QUOTED_CHARACTERS).toWellFormed();
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  const isCut = shown.length < lines.join('\n').length;
  return `${fence}\n${shown}\n${fence}${isCut ? `\n(only the beginning is shown, of ${whole})` : ''}`;
}

/** The sizes that the shell tool tells of what a command printed, such as `104,857,600 bytes`; null without any. */
export function outputSize(output: string): string | null {
  const sizes = [...output.matchAll(/^--- (?<channel>stdout|stderr) \((?<bytes>\d+) bytes\)$/gm)];
  const [first] = sizes;
  // The output may hold such lines itself; the tool's own are the first one, and the last about errors.
  const errors = sizes.findLast(({ groups }) => groups?.['channel'] === 'stderr');
  const told = [...new Set([first, errors])].flatMap((size) => (size?.groups ? [size.groups] : []));
  if (told.length === 0) return null;
  return told
    .map(({ bytes, channel }) => {
      const size = `${Number(bytes).toLocaleString('en-US')} bytes`;
      return channel === 'stderr' ? `${size} of errors` : size;
    })
    .join(' and ');
}
