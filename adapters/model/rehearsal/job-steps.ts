import type { CallResult, PlannedCall } from './plan.ts';

/** What one job came to, in words that its results bear out. */
export interface JobReport {
  readonly ok: boolean;
  readonly text: string;
}

/** What later jobs of the same task may refer to. */
export interface JobContext {
  /** “it”: the file last spoken of. */
  lastFile: string | null;
  /** Whether a command ran before, which may have left files in scratch. */
  hasRun: boolean;
}

export type JobPlan<Outcome = JobReport> = Generator<readonly PlannedCall[], Outcome, readonly CallResult[]>;

/** Calls one tool and returns its result. */
export function* use(tool: string, parameters: PlannedCall['arguments']): JobPlan<CallResult> {
  const [result] = yield [{ tool, arguments: parameters }];
  if (!result) throw new Error('a call came back without a result');
  return result;
}

/** The longest that the shell tool allows, in seconds. */
export const LONGEST_COMMAND = 600;

/** Stores a scratch file among the owner's files; without a path, in the task's own folder. */
export function* store(scratch: string, path: string | null, context: JobContext): JobPlan {
  const result = yield* use('files_put', { from: scratch, ...(path === null ? {} : { path }) });
  const stored = /^(?:Stored|Overwrote) (.+) \([\d.,]+ ?\w+\)\.?/.exec(result.content);
  if (!stored) return refused(result, `did not store ${path ?? scratch}`);
  context.lastFile = stored[1] ?? null;
  return { ok: true, text: result.content };
}

/** True for a shell result that ended with exit code 0. */
export function didSucceed(content: string): boolean {
  return /^exit code 0(?:\n|$)/.test(content);
}

/** How results begin that say a call was not carried out. */
const REFUSALS =
  /^(?:DENIED|INTERRUPTED|Not done|Cannot |Wrong arguments|There is no (?:file|tool|time zone)|This was begun before|The arguments of|Broken off)/;

export function isRefusal(content: string): boolean {
  return REFUSALS.test(content);
}

/** Tells a result that is not the hoped-for one as it stands. */
export function refused({ content }: CallResult, what: string): JobReport {
  return {
    ok: false,
    text: `I ${what}. ${content.trim() === '' ? 'There was no result.' : shortened(content)}`,
  };
}

export function nameless(): JobReport {
  return { ok: false, text: 'I cannot tell which file is meant. Name it, such as “notes.txt”.' };
}

export function baseName(path: string): string {
  return (
    path.split('/').findLast((segment) => segment !== '' && segment !== '.' && segment !== '..') ?? 'file'
  );
}

function shortened(text: string): string {
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}
