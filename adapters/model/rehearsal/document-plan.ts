import { parseToolArguments } from '@reeve/core';
import { z } from 'zod';
import { documentScript } from './document-script.ts';
import { didSucceed, type JobPlan, type JobReport, LONGEST_COMMAND, refused, use } from './job-steps.ts';

/** What the command of `documentScript` prints of a file. */
const documentFactsSchema = z.object({
  bytes: z.number(),
  kind: z.string(),
  title: z.string().default(''),
  /** Slides, for a presentation. */
  pages: z.number().optional(),
  words: z.number().optional(),
  /** The first sentences. */
  begins: z.string().default(''),
  /** In pixels. */
  width: z.number().optional(),
  height: z.number().optional(),
  /** The Debian package that reading it would need. */
  lacks: z.string().default(''),
  problem: z.string().default(''),
});

type DocumentFacts = z.infer<typeof documentFactsSchema>;

/** Has a command in the sandbox look into a scratch file, and tells what it printed. */
export function* readDocument(scratch: string, name: string): JobPlan {
  const looked = yield* use('shell_run', {
    command: documentScript(scratch),
    timeout_seconds: LONGEST_COMMAND,
  });
  const facts = didSucceed(looked.content) ? factsIn(looked.content) : null;
  return facts ? report(name, facts) : refused(looked, `could not look into ${name}`);
}

/** True for what `file_read` shows of a file that is not plain text for people. */
export function isDocument(shown: string): boolean {
  return (
    /^\[binary file of \d+ bytes/.test(shown) ||
    shown.startsWith('%PDF-') ||
    /^\s*<(?:!doctype html|html)\b/i.test(shown)
  );
}

function report(name: string, facts: DocumentFacts): JobReport {
  const { kind, bytes, lacks, problem, begins } = facts;
  if (lacks !== '')
    return {
      ok: false,
      text: `${name} is a ${kind} of ${bytes.toLocaleString('en-US')} bytes, and this machine has nothing to read one with. Have ${lacks} installed (sudo apt-get install -y ${lacks}) and ask again.`,
    };
  if (problem !== '')
    return { ok: false, text: `${name} looks like a ${kind}, but could not be read: ${plainly(problem)}` };
  const said = [`${name} is ${describe(facts)}.`];
  if (begins !== '') said.push(kind === 'ZIP archive' ? `${begins}.` : `It begins: “${begins}”`);
  else if (facts.words === 0) said.push('It holds no text; it may be a scan.');
  if (facts.width !== undefined) said.push('What it shows I cannot tell: I see no pictures.');
  return { ok: true, text: said.join(' ') };
}

/** What the programs that read documents say, for people. */
function plainly(problem: string): string {
  return /password/i.test(problem)
    ? 'it is locked with a password. Send it once more without one.'
    : `it seems to be damaged (${problem}). Send it once more, or another file.`;
}

function describe({ kind, bytes, title, pages, words, width, height }: DocumentFacts): string {
  const parts = [
    ...(pages === undefined ? [] : [count(pages, kind.startsWith('PowerPoint') ? 'slide' : 'page')]),
    ...(words === undefined ? [] : [count(words, 'word')]),
    ...(width === undefined || height === undefined ? [] : [`${width} × ${height} pixels`]),
    count(bytes, 'byte'),
  ];
  const what = kind === 'text' ? 'plain text' : `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`;
  const named = title === '' ? '' : `, titled “${title}”`;
  return `${what}${named}: ${parts.join(', ')}`;
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}

/** The line of JSON in a shell result; null when there is none. */
function factsIn(content: string): DocumentFacts | null {
  const line = content.split('\n').find((each) => each.startsWith('{"bytes":'));
  const read = line === undefined ? null : parseToolArguments(line);
  const facts = read?.kind === 'arguments' ? documentFactsSchema.safeParse(read.value) : null;
  return facts?.success ? facts.data : null;
}
