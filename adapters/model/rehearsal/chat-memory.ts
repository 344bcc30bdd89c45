import type { ChatMessage } from '@reeve/core';
import { textOf } from './plan.ts';

const SIZE = '\\(\\d[\\d.,]* ?(?:bytes?|[kMGT]B)\\)';
const MENTIONS = new RegExp(
  `\\b(?<act>stored|overwrote) (?<stored>\\S.*?) ${SIZE}|(?:^|\\n)(?<restored>\\S.*?) is back as it was ${SIZE}|\\b(?<gone>deleted) (?<deleted>\\S+?(?: \\S+?)*?)(?=\\.?(?:;|\\s|$))|\\[Attached, among the owner's files: (?<attached>[^\\]]+)\\]|\\bfetched (?<fetched>\\S+?)(?=\\.?(?:[;\\s]|$))`,
  'giu',
);

/**
 * The file that the conversation named last as stored, attached, read, brought back or deleted; null when it named
 * none. A deleted one may be back by a way that was never told here, so whoever uses the name looks it up.
 */
export function fileSpokenOf(messages: readonly ChatMessage[]): string | null {
  let newest: string | null = null;
  const known = new Set<string>();
  const name = (path: string) => {
    known.add(path);
    newest = path;
  };
  for (const message of messages) {
    if (message.role === 'tool') continue;
    for (const { groups } of textOf(message).matchAll(MENTIONS)) {
      const { stored, deleted, attached, fetched, restored } = groups ?? {};
      for (const path of attached?.split(', ') ?? [stored ?? fetched ?? restored ?? ''])
        if (path !== '') name(path);
      // “I deleted everything” names no file.
      if (deleted && (known.has(deleted) || /\w[./]\w/.test(deleted))) name(deleted);
    }
  }
  return newest;
}

/** True when Reeve said this before in the conversation. */
export function wasSaid(messages: readonly ChatMessage[], words: string): boolean {
  return messages.some((message) => message.role === 'assistant' && textOf(message).includes(words));
}

export interface BoardLine {
  readonly task: string;
  readonly text: string;
}

/** The live tasks on the board of the newest system message that carries one, oldest first. */
export function liveTasks(messages: readonly ChatMessage[]): BoardLine[] {
  const board = messages.findLast((message) => message.role === 'system' && /^Now: /.test(textOf(message)));
  if (!board) return [];
  return [...textOf(board).matchAll(/^- (?<task>T-\d+) (?<text>.*)$/gm)].map(({ groups }) => ({
    task: groups?.['task'] ?? '',
    text: groups?.['text'] ?? '',
  }));
}

/** The time as the board states it: `Sat, 21 Nov 2026, 14:05 (Europe/Paris)`; null without one. */
export function timeOnBoard(messages: readonly ChatMessage[]): string | null {
  for (const message of messages.toReversed()) {
    const time =
      message.role === 'system' ? /^Now: (?<time>.+)\.$/m.exec(textOf(message))?.groups?.['time'] : null;
    if (time) return time;
  }
  return null;
}

/** First line of the newest event, such as `T-3 Make a CSV: done.`; null when there was none. */
export function newestEvent(messages: readonly ChatMessage[]): string | null {
  const event = messages.findLast(
    (message) => message.role === 'system' && textOf(message).startsWith('Event ('),
  );
  const line = event ? textOf(event).split('\n')[1] : undefined;
  return line ? line.replaceAll('**', '') : null;
}
