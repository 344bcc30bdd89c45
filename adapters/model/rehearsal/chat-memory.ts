import type { ChatMessage } from '@reeve/core';
import { textOf } from './plan.ts';

const SIZE = '\\(\\d[\\d.,]* ?(?:bytes?|[kMGT]B)\\)';
const MENTIONS = new RegExp(
  `\\b(?<act>stored|overwrote) (?<stored>\\S.*?) ${SIZE}|\\b(?<gone>deleted) (?<deleted>\\S+?(?: \\S+?)*?)(?=\\.?(?:;|\\s|$))|\\[Attached, among the owner's files: (?<attached>[^\\]]+)\\]|\\bfetched (?<fetched>\\S+?)(?=\\.?(?:[;\\s]|$))`,
  'giu',
);

/** Files among the owner's that the conversation names as stored, attached or read, oldest first, without deleted ones. */
export function filesSpokenOf(messages: readonly ChatMessage[]): string[] {
  const files: string[] = [];
  const forget = (path: string) => {
    const at = files.indexOf(path);
    if (at >= 0) files.splice(at, 1);
  };
  for (const message of messages) {
    if (message.role === 'tool') continue;
    for (const { groups } of textOf(message).matchAll(MENTIONS)) {
      const { stored, deleted, attached, fetched } = groups ?? {};
      for (const path of attached?.split(', ') ?? [stored ?? fetched ?? '']) {
        if (path === '') continue;
        forget(path);
        files.push(path);
      }
      if (deleted) forget(deleted);
    }
  }
  return files;
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

/** The time as the board states it: `Sat 21 Nov, 14:05 2026 (Europe/Paris)`; null without one. */
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
