import { COUNT, countOf } from './counting.ts';
import type { Intent, Job, TalkTopic, TaskTarget, WordedJob } from './intent.ts';
import { readJob } from './job-phrases.ts';
import { MAX_LIST_SIZE } from './number-list.ts';
import { MASK, maskQuoted, splitOutsideQuotes } from './quoting.ts';
import { scheduleWords } from './schedule-phrases.ts';
import { titleOf } from './wording.ts';

/** As many tasks as the coordinator starts in one round. */
const MAX_JOBS_AT_ONCE = 20;
const MAX_WORK_SECONDS = 3600;
/** A longer text can only be one command or one file's content; to look for more in it would take too long. */
const MAX_PHRASE_LENGTH = 2000;

/**
 * Understands a message, as far as fixed phrases of English go. Total: any text gives an intent, and what fits no
 * phrase is `unclear`. It reads words only; nothing is looked up or made up.
 */
export function readIntent(text: string): Intent {
  const words = withoutPoliteness(text.trim());
  if (words === '') return { kind: 'unclear', because: null };
  if (words.length > MAX_PHRASE_LENGTH) return readLong(words);
  return (
    readControl(words) ??
    readScheduled(words) ??
    readSeveral(words) ??
    readWork(words) ??
    readTalk(words) ??
    // “hello again” without its “hello” says nothing any more.
    readTalk(text.trim()) ?? { kind: 'unclear', because: null }
  );
}

function readLong(words: string): Intent {
  const job = readJob(words);
  return job ? { kind: 'job', job, words } : { kind: 'unclear', because: 'The message is too long.' };
}

/** The longest that a title may be. */
const TITLE_CHARACTERS = 80;

/** What starts by itself later must be understood now: nobody is there then to be asked. */
function readScheduled(words: string): Intent | null {
  const said = scheduleWords(words);
  if (!said) return null;
  const goal = withoutPoliteness(said.goal);
  const work = readSeveral(goal) ?? readWork(goal);
  if (work?.kind === 'unclear') return work;
  if (work?.kind !== 'job')
    return {
      kind: 'unclear',
      because: `It does not understand “${goal.slice(0, 80)}” as one job to do later.`,
    };
  const title = titleOf(work.job).slice(0, TITLE_CHARACTERS).toWellFormed();
  return { kind: 'job', words, job: { kind: 'schedule', when: said.when, goal, title } };
}

/** “… and tell me what it says”, “… and store it”: a result is told and stored anyway. */
const WISH_FOR_NEWS =
  /[\s,]+and (?:then )?(?:store|save|keep|tell|show|give|let|report|send|say|print)\b[^"`“]*$/i;

function readWork(words: string): Intent | null {
  const job = readJobOrSteps(words) ?? readJobOrSteps(words.replace(WISH_FOR_NEWS, ''));
  if (!job) return null;
  const problem = tooMuch(job);
  return problem ? { kind: 'unclear', because: problem } : { kind: 'job', job, words };
}

/** Why a job is more than the rehearsal takes on; null when it is not. */
function tooMuch(job: Job): string | null {
  if (job.kind === 'work' && job.seconds > MAX_WORK_SECONDS) return 'It works for an hour at most.';
  if (job.kind === 'steps') return job.jobs.map(tooMuch).find((problem) => problem !== null) ?? null;
  if (job.kind !== 'numbers') return null;
  const { size } = job.list;
  if ('first' in size)
    return size.first < 1 || size.first > MAX_LIST_SIZE
      ? `It makes lists of 1 to ${MAX_LIST_SIZE} numbers.`
      : null;
  return size.upTo > MAX_LIST_SIZE * 10 ||
    size.upTo < size.from ||
    (job.list.kind === 'numbers' && size.upTo - size.from >= MAX_LIST_SIZE)
    ? `It makes lists of 1 to ${MAX_LIST_SIZE} numbers, up to ${MAX_LIST_SIZE * 10}.`
    : null;
}

const POLITE_START =
  /^(?:please|pls|hey|hi|hello|ok(?:ay)?|so|now|reeve|could you|can you|would you|will you|i(?:'d| would) like you to|i want you to|i need you to|let(?:'s|’s| us)|just|kindly|go ahead and)(?=[\s,:!.])[\s,:!.]*/i;
const POLITE_END = /(?<![\s,])[\s,]+(?:please|pls|for me|thanks|thank you)[\s.!?]*$/i;

function withoutPoliteness(text: string): string {
  let words = text;
  for (let shorter = words.replace(POLITE_START, ''); shorter !== words && shorter !== ''; ) {
    words = shorter;
    shorter = words.replace(POLITE_START, '');
  }
  const trimmed = words.replace(POLITE_END, '').trim();
  return trimmed === '' ? words.trim() : trimmed;
}

/* Steps: one job after the other. */

const THEN = /\s*[,;.]?\s+(?:and then|then|and after that|after that|and afterwards|afterwards)[\s,:]+/;
const SENTENCE = /\s*;\s*|\s*\n+\s*|(?<=[\p{L}\p{N}"'`”)\uE000])[.!]\s+|\s*,?\s+and\s+|\s*,\s+/u;
const RUNS = /^(?:run|execute|exec|\$|!)/i;

function readJobOrSteps(words: string): Job | null {
  const steps = allJobs(splitOutsideQuotes(words, THEN));
  if (steps) return { kind: 'steps', jobs: steps };
  const whole = readJob(words);
  if (whole && (RUNS.test(words) ? !maskQuoted(words).includes(MASK) : isClosed(whole, words))) return whole;
  const sentences = allJobs(splitOutsideQuotes(words, SENTENCE));
  return sentences ? { kind: 'steps', jobs: sentences } : whole;
}

/** True when a job took the whole text for sure: its last part is not free text that could hide a second job. */
function isClosed(job: Job, words: string): boolean {
  return !(job.kind === 'write' && allJobs(splitOutsideQuotes(words, SENTENCE)));
}

/** Every piece as a job; null when there are fewer than two, or one of them is none. */
function allJobs(pieces: readonly string[]): Job[] | null {
  if (pieces.length < 2) return null;
  const jobs = pieces.map((piece) => readJob(withoutPoliteness(piece)));
  return jobs.every((job) => job !== null) ? jobs : null;
}

/* Several jobs at the same time. */

const AT_ONCE_WORDS =
  '\\b(?:(?:all|both) )?(?:at once|at the same time|in parallel|simultaneously|concurrently|side by side|alongside each other)\\b';
const AT_ONCE_FIRST = new RegExp(`^${AT_ONCE_WORDS}[\\s,:]*`, 'iu');
const AT_ONCE_LAST = new RegExp(`(?<![\\s,])[\\s,]*${AT_ONCE_WORDS}[\\s.!]*$`, 'iu');
const AT_ONCE_BEFORE_LIST = new RegExp(`\\s*${AT_ONCE_WORDS}\\s*[:\\n–-]\\s*`, 'iu');
/** What may stand before “at once:”; anything else is not about a list. */
const LIST_HEAD = new RegExp(
  `^(?:(?:do|start|run|launch|begin|make|execute|perform)\\b\\s*)?(?:(?:all of )?(?:these|the following|those)\\b\\s*)?(?:(?<count>${COUNT})\\b\\s*)?(?:different\\s+|separate\\s+)?(?:things|jobs|tasks|times)?$`,
  'iu',
);
const THINGS = new RegExp(
  `^(?:(?:do|start|run|launch|begin|make|execute|perform)\\s+)?(?:(?:all of )?(?:these|the following|those)(?:\\s+|(?=\\s*:)))?(?:(?<count>${COUNT})\\s+)?(?:different\\s+|separate\\s+)?(?:things|jobs|tasks|of these)?(?:\\s+each)?\\s*[:\\-–]\\s*`,
  'iu',
);
const TASKS_THAT = new RegExp(
  `^(?:(?:do|start|run|launch|begin|make|create)\\s+)?(?<count>${COUNT})\\s+(?:parallel\\s+|separate\\s+)?(?:tasks|jobs|workers|things)\\s*(?:,|:|that|which|who|to|each|and|of)(?:\\s*(?:that|which|each|all|just|should|will|of))*\\s+(?<job>.+?)(?:\\s+each)?$`,
  'isu',
);
const TIMES_AFTER = new RegExp(`^(?<job>.+?)[\\s,]+(?<count>${COUNT})\\s+times$`, 'isu');
const TIMES_BEFORE = new RegExp(`^(?<count>${COUNT})\\s+times[\\s,:]+(?<job>.+)$`, 'isu');
const LIST_MARKS = [/\s*(?:;|\n)+\s*(?:and\s+)?/u, /\s*,\s*(?:and\s+)?|\s+and\s+|\s+while\s+/u] as const;
const BULLET = /^(?:[-*•]|\d{1,2}[.)])\s+/;

function readSeveral(words: string): Intent | null {
  const marked = withoutMark(words);
  const isMarked = marked !== null;
  const rest = marked?.words ?? words;
  const { list, head } = marked?.before ?? headAndList(rest);
  const pieces = piecesOf(list);
  const jobs = pieces.map(readWorded);
  const count = countOf(head?.groups?.['count'] ?? '');
  if (jobs.length > 1 && jobs.every((job) => job !== null) && (isMarked || count === jobs.length))
    return several(jobs);
  const repeated = readRepeated(rest, isMarked);
  if (repeated || !isMarked) return repeated;
  if (jobs.length > 1) {
    const strange = pieces[jobs.indexOf(null)] ?? list;
    return { kind: 'unclear', because: `It does not understand “${strange.slice(0, 80)}” among them.` };
  }
  const [only] = jobs;
  if (only && count === null) return { kind: 'job', ...only };
  return {
    kind: 'unclear',
    because:
      'It needs each of the things by name, such as “do three things at once: work 3 seconds; run date; list my files”.',
  };
}

interface HeadAndList {
  /** Says that a list follows, and perhaps of how many. */
  readonly head: RegExpExecArray | null;
  readonly list: string;
}

function headAndList(words: string): HeadAndList {
  const head = THINGS.exec(words);
  return { head, list: words.slice(head?.[0].length ?? 0).trim() };
}

/**
 * The text without its “at once”, and what stood on both sides of one before a list; null when it has none, or has it
 * where it means something else.
 */
function withoutMark(words: string): { readonly words: string; readonly before?: HeadAndList } | null {
  const masked = maskQuoted(words);
  const last = AT_ONCE_LAST.exec(masked);
  if (last) return { words: words.slice(0, last.index).trim() };
  const first = AT_ONCE_FIRST.exec(masked);
  if (first) return { words: words.slice(first[0].length).trim() };
  const mark = AT_ONCE_BEFORE_LIST.exec(masked);
  const said = mark ? words.slice(0, mark.index).trim() : '';
  const head = LIST_HEAD.exec(said);
  if (!mark || !head) return null;
  const list = words.slice(mark.index + mark[0].length).trim();
  return { words: `${said}: ${list}`, before: { head, list } };
}

function readWorded(piece: string): WordedJob | null {
  const words = withoutPoliteness(piece.replace(BULLET, ''));
  const job = readJobOrSteps(words);
  return job && { words, job };
}

function piecesOf(list: string): string[] {
  for (const mark of LIST_MARKS) {
    const pieces = splitOutsideQuotes(list, mark).filter((piece) => piece.replace(BULLET, '') !== '');
    if (pieces.length > 1) return pieces;
  }
  return [list];
}

/** “work 3 seconds five times”, “five tasks that work 3 seconds”; the count alone makes several only with “at once”. */
function readRepeated(words: string, isMarked: boolean): Intent | null {
  for (const [pattern, needsMark] of [
    [TASKS_THAT, false],
    [TIMES_AFTER, true],
    [TIMES_BEFORE, true],
  ] as const) {
    const groups = pattern.exec(words)?.groups;
    const count = countOf(groups?.['count'] ?? '');
    if (!groups || count === null || count < 1 || (needsMark && !isMarked)) continue;
    const said = withoutPoliteness(groups['job'] ?? '');
    // “works 3 seconds” and “of 3 seconds” are the same wish.
    const each = [said, said.replace(/^(\w+)s\b/i, '$1'), `work ${said}`].find((form) =>
      readJobOrSteps(form),
    );
    const job = each === undefined ? null : readJobOrSteps(each);
    if (!job || each === undefined) continue;
    if (count > MAX_JOBS_AT_ONCE)
      return { kind: 'unclear', because: `It starts ${MAX_JOBS_AT_ONCE} tasks at once at most.` };
    return several(Array.from({ length: count }, () => ({ words: each, job })));
  }
  return null;
}

function several(jobs: readonly WordedJob[]): Intent {
  const problem = jobs.map(({ job }) => tooMuch(job)).find((each) => each !== null);
  if (problem) return { kind: 'unclear', because: problem };
  if (jobs.length > MAX_JOBS_AT_ONCE)
    return { kind: 'unclear', because: `It starts ${MAX_JOBS_AT_ONCE} tasks at once at most.` };
  const [only] = jobs;
  return only && jobs.length === 1 ? { kind: 'job', ...only } : { kind: 'several', jobs };
}

/* Tasks that there are, and questions about them. */

const TASK = '(?:task\\s+)?#?(?<task>T-?\\d{1,9})(?![\\w/])';
const NEWEST =
  "(?<newest>it|that|this|the task|that task|this task|the job|the last (?:one|task)|everything you(?:'re| are) doing)";
const ALL = '(?<all>all(?: (?:of )?(?:them|the tasks|tasks|jobs))?|everything|every task|all of it)';
const ACTS = [
  ['cancel', '(?:cancel|stop|abort|kill|end|terminate)'],
  ['pause', '(?:pause|hold|suspend)'],
  ['resume', '(?:resume|continue|go on with|unpause|carry on with)'],
] as const;

function readControl(words: string): Intent | null {
  for (const [act, verbs] of ACTS) {
    const match = new RegExp(`^${verbs}(?:\\s+(?:${TASK}|${NEWEST}|${ALL}))?[\\s.!]*$`, 'iu').exec(words);
    if (match && (act === 'cancel' || match[0].includes(' ')))
      return { kind: 'control', act, target: targetOf(match.groups) };
  }
  const steer = new RegExp(
    `^(?:tell|note (?:for|to)|add to|for)?\\s*${TASK}\\s*(?:[:,]|\\bto\\b|\\bthat\\b)\\s*(?<text>\\S.*)$`,
    'isu',
  ).exec(words);
  if (steer?.groups)
    return {
      kind: 'steer',
      task: canonical(steer.groups['task']),
      text: (steer.groups['text'] ?? '').trim(),
    };
  const inspect = new RegExp(
    `^(?:(?:how|what|why|where|show|inspect|is|did|has|check|details?|status|about|tell me)\\b.{0,60}?)?${TASK}\\b[^:]{0,40}$`,
    'isu',
  ).exec(words);
  return inspect?.groups ? { kind: 'inspect', task: canonical(inspect.groups['task']) } : null;
}

function targetOf(groups: RegExpExecArray['groups']): TaskTarget {
  if (groups?.['task']) return { task: canonical(groups['task']) };
  return groups?.['all'] ? 'all' : 'newest';
}

function canonical(task = ''): string {
  return `T-${task.replace(/\D/g, '')}`;
}

/* Talk. */

const STATUS =
  /^(?:status|progress|(?:what(?:'s|’s| is) )?the status|what(?:'s|’s| is| are)? (?:going on|happening|running|up next|you doing|you working on|the tasks?|my tasks)|how(?:'s|’s| is| are) (?:it|things|that|everything|the tasks?|they) (?:going|coming along|doing)|what are you (?:doing|working on)(?: now| right now)?|are you (?:still )?(?:busy|working|done|there yet)|is (?:it|that|everything) (?:done|finished|ready)(?: yet)?|(?:list|show)(?: me)?(?: all| the| my)* tasks|any (?:news|progress|updates?)|done(?: yet)?|how far (?:are you|is it)|what did you do)[\s?.!]*$/iu;
const DECIDE =
  /^(?:yes|yep|yeah|no|nope|approve|approved|deny|denied|do it|don(?:'|’)t(?: do it)?|go ahead|allow(?: it)?|once|sure|confirm(?:ed)?)(?:[\s,]+(?:do it|it|that|please|go ahead|delete it))*[\s.!]*$/iu;
const TALK: readonly (readonly [TalkTopic, RegExp])[] = [
  [
    'greeting',
    /^(?:hi|hello|hey|yo|howdy|greetings|good (?:morning|afternoon|evening|day)|hiya|hallo|moin|hi there|hello there|hey there|are you there|ping|test|testing)(?:[\s,]+(?:reeve|there|again|everyone))*[\s!.?,]*$/iu,
  ],
  [
    'thanks',
    /^(?:thanks?|thank you|thx|ty|cheers|much appreciated)(?:[\s,]+(?:a lot|so much|very much|reeve|you|for (?:that|it|everything)))*[\s!.]*$/iu,
  ],
  ['wellbeing', /^how (?:are you|do you do|are things|is life|have you been)(?: today| doing)*[\s?!.]*$/iu],
  [
    'identity',
    /^(?:who|what) (?:are you|is this|is reeve|model are you|am i talking to)|^are you (?:an? )?(?:ai|bot|human|real|robot|model|llm|person|chatgpt|gpt|claude)\b|^what(?:'s|’s| is) your name|^which (?:ai )?model\b/iu,
  ],
  [
    'help',
    /^(?:help|\?+|help me|what can (?:you|i|one|we) (?:do|say|ask|try)|what do you (?:do|understand|know)|how (?:does (?:this|it) work|do i (?:use|start)|can you help)|commands|examples?|show me what you can do|what now|where do i start|how to use)\b/iu,
  ],
  [
    'farewell',
    /^(?:bye|goodbye|good night|see you|cya|later|farewell)(?:[\s,]+(?:later|tomorrow|soon|reeve|then))*[\s!.]*$/iu,
  ],
  [
    'praise',
    /^(?:nice|great|good|cool|awesome|perfect|excellent|wonderful|well done|good (?:job|work)|nice (?:job|work)|ok|okay|alright|got it|i see|wow|lovely)(?:[\s,!]+(?:thanks|thank you|job|work|one|that works))*[\s!.]*$/iu,
  ],
];

function readTalk(words: string): Intent | null {
  if (STATUS.test(words)) return { kind: 'status' };
  if (DECIDE.test(words)) return { kind: 'decide' };
  const talk = TALK.find(([, pattern]) => pattern.test(words));
  return talk ? { kind: 'talk', topic: talk[0] } : null;
}
