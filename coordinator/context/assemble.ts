import {
  type ChatMessage,
  type ChatTool,
  estimateMessage,
  estimateText,
  type InboxEntry,
  type Message,
  type Store,
  type Summary,
  type Task,
  type TurnRound,
} from '@reeve/core';
import { momentText, stateText, taskName } from '../wording.ts';
import type { AttachmentReader } from './attachments.ts';
import { roundMessages, withinTokens, withoutLaterWords } from './history.ts';
import { notesText } from './notes.ts';
import type { PersonaReader } from './persona.ts';
import { COORDINATOR_PROMPT } from './prompt.ts';
import { recalledText, wordsToFind } from './recall.ts';
import type { TokenGauge } from './token-gauge.ts';

export interface ContextDeps {
  readonly store: Pick<Store, 'messages' | 'summaries' | 'tasks'>;
  readonly persona: PersonaReader;
  /** The owner's wishes about language and tone; null when there are none. Changes only with the settings. */
  readonly wishes: () => string | null;
  readonly attachments: AttachmentReader;
  readonly gauge: TokenGauge;
  readonly tools: readonly ChatTool[];
  /** Whether who wrote a message may know of a task. */
  readonly sees: (entry: InboxEntry, task: Task) => boolean;
  /** Tokens of a prompt, tools and answer included, that the context is fitted into. */
  readonly contextTokens: () => number;
  /** Ceiling of the answer, in tokens. */
  readonly answerTokens: number;
  readonly timeZone: () => string;
}

/** More are never looked at: the summariser keeps what it has not summarised far below. */
const HISTORY_MESSAGES = 400;
const RECALLED_MESSAGES = 4;
/** History gets at least this much, however much else there is: without it nobody can answer. */
const LEAST_HISTORY_TOKENS = 1000;

/** What a turn's context is made of beside the turn itself. */
export interface Background {
  readonly recent: readonly Message[];
  readonly summary: Summary | null;
  readonly live: readonly Task[];
  readonly persona: string | null;
}

export async function readBackground(
  { store, persona }: Pick<ContextDeps, 'store' | 'persona'>,
  conversationId: string,
): Promise<Background> {
  const [recent, summary, live, written] = await Promise.all([
    store.messages.recent(conversationId, HISTORY_MESSAGES),
    store.summaries.newest(conversationId),
    store.tasks.live(),
    persona(),
  ]);
  return { recent, summary, live, persona: written };
}

/**
 * Puts a turn's context together, from what changes least to what changes most, so that providers can cache the front:
 * instructions, persona, notes of what is summarised, the messages since in full, older ones that may matter now, the
 * task board, the person's words (never cut), and the rounds this turn has already been through. All of it together
 * stays within `contextTokens`; history gives way first.
 */
export async function assembleContext(
  deps: ContextDeps,
  { recent, summary, live, persona }: Background,
  entries: readonly [InboxEntry, ...InboxEntry[]],
  rounds: readonly TurnRound[],
  now: Date,
): Promise<ChatMessage[]> {
  const since = recent.filter(({ sequence }) => sequence > (summary?.upTo ?? 0));
  const seen = live.filter((task) => deps.sees(entries[0], task));
  const recalled = summary && recalledText(await recall(deps, entries, since, summary.upTo), deps.timeZone());
  const front = [COORDINATOR_PROMPT, deps.wishes(), persona, summary && notesText(summary)].flatMap(asSystem);
  const back: ChatMessage[] = [
    ...[recalled, boardText(seen, deps.timeZone(), now)].flatMap(asSystem),
    ...(await Promise.all(entries.map((entry) => wordsOf(deps, entry)))),
    ...rounds.flatMap(roundMessages),
  ];
  const rest = [...front, ...back].reduce((sum, message) => sum + estimateMessage(message), 0);
  const left = estimatedLimit(deps) - rest - estimateText(JSON.stringify(deps.tools));
  const history = withinTokens(withoutLaterWords(since, entries), Math.max(LEAST_HISTORY_TOKENS, left));
  return [...front, ...history, ...back];
}

/** The limit in estimated tokens: what this model is known to make of them counts. */
function estimatedLimit({ contextTokens, answerTokens, gauge }: ContextDeps): number {
  return Math.floor((contextTokens() - answerTokens) / gauge.factor());
}

function asSystem(content: string | null): ChatMessage[] {
  return content === null || content === '' ? [] : [{ role: 'system', content }];
}

async function recall(
  { store }: ContextDeps,
  entries: readonly [InboxEntry, ...InboxEntry[]],
  since: readonly Message[],
  upTo: number,
) {
  const words = wordsToFind(entries.map(({ text }) => text).join('\n'), withoutLaterWords(since, entries));
  return words.length === 0
    ? []
    : store.messages.search(entries[0].conversationId, words, upTo, RECALLED_MESSAGES);
}

async function wordsOf({ attachments }: ContextDeps, entry: InboxEntry): Promise<ChatMessage> {
  return { role: 'user', content: await attachments.contentOf(entry.text, entry.attachments) };
}

/** The live tasks and the time, as the model sees them. */
function boardText(tasks: readonly Task[], timeZone: string, now: Date): string {
  const lines = tasks.map((task) => `- ${taskName(task)}: ${stateText(task)}`);
  const board = lines.length === 0 ? 'No tasks are running or waiting.' : `Task board:\n${lines.join('\n')}`;
  return `Now: ${momentText(now, timeZone, 'with year')} (${timeZone}).\n${board}`;
}
