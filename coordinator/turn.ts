import type { Role } from '@reeve/core';
import {
  type ChatAnswer,
  type Clock,
  canonicalJson,
  collectAnswer,
  type Draft,
  estimateRequest,
  type Failure,
  failureText,
  type InboxEntry,
  isFailureCode,
  type Log,
  type Model,
  ModelError,
  type Origin,
  type OutboxEntry,
  type Records,
  type Sender,
  type Store,
  type ToolCall,
  type TurnRound,
} from '@reeve/core';
import { TurnStopped } from './answers-in-hand.ts';
import type { BudgetDesk } from './budget-desk.ts';
import { assembleContext, type ContextDeps, readBackground } from './context/assemble.ts';
import { COORDINATOR_TOOLS, type CoordinatorToolName } from './coordinator-tools.ts';
import type { Turn } from './mailbox.ts';
import type { FirstJobTaken, Onboarding } from './onboarding.ts';
import { originOf } from './people.ts';
import type { Transcriber } from './recordings.ts';
import type { RoundRunner } from './turn-round.ts';

/** Rounds of tool calls in one turn before it is broken off. */
const MAX_ROUNDS = 12;
/** The same call this many times in a row ends the turn. */
const MAX_REPEATS = 5;
const START: CoordinatorToolName = 'task_start';
/** Ceiling of one answer, in tokens. */
export const ANSWER_TOKENS = 2048;

export interface TurnDeps {
  readonly store: Store;
  readonly model: Model;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly context: ContextDeps;
  readonly log: Log;
  readonly draft: (draft: Draft) => void;
  /** Says how many tasks the model has begun to start in this turn and may start soon; 0 once that is known. */
  readonly expectTasks: (turn: string, count: number) => void;
  readonly runRound: RoundRunner;
  readonly roleOf: (sender: Sender, channel: string) => Role;
  readonly budgets: Pick<BudgetDesk, 'explain'>;
  readonly tour: Pick<Onboarding, 'takeFirstJob'>;
  readonly transcribe: Transcriber;
  /** Called after the answer is committed, and the task that it started on the tour, if it did. */
  readonly onAnswered: (conversationId: string, hasStarted: boolean) => void;
}

/**
 * Answers one turn: context, the model's answer, and, while the model calls tools, more rounds. Each round is committed
 * together with the tasks it started, so a crash in mid-turn repeats nothing; the answer, its messages' being handled
 * and the reply to send commit together.
 */
export function createTurnHandler(deps: TurnDeps): (turn: Turn, signal: AbortSignal) => Promise<void> {
  return async (turn, signal) => {
    const [first] = turn.entries;
    // A first try has no rounds behind it.
    const rounds = first.tries === 1 ? [] : await deps.store.turns.rounds(first.id);
    if (rounds.length > 0) turn.show();
    const { transcripts, failure } = await deps.transcribe(together(turn.entries), signal);
    const entries = withAttached(turn.entries, transcripts);
    const entry = together(entries);
    const answering: Answering = { turn: { ...turn, entries }, entry, rounds, drafted: '' };
    const taken = await deps.tour.takeFirstJob(entry, deps.roleOf(entry.sender, entry.chat.channel));
    const known = failure ?? (taken?.kind === 'failed' ? taken.failure : null);
    const reply = known
      ? { text: failureText(known), failure: known.code }
      : taken?.kind === 'task'
        ? { text: taken.sentence }
        : await answer(deps, answering, signal);
    turn.show();
    await commitReply(deps, answering, reply, reply.failure === undefined ? taken : null);
    deps.onAnswered(first.conversationId, taken?.kind === 'task');
  };
}

/** A turn while it is being answered. */
interface Answering {
  readonly turn: Turn;
  /** All of its messages as one. */
  readonly entry: InboxEntry;
  /** What was committed so far. */
  readonly rounds: TurnRound[];
  /** What the person has seen of the answer so far. */
  drafted: string;
}

/** Messages typed in a row as one, for tasks and replies: the id of the first, the words of all. */
function together([first, ...more]: Turn['entries']): InboxEntry {
  if (more.length === 0) return first;
  return {
    ...first,
    text: [first, ...more].map(({ text }) => text).join('\n'),
    attachments: [first, ...more].flatMap(({ attachments }) => attachments),
    ...forwardedIn([first, ...more]),
    updateId: more.at(-1)?.updateId ?? first.updateId,
  };
}

/** The last message brings these along, too. */
function withAttached(entries: Turn['entries'], paths: readonly string[]): Turn['entries'] {
  const [first, ...more] = entries;
  const last = more.pop() ?? first;
  const all = { ...last, attachments: [...last.attachments, ...paths] };
  return last === first ? [all] : [first, ...more, all];
}

/** One message that was only passed on makes all that comes of the turn untrusted. */
function forwardedIn(entries: readonly InboxEntry[]): Pick<InboxEntry, 'forwardedFrom'> {
  const forwarded = entries.find((entry) => entry.forwardedFrom !== undefined)?.forwardedFrom;
  return forwarded === undefined ? {} : { forwardedFrom: forwarded };
}

/** What a turn comes to: words, and the failure that they tell of, if one. */
interface TurnReply {
  readonly text: string;
  readonly failure?: Failure['code'];
}

/** Runs rounds until the model answers in words; appends to `rounds` what was committed. */
async function answer(deps: TurnDeps, answering: Answering, signal: AbortSignal): Promise<TurnReply> {
  const { rounds, turn, entry } = answering;
  try {
    for (;;) {
      const failure = loopFailure(rounds);
      if (failure) return { text: failureText(failure), failure: failure.code };
      const reply = await ask(deps, answering, signal);
      if (reply.toolCalls.length === 0)
        return reply.text.trim() === '' ? emptyReply(rounds) : { text: reply.text };
      signal.throwIfAborted();
      turn.show();
      rounds.push(await deps.runRound(entry, rounds.length + 1, reply));
    }
  } catch (error) {
    if (signal.reason instanceof TurnStopped) return stoppedReply(signal.reason, answering);
    if (signal.aborted || !(error instanceof ModelError)) throw error;
    const reference = deps.newId().slice(-6);
    deps.log.warn({ err: error, turn: entry.id, reference }, 'the model did not answer a turn');
    const { sender, chat } = entry;
    const explained =
      error.code === 'budget-exhausted'
        ? ((await deps.budgets.explain(
            entry,
            originOf(deps.roleOf(sender, chat.channel), sender, entry.forwardedFrom),
          )) ?? HELD_BY_OTHERS)
        : null;
    return modelFailureReply(error, rounds, reference, explained);
  }
}

async function ask(deps: TurnDeps, answering: Answering, signal: AbortSignal): Promise<ChatAnswer> {
  const { turn, entry, rounds } = answering;
  const at = deps.clock.now();
  const { conversationId, chat, id: turnId } = entry;
  // Each round looks again; only the first may find it read already.
  const known = rounds.length === 0 ? turn.background : null;
  const background = await (known ?? readBackground(deps.context, conversationId));
  const messages = await assembleContext(deps.context, background, turn.entries, rounds, at);
  const request = {
    role: 'coordinator',
    messages,
    tools: COORDINATOR_TOOLS,
    maxTokens: ANSWER_TOKENS,
  } as const;
  const onText = (text: string) => {
    turn.show();
    answering.drafted = text;
    deps.draft({ conversationId, chat, turnId, text });
  };
  const begun = new Set<number>();
  const onCallNamed = (name: string, index: number) => {
    if (name !== START) return;
    begun.add(index);
    deps.expectTasks(turnId, begun.size);
  };
  const answered = storable(
    await collectAnswer(deps.model.stream(request, signal), onText, onCallNamed).finally(() =>
      deps.expectTasks(turnId, 0),
    ),
  );
  deps.context.gauge.observe(answered.model, estimateRequest(request).inputTokens, answered.usage);
  await deps.store.turns.recordExchange(turnId, {
    at,
    durationMs: deps.clock.now().getTime() - at.getTime(),
    prompt: { messages, tools: COORDINATOR_TOOLS },
    answer: answered,
  });
  return answered;
}

/** A model may say what no record can keep: NUL and half characters become U+FFFD. */
function storable(answered: ChatAnswer): ChatAnswer {
  const clean = (text: string) => text.toWellFormed().replaceAll('\0', '\uFFFD');
  const toolCalls = answered.toolCalls.map(
    ({ id, type, function: { name, arguments: json } }): ToolCall => ({
      id: clean(id),
      type,
      function: { name: clean(name), arguments: clean(json) },
    }),
  );
  return { ...answered, text: clean(answered.text), toolCalls };
}

function loopFailure(rounds: readonly TurnRound[]): Failure | null {
  const calls = rounds.map((round) =>
    canonicalJson(round.toolCalls.map((call) => [call.function.name, call.function.arguments])),
  );
  const last = calls.at(-1);
  if (
    last !== undefined &&
    calls.length >= MAX_REPEATS &&
    calls.slice(-MAX_REPEATS).every((call) => call === last)
  )
    return { code: 'model-loop' };
  return rounds.length >= MAX_ROUNDS ? { code: 'turn-too-long' } : null;
}

/** What the person had seen already stays; the next message, if one broke it off, is answered next. */
function stoppedReply({ by }: TurnStopped, { rounds, drafted }: Answering): TurnReply {
  const tasks = rounds.flatMap((round) => round.tasks);
  const started = tasks.length === 0 ? '' : ` Already started: ${tasks.join(', ')}.`;
  const seen = drafted === '' ? '' : `${drafted}…\n\n`;
  const why = by === 'command' ? failureText({ code: 'turn-stopped' }) : 'You wrote on, so I stopped here.';
  return { text: `${seen}${why}${started}`, failure: 'turn-stopped' };
}

function emptyReply(rounds: readonly TurnRound[]): TurnReply {
  const tasks = rounds.flatMap((round) => round.tasks);
  if (tasks.length === 0)
    return { text: failureText({ code: 'model-bad-answer' }), failure: 'model-bad-answer' };
  return { text: `Started ${tasks.join(', ')}. The result comes here by itself.` };
}

/** No card asks about it: there is room again as soon as those calls have ended. */
const HELD_BY_OTHERS =
  'Calls under way may need what is left of the budget, so no model was called. Say it again in a minute; commands such as /status work all the same.';

/** What to say when the model failed; names the tasks that this turn had started all the same. */
function modelFailureReply(
  error: ModelError,
  rounds: readonly TurnRound[],
  reference: string,
  explained: string | null,
): TurnReply {
  const failure = isFailureCode(error.code) ? error.code : 'model-failed';
  const tasks = rounds.flatMap((round) => round.tasks);
  const started = tasks.length === 0 ? '' : ` Already started: ${tasks.join(', ')}.`;
  return {
    text: `${explained ?? failureText({ code: failure })}${started} (Reference ${reference})`,
    failure,
  };
}

/** What the turn comes to, together with the step that it is on the tour, if it is one. */
async function commitReply(
  deps: TurnDeps,
  { entry, turn, rounds }: Answering,
  reply: TurnReply,
  taken: FirstJobTaken | null,
): Promise<void> {
  const ids = turn.entries.map(({ id }) => id);
  const { text, failure } = reply;
  const now = deps.clock.now();
  const origin: Origin = { kind: 'agent' };
  await deps.store.transaction(async (records: Records) => {
    const { conversationId, id: turnId } = entry;
    const started = taken?.kind === 'task' ? await taken.start(records) : null;
    const tasks = [...rounds.flatMap((round) => round.tasks), ...(started ? [started.task.id] : [])];
    await records.messages.append({
      conversationId,
      turnId,
      taskId: null,
      role: 'assistant',
      origin,
      text,
      attachments: [],
      at: now,
    });
    await records.outbox.add(
      replyEntry(deps.newId(), entry, text, {
        kind: 'turn',
        turnId,
        also: ids.slice(1),
        tasks,
        ...(failure ? { failure } : {}),
      }),
      now,
    );
    await records.inbox.markHandled(ids, now);
    if (taken && taken.kind !== 'failed') await taken.goOn(records, tasks.at(-1) ?? null);
    if (started) await records.audit.append(started.audit, now);
    await records.audit.append(
      { event: 'turn-answered', actor: 'coordinator', subject: turnId, detail: { messages: ids, tasks } },
      now,
    );
  });
}

/** A text that replies to an inbound message. */
export function replyEntry(
  id: string,
  entry: InboxEntry,
  markdown: string,
  about: OutboxEntry['about'],
): OutboxEntry {
  return {
    id,
    conversationId: entry.conversationId,
    chat: entry.chat,
    content: { kind: 'text', markdown },
    about,
    replyTo: entry.updateId,
    urgency: 'answer',
    cardKey: null,
  };
}
