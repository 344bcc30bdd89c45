import { z } from 'zod';

export const completionRequestSchema = z.object({
  messages: z.array(
    z.object({ role: z.string(), content: z.unknown(), tool_calls: z.array(z.unknown()).optional() }),
  ),
});

export type CompletionRequest = z.infer<typeof completionRequestSchema>;

export interface ScriptedCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What the bench's model says: words, or calls of tools. */
export interface ScriptedAnswer {
  /** Names the request among all others: the words it answers and the round, such as `bench:say 7 #0`. */
  readonly key: string;
  readonly text: string;
  readonly calls: readonly ScriptedCall[];
}

/** Commands that try to bring the machine down, each over and over until its task is cancelled. */
const BOMBS = {
  fork: 'bomb() { bomb | bomb & }; bomb 2>/dev/null; (exec 2>/dev/null; while :; do sleep 9 & done); sleep 100',
  memory: 'while :; do python3 -c \'b = b"x" * 4_000_000_000\'; done',
  disk: 'while :; do for i in $(seq 9); do dd if=/dev/zero of=f$i bs=1M count=100 2>/dev/null; done; rm -f f*; done',
  files:
    'while :; do (for i in $(seq 70); do echo $i > $i; exec {fd}<$i; done; i=0; while exec {fd}</dev/null; do :; done) 2>/dev/null; done',
  output: 'tr "\\0" x < /dev/zero',
  cpu: 'for i in 1 2 3 4 5 6 7 8; do (while :; do :; done) & done; sleep 100',
} as const;

export type Bomb = keyof typeof BOMBS;
export const BOMB_NAMES = Object.keys(BOMBS) as readonly Bomb[];

/** Jobs that the bench gives to executors. */
export type BenchJob = 'finish' | 'burn' | 'hold' | 'erase' | Bomb;
const JOB = `finish|burn|hold|erase|${BOMB_NAMES.join('|')}`;
const GOAL = new RegExp(`^bench:(${JOB}) \\S+`);
const ORDER = new RegExp(`^bench:start (${JOB}) (\\d+) (\\S+)$`);

/** Words to the coordinator that it answers in words. */
export function sayText(tag: number): string {
  return `bench:say ${tag}`;
}

/** Words to the coordinator that make it start `count` tasks at once. */
export function startText(job: BenchJob, count: number, tag: string): string {
  return `bench:start ${job} ${count} ${tag}`;
}

/** The goal of the task with this number among those of one `startText`, from 0 on. */
export function goalText(job: BenchJob, tag: string, index: number): string {
  return `bench:${job} ${tag}.${index}`;
}

/** Files that an `erase` job stores and then asks to delete, one question each. */
export const ERASED_FILES = 16;
const BURN_SECONDS = 120;
const HOLD_SECONDS = 300;

/**
 * What the model answers. It follows from the request alone, so the same bench always makes the same calls: goals and
 * messages name what they want, and how many answers there are already says which round it is.
 */
export function answerFor(request: CompletionRequest): ScriptedAnswer {
  const words = request.messages.flatMap(({ role, content }) =>
    role === 'user' && typeof content === 'string' ? [content] : [],
  );
  const goal = GOAL.exec(words[0] ?? '');
  const isExecutor = goal !== null;
  const wanted = isExecutor ? goal[0] : (words.at(-1) ?? '');
  const round = isExecutor ? roundOf(request, words[0]) : roundOf(request, words.at(-1));
  const key = `${wanted} #${round}`;
  const calls = isExecutor
    ? callsOfJob(goal[1] as BenchJob, round, /\[Task (T-\d+)/.exec(words[0] ?? '')?.[1] ?? 'T-0')
    : callsOfCoordinator(wanted, round);
  return { key, text: calls.length > 0 ? '' : 'This is what there is to say.', calls };
}

/** Answers with calls that came after these words. */
function roundOf({ messages }: CompletionRequest, words: string | undefined): number {
  const since = messages.findLastIndex(({ content }) => content === words);
  return messages.slice(since + 1).filter(({ role }) => role === 'assistant').length;
}

function callsOfCoordinator(words: string, round: number): ScriptedCall[] {
  const order = ORDER.exec(words);
  if (order === null || round > 0) return [];
  const [, job, count, tag] = order;
  return Array.from({ length: Number(count) }, (_, index) => ({
    name: 'task_start',
    arguments: { title: `bench ${job}`, goal: goalText(job as BenchJob, tag ?? '', index) },
  }));
}

function callsOfJob(job: BenchJob, round: number, task: string): ScriptedCall[] {
  switch (job) {
    case 'finish':
      return [];
    case 'burn':
      return round > 0 ? [] : [shellRun('while :; do :; done', BURN_SECONDS)];
    case 'hold':
      return round > 0 ? [] : [shellRun(`sleep ${HOLD_SECONDS}`, HOLD_SECONDS)];
    case 'erase':
      return round >= ERASED_FILES ? [] : storeAndErase(round, `${task}/note-${round}.txt`);
    default:
      return round > 0 ? [] : [shellRun(BOMBS[job], BURN_SECONDS)];
  }
}

function shellRun(command: string, seconds: number): ScriptedCall {
  return { name: 'shell_run', arguments: { command, timeout_seconds: seconds } };
}

function storeAndErase(round: number, path: string): ScriptedCall[] {
  return [
    { name: 'file_write', arguments: { path: 'note.txt', content: `note ${round}` } },
    { name: 'files_put', arguments: { from: 'note.txt', path } },
    { name: 'files_delete', arguments: { path, reason: 'it was only a note' } },
  ];
}
