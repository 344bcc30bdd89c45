import { readExpression } from './arithmetic.ts';
import { SPAN, secondsOf } from './counting.ts';
import type { Job } from './intent.ts';
import { HOST_TO_COMMANDS, openHostJob, WEB_PAGE, webPageJob } from './network-phrases.ts';
import { readNumberList } from './number-list.ts';
import { type PathReading, readPath, unquoted } from './quoting.ts';

/** Phrases that search the whole text, not only its beginning, look at no more than this. */
const MAX_SEARCHED = 500;

/** One way to ask for a job. `read` may still say no: then the next phrase is tried. */
interface Phrase {
  readonly pattern: RegExp;
  readonly read: (groups: Readonly<Record<string, string>>, text: string) => Job | null;
}

const NAME = `(?<path>\`[^\`]+\`|"[^"]+"|“[^”]+”|'[^']+'|\\S+)`;
const A_FILE =
  '(?<file>(?:an? |the |my |another )?(?:new |empty |text |small |short )*(?:file|note|document)\\s+)?(?:called |named )?';
const WITH =
  '(?:\\s*:\\s*|\\s+(?:with|containing|that (?:says|contains|reads)|saying|which says|holding)(?:\\s*:)?\\s+(?:the (?:text|words?|content|contents|line)\\s*:?\\s+|(?:text|content|contents)\\s*:?\\s+)?)';
const OF_MINE = '(?:\\s+(?:from|in|among) (?:my|your|the) files)?';

const PHRASES: readonly Phrase[] = [
  {
    pattern:
      /^(?:run|execute|exec)(?:\s+(?:the\s+)?(?:shell\s+|bash\s+|terminal\s+)?(?:command|script)s?)?\s*:?\s+(?<command>.+)$/isu,
    read: ({ command = '' }) => runJob(command),
  },
  { pattern: /^(?:\$\s+|!)(?<command>\S.*)$/su, read: ({ command = '' }) => runJob(command) },
  {
    pattern: new RegExp(
      `^(?:work|wait|sleep|pause|be busy|stay busy|do (?:some )?work|keep (?:busy|working)|count)(?:\\s+(?:for|hard for))?\\s+(?:about\\s+)?(?<span>${SPAN})(?:\\s+(?:long|in (?:the|a) (?:background|task)))?[.!]?$`,
      'iu',
    ),
    read: workJob,
  },
  {
    pattern: new RegExp(
      `^(?:(?:start|do|run|make|give me)\\s+)?(?:an?\\s+)?(?<span>${SPAN})(?:[ -]long)?\\s+(?:of\\s+)?(?:job|task|work|sleep|wait|nap)[.!]?$`,
      'iu',
    ),
    read: workJob,
  },
  { pattern: WEB_PAGE, read: webPageJob },
  { pattern: HOST_TO_COMMANDS, read: openHostJob },
  { pattern: /^[^`]*$/su, read: (_groups, text) => numbersJob(text) },
  {
    pattern: new RegExp(
      `^(?:overwrite|replace|change|update|set)\\s+(?:the (?:contents?|text) of\\s+)?${A_FILE}${NAME}\\s+(?:with|to(?: say| contain)?|so that it says|and write)\\s*:?\\s*(?<content>.+)$`,
      'isu',
    ),
    read: (groups) => writeJob(groups, 'replace'),
  },
  {
    pattern: new RegExp(
      `^(?:append|add)\\s+(?<content>.+?)\\s+(?:to|at the end of)\\s+(?:the end of\\s+)?${A_FILE}${NAME}$`,
      'isu',
    ),
    read: (groups) => writeJob(groups, 'append'),
  },
  {
    pattern: new RegExp(
      `^(?:create|make|write|save|store|start)\\s+${A_FILE}${NAME}${WITH}(?<content>.+)$`,
      'isu',
    ),
    read: (groups) => writeJob(groups, 'create'),
  },
  {
    pattern: new RegExp(
      `^(?:write|save|put|store|note(?: down)?|jot down|type)\\s+(?:down\\s+)?(?<content>.+)\\s+(?:to|into|in|as|under)\\s+${A_FILE}${NAME}$`,
      'isu',
    ),
    read: (groups) => writeJob(groups, 'create'),
  },
  {
    pattern: new RegExp(
      `^(?:create|make)\\s+(?<file>(?:an? |the )?(?:new |empty )*file\\s+)(?:called |named )?${NAME}$`,
      'iu',
    ),
    read: (groups) => writeJob({ ...groups, content: '' }, 'create'),
  },
  {
    pattern:
      /^(?:(?:list|show|display|see|give)(?: me)?(?: all)?(?: of)?(?: (?:my|the|your|our))?(?: stored| saved)? files?|what(?:'s|’s| is| are) (?:in |among )?(?:my|the|our) files|(?:what|which)(?: \w+)? ?files (?:do (?:i|we|you) have|are there|have (?:i|we)|exist)|list everything(?: i have)?|ls|dir)[\s.?!]*$/iu,
    read: () => ({ kind: 'list' }),
  },
  {
    pattern: new RegExp(
      `^(?:read|show|open|print|display|cat|view|get|what(?:'s|’s| is| does it say) in|what does)(?:\\s+me)?\\s+(?:the\\s+contents?\\s+of\\s+|what(?:'s|’s| is) in\\s+)?${A_FILE}${NAME}${OF_MINE}(?:\\s+(?:say|contain|to me|again|out|back))*[.?!]*$`,
      'iu',
    ),
    read: (groups) => fileJob('read', groups),
  },
  {
    pattern:
      /^(?:read|show|open|print|display|view)(?:\s+me)?\s+(?<path>(?:that|this|the) (?:file|one))[.?!]*$/iu,
    read: (groups) => fileJob('read', groups),
  },
  {
    pattern: new RegExp(
      `^(?:delete|remove|erase|get rid of|throw away|trash|bin|rm)\\s+${A_FILE}${NAME}${OF_MINE}(?:\\s+again)?[.?!]*$`,
      'iu',
    ),
    read: (groups) => fileJob('delete', groups),
  },
  {
    pattern:
      /^(?:delete|remove|erase|get rid of|trash)\s+(?<path>(?:that|this|the) (?:file|one))(?:\s+again)?[.?!]*$/iu,
    read: (groups) => fileJob('delete', groups),
  },
  { pattern: /^[^`"“]*$/su, read: (_groups, text) => calculateJob(text) },
  {
    pattern:
      /^(?:what(?:'s|’s| is)?|tell me|show me|give me|check|read)?\s*(?:the )?(?:current )?(?:time|date|day|clock|time and date|date and time|day of the week)(?: is it| is today| now| today| right now| please)*(?:\s+(?:in|at)\s+(?<place>[\p{L} _/+-]+?))?[\s?.!]*$/iu,
    read: ({ place }) => ({ kind: 'clock', timeZone: place ?? null }),
  },
  {
    pattern:
      /^what (?:time|date|day)(?: of the week)? (?:is it|is today|do we have|have we)(?:\s+(?:now|today|right now))*(?:\s+(?:in|at)\s+(?<place>[\p{L} _/+-]+?))?[\s?.!]*$/iu,
    read: ({ place }) => ({ kind: 'clock', timeZone: place ?? null }),
  },
];

/** The one job that a text asks for; null when no phrase fits. Steps and several jobs are the grammar's matter. */
export function readJob(text: string): Job | null {
  for (const { pattern, read } of PHRASES) {
    const match = pattern.exec(text);
    const job = match ? read(present(match.groups), text) : null;
    if (job) return job;
  }
  return null;
}

function present(groups: RegExpExecArray['groups']): Record<string, string> {
  return Object.fromEntries(Object.entries(groups ?? {}).filter(([, value]) => value !== undefined));
}

/** What may stand behind a command without being part of it. */
const AROUND_COMMAND =
  /(?<![\s,])(?:[\s,]+(?:please|for me|now|in (?:the|a) (?:sandbox|shell|task|background|terminal)|and (?:then )?(?:tell|show|give|let|report|send|say) .*))+[.!?]?$/is;

function runJob(text: string): Job | null {
  const [, quoted, rest = ''] = /^(`[^`]+`|"[^"]+"|“[^”]+”)(.*)$/su.exec(text.trim()) ?? [];
  const isAllQuoted = quoted !== undefined && /^[\s.!?]*$/.test(rest.replace(AROUND_COMMAND, ''));
  if (quoted?.startsWith('`') && !isAllQuoted) return null;
  const command = isAllQuoted
    ? (unquoted(quoted) ?? '')
    : text
        .trim()
        .replace(AROUND_COMMAND, '')
        .replace(/(?<=[\p{L}\p{N}])\.$/u, '');
  return command.trim() === '' || command.includes('\0') ? null : { kind: 'run', command };
}

function workJob({ span = '' }: Readonly<Record<string, string>>): Job | null {
  const seconds = secondsOf(span);
  return seconds === null || seconds <= 0 ? null : { kind: 'work', seconds };
}

function numbersJob(text: string): Job | null {
  const list = text.length > MAX_SEARCHED ? null : readNumberList(text);
  return list && { kind: 'numbers', list };
}

function calculateJob(text: string): Job | null {
  const expression = text.length > MAX_SEARCHED ? null : readExpression(text);
  return expression === null ? null : { kind: 'calculate', expression };
}

function fileJob(kind: 'read' | 'delete', groups: Readonly<Record<string, string>>): Job | null {
  const reading = pathIn(groups);
  if (reading.kind === 'none') return null;
  return { kind, path: reading.kind === 'path' ? reading.path : null };
}

function writeJob(
  groups: Readonly<Record<string, string>>,
  mode: 'create' | 'replace' | 'append',
): Job | null {
  const reading = pathIn(groups);
  if (reading.kind === 'none' || (reading.kind === 'pronoun' && mode === 'create')) return null;
  const said = (groups['content'] ?? '').trim();
  const content = unquoted(said) ?? unquoted(said.replace(AROUND_TEXT, '')) ?? said;
  return { kind: 'write', path: reading.kind === 'path' ? reading.path : null, content, mode };
}

/** What people say round a quoted text: “the words "…"”, “"…" and store it”. */
const AROUND_TEXT =
  /^(?:the )?(?:text|words?|line|content)\s*:?\s+|(?<=["”'`])[\s,]+and (?:then )?(?:store|save|keep|tell|show)\b[^"”'`]*$/gi;

function pathIn(groups: Readonly<Record<string, string>>): PathReading {
  return readPath(groups['path'] ?? '', groups['file'] !== undefined);
}
