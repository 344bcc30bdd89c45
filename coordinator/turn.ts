import {
  type ChatAnswer,
  type Clock,
  canonicalJson,
  collectAnswer,
  type Draft,
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
  type Store,
  type TaskId,
  type ToolCall,
  type TurnRound,
} from '@reeve/core';
import { assembleContext } from './context.ts';
import { COORDINATOR_TOOLS } from './coordinator-tools.ts';
import { TurnStopped } from './mailbox.ts';
import type { RoundRunner } from './turn-round.ts';

/** Rounds of tool calls in one turn before it is broken off. */
const MAX_ROUNDS = 12;
/** The same call this many times in a row ends the turn. */
const MAX_REPEATS = 5;
const ANSWER_TOKENS = 2048;

export interface TurnDeps {
  readonly store: Store;
  readonly model: Model;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly timeZone: string;
  readonly log: Log;
  readonly draft: (draft: Draft) => void;
  readonly runRound: RoundRunner;
  /** Called after the answer is committed. */
  readonly onAnswered: () => void;
}

/**
 * Answers one inbound message: context, the model's answer, and, while the model calls tools, more rounds. Each round
 * is committed together with the tasks it started, so a crash in mid-turn repeats nothing; the answer, the message's
 * being handled and the reply to send commit together.
 */
export function createTurnHandler(deps: TurnDeps): (entry: InboxEntry, signal: AbortSignal) => Promise<void> {
  return async (entry, signal) => {
    // A first try has no rounds behind it.
    const rounds = entry.tries === 0 ? [] : await deps.store.turns.rounds(entry.id);
    const reply = await answer(deps, entry, rounds, signal);
    const tasks = rounds.flatMap((round) => round.tasks);
    await commitReply(deps, entry, reply, tasks);
    deps.onAnswered();
  };
}

/** What a turn comes to: words, and the failure that they tell of, if one. */
interface TurnReply {
  readonly text: string;
  readonly failure?: Failure['code'];
}

/** Runs rounds until the model answers in words; appends to `rounds` what was committed. */
async function answer(
  deps: TurnDeps,
  entry: InboxEntry,
  rounds: TurnRound[],
  signal: AbortSignal,
): Promise<TurnReply> {
  try {
    for (;;) {
      const failure = loopFailure(rounds);
      if (failure) return { text: failureText(failure), failure: failure.code };
      const reply = await ask(deps, entry, rounds, signal);
      if (reply.toolCalls.length === 0)
        return reply.text.trim() === '' ? emptyReply(rounds) : { text: reply.text };
      rounds.push(await deps.runRound(entry, rounds.length + 1, reply));
    }
  } catch (error) {
    if (signal.reason instanceof TurnStopped) return stoppedReply(rounds);
    if (signal.aborted || !(error instanceof ModelError)) throw error;
    const reference = deps.newId().slice(-6);
    deps.log.warn({ err: error, turn: entry.id, reference }, 'the model did not answer a turn');
    return modelFailureReply(error, rounds, reference);
  }
}

async function ask(
  deps: TurnDeps,
  entry: InboxEntry,
  rounds: readonly TurnRound[],
  signal: AbortSignal,
): Promise<ChatAnswer> {
  const messages = await assembleContext(
    { store: deps.store, timeZone: deps.timeZone, now: deps.clock.now() },
    entry,
    rounds,
  );
  const request = {
    role: 'coordinator',
    messages,
    tools: COORDINATOR_TOOLS,
    maxTokens: ANSWER_TOKENS,
  } as const;
  const { conversationId, chat, id: turnId } = entry;
  const answered = await collectAnswer(deps.model.stream(request, signal), (text) =>
    deps.draft({ conversationId, chat, turnId, text }),
  );
  return storable(answered);
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

function stoppedReply(rounds: readonly TurnRound[]): TurnReply {
  const tasks = rounds.flatMap((round) => round.tasks);
  const started = tasks.length === 0 ? '' : ` Already started: ${tasks.join(', ')}.`;
  return { text: `${failureText({ code: 'turn-stopped' })}${started}`, failure: 'turn-stopped' };
}

function emptyReply(rounds: readonly TurnRound[]): TurnReply {
  const tasks = rounds.flatMap((round) => round.tasks);
  if (tasks.length === 0)
    return { text: failureText({ code: 'model-bad-answer' }), failure: 'model-bad-answer' };
  return { text: `Started ${tasks.join(', ')}. The result comes here by itself.` };
}

/** What to say when the model failed; names the tasks that this turn had started all the same. */
function modelFailureReply(error: ModelError, rounds: readonly TurnRound[], reference: string): TurnReply {
  const failure = isFailureCode(error.code) ? error.code : 'model-failed';
  const tasks = rounds.flatMap((round) => round.tasks);
  const started = tasks.length === 0 ? '' : ` Already started: ${tasks.join(', ')}.`;
  return { text: `${failureText({ code: failure })}${started} (Reference ${reference})`, failure };
}

async function commitReply(
  deps: TurnDeps,
  entry: InboxEntry,
  reply: TurnReply,
  tasks: readonly TaskId[],
): Promise<void> {
  const { text, failure } = reply;
  const now = deps.clock.now();
  const origin: Origin = { kind: 'agent' };
  await deps.store.transaction(async (records: Records) => {
    const { conversationId, id: turnId } = entry;
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
        tasks: [...tasks],
        ...(failure ? { failure } : {}),
      }),
      now,
    );
    await records.inbox.markHandled([turnId], now);
    await records.audit.append(
      { event: 'turn-answered', actor: 'coordinator', subject: turnId, detail: { tasks: [...tasks] } },
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
