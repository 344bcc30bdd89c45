import {
  type ChatMessage,
  type Clock,
  collectAnswer,
  estimateMessage,
  type Log,
  type Message,
  type Model,
  ModelError,
  type Store,
  StoreUnavailable,
  type Summary,
} from '@reeve/core';
import { toChatMessage } from './history.ts';
import { applyAnswer, areFull, NO_NOTES, type Notes, notesText } from './notes.ts';
import { SUMMARISER_PROMPT } from './prompt.ts';
import { speakerOf } from './recall.ts';

/** Keeps conversations short for the model, behind the answers. */
export interface Summariser {
  /** Says that a conversation has grown; returns at once. */
  touch(conversationId: string): void;
  /** Resolves when nothing is being summarised. */
  idle(): Promise<void>;
}

export interface SummariserDeps {
  readonly store: Pick<Store, 'messages' | 'summaries' | 'transaction'>;
  readonly model: Model;
  readonly clock: Clock;
  readonly log: Log;
  readonly contextTokens: () => number;
  readonly signal: AbortSignal;
}

/** Messages beyond this share of the context, or beyond this number, are too many; half of both is kept. */
const HISTORY_SHARE = 0.4;
const HISTORY_MESSAGES = 200;
/** The newest stay word for word in any case: somebody may be answering them now. */
const LEAST_KEPT = 8;
/** Of messages in one request, in estimated tokens. */
const CHUNK_TOKENS = 8000;
const PAGE = 400;
const ANSWER_TOKENS = 2000;

/**
 * Turns the oldest messages of a conversation into notes as soon as it outgrows its share of the context. One request
 * at a time for each conversation, each request's outcome kept before the next, so that a crash costs one request. A
 * model that does not answer is asked again after the conversation's next message.
 */
export function createSummariser(deps: SummariserDeps): Summariser {
  const { store, log, signal } = deps;
  const running = new Map<string, Promise<void>>();
  const again = new Set<string>();

  async function summarise(conversationId: string): Promise<void> {
    for (;;) {
      const summary = await store.summaries.newest(conversationId);
      const messages = await store.messages.after(conversationId, summary?.upTo ?? 0, PAGE);
      const chunk = oldestToSummarise(messages, deps.contextTokens() * HISTORY_SHARE);
      const last = chunk.at(-1);
      if (!last || signal.aborted) return;
      const { text, model } = await collectAnswer(
        deps.model.stream(
          {
            role: 'coordinator',
            messages: requestFor(summary ?? NO_NOTES, chunk),
            tools: [],
            maxTokens: ANSWER_TOKENS,
          },
          signal,
        ),
      );
      if (text.trim() === '')
        throw new ModelError('model-bad-answer', 'an empty summary', { retryable: false });
      const clean = text.toWellFormed().replaceAll('\0', '\uFFFD');
      const notes = applyAnswer(summary ?? NO_NOTES, clean);
      const next: Summary = { conversationId, upTo: last.sequence, ...notes, model, at: deps.clock.now() };
      await store.transaction((records) => records.summaries.insert(next));
    }
  }

  async function run(conversationId: string): Promise<void> {
    do {
      again.delete(conversationId);
      try {
        await summarise(conversationId);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ModelError) && !(error instanceof StoreUnavailable)) {
          log.error({ err: error, conversation: conversationId }, 'a conversation could not be summarised');
        } else {
          log.warn({ err: error, conversation: conversationId }, 'a conversation is summarised later');
        }
        return;
      }
    } while (again.has(conversationId) && !signal.aborted);
  }

  return {
    touch(conversationId) {
      again.add(conversationId);
      if (running.has(conversationId) || signal.aborted) return;
      const work = run(conversationId).finally(() => running.delete(conversationId));
      running.set(conversationId, work);
    },
    async idle() {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}

/** The oldest messages that have to go, no more than one request takes; none while all are few enough. */
function oldestToSummarise(messages: readonly Message[], tokens: number): readonly Message[] {
  const sizes = messages.map((message) => estimateMessage(toChatMessage(message)));
  let kept = sizes.reduce((sum, size) => sum + size, 0);
  if (kept <= tokens && messages.length <= HISTORY_MESSAGES) return [];
  let taken = 0;
  let count = 0;
  for (const size of sizes) {
    const left = messages.length - count;
    const isEnough = kept <= tokens / 2 && left <= HISTORY_MESSAGES / 2;
    if (isEnough || left <= LEAST_KEPT || (count > 0 && taken + size > CHUNK_TOKENS)) break;
    taken += size;
    kept -= size;
    count += 1;
  }
  return messages.slice(0, count);
}

function requestFor(notes: Notes, messages: readonly Message[]): ChatMessage[] {
  const transcript = messages.map(
    (message) => `[${message.at.toISOString().slice(0, 10)}, ${speakerOf(message)}] ${wordsOf(message)}`,
  );
  const parts = [
    notesText(notes) ?? 'There are no notes yet.',
    ...(areFull(notes)
      ? ['The list of facts is long: merge those that belong together and take the old ones back.']
      : []),
    `Messages since:\n${transcript.join('\n')}`,
  ];
  return [
    { role: 'system', content: SUMMARISER_PROMPT },
    { role: 'user', content: parts.join('\n\n') },
  ];
}

function wordsOf(message: Message): string {
  const { content } = toChatMessage(message);
  return typeof content === 'string' ? content : '';
}
