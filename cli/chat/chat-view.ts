import type { ApiEvent } from '@reeve/channel-http';
import type { Card, TaskState } from '@reeve/core';
import { cardLines, cardLiveLine, cardTitle, typedActions } from './card-text.ts';
import { markdownLines } from './markdown-text.ts';
import type { Style } from './style.ts';
import { STOPPED_CLOCK, type TaskClock } from './task-clock.ts';
import { fitLine } from './wrap-text.ts';

/** What the chat shows of a conversation: lines that stay, and a live part that is drawn over and over. */
export interface ChatView {
  /** Takes an event in; returns the lines that it adds for good, at most `width` columns each. */
  apply(event: ApiEvent, width: number): string[];
  /** Takes an event of the past in, so that running tasks and open questions are known; shows nothing of it. */
  recall(event: ApiEvent): void;
  /** Open questions among what was recalled, in full. */
  openQuestions(width: number): string[];
  /** Counts a message of the person as not answered yet. */
  expectAnswer(turnId: string): void;
  /** What changes all the time: answers as they grow, running tasks, questions that wait. At most `height` lines. */
  live(width: number, height: number): string[];
}

type CardEvent = Extract<ApiEvent, { kind: 'card' }>;
type MessageEvent = Extract<ApiEvent, { kind: 'message' }>;

const ENDED: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled', 'expired']);
/** Live lines that an answer in progress may take; its newest ones are shown. */
const DRAFT_LINES = 6;
/** Answered turns that are remembered, for answers that overtake the acceptance of their message. */
const REMEMBERED_TURNS = 100;

/** Creates a view of one conversation, with nothing in it yet; by its clock the times of live lines go on. */
export function createChatView(style: Style, clock: TaskClock = STOPPED_CLOCK): ChatView {
  const drafts = new Map<string, string>();
  const tasks = new Map<string, { readonly card: Card; readonly id: string }>();
  const questions = new Map<string, Card>();
  const expected = new Set<string>();
  const answered = new Set<string>();
  /** Tasks whose result was told and whose last card, which may come later, was not. */
  const told = new Set<string>();

  function settleTurn(turnId: string): void {
    drafts.delete(turnId);
    expected.delete(turnId);
    answered.add(turnId);
    const [oldest] = answered;
    if (answered.size > REMEMBERED_TURNS && oldest !== undefined) answered.delete(oldest);
  }

  function takeTaskCard(
    { key, card }: CardEvent,
    { taskId: id, state }: { taskId: string; state: TaskState },
    width: number,
  ): string[] {
    if (ENDED.has(state)) {
      const isNews = tasks.delete(key);
      return told.delete(key) || isNews ? [endedLine(card, state, style, width)] : [];
    }
    if (told.has(key)) return [];
    tasks.set(key, { card, id });
    clock.note(id, state);
    return [];
  }

  function takeMessage(event: MessageEvent, width: number): string[] {
    const { about } = event;
    if (about.kind === 'turn' || about.kind === 'command') settleTurn(about.turnId);
    if (about.kind === 'task-result' && tasks.delete(taskKey(about.taskId))) told.add(taskKey(about.taskId));
    return messageLines(event, width, style);
  }

  function takeCard(event: CardEvent, width: number): string[] {
    const { key, card, about } = event;
    if (about.kind === 'task-card') return takeTaskCard(event, about, width);
    if (about.kind !== 'approval-card') return ['', ...cardLines(card, width, style)];
    if (about.state === 'pending') {
      const isNew = !questions.has(key);
      questions.set(key, card);
      return isNew ? ['', ...cardLines(card, width, style)] : [];
    }
    return questions.delete(key) ? [settledLine(card, about.state, style, width)] : [];
  }

  return {
    apply(event, width) {
      switch (event.kind) {
        case 'message':
          return takeMessage(event, width);
        case 'card':
          return takeCard(event, width);
        case 'draft':
          if (!answered.has(event.turnId)) drafts.set(event.turnId, event.text);
          return [];
        case 'hello':
        case 'said':
        case 'renamed':
          return [];
        case 'stale':
          return [style.dim('Some events were missed; the messages above may not be complete.')];
      }
    },
    recall(event) {
      if (event.kind === 'card') takeCard(event, Number.POSITIVE_INFINITY);
    },
    openQuestions: (width) =>
      [...questions.values()].flatMap((card) => ['', ...cardLines(card, width, style)]),
    expectAnswer(turnId) {
      if (!answered.has(turnId)) expected.add(turnId);
    },
    live(width, height) {
      const lines = [...draftLines(drafts, expected, width, style)];
      for (const { card, id } of tasks.values())
        lines.push(style.accent(cardLiveLine(card, width, clock.elapsed(id))));
      for (const card of questions.values()) lines.push(style.ask(fitLine(questionLine(card), width)));
      if (lines.length <= height) return lines;
      const kept = lines.slice(0, Math.max(0, height - 1));
      return [
        ...kept,
        style.dim(fitLine(`… and ${lines.length - kept.length} more; /status shows all`, width)),
      ];
    },
  };
}

/** The key of a task's card. */
export function taskKey(task: string): string {
  return `task:${task}`;
}

/** A message as lines that stay, with an empty one before it. */
export function messageLines(
  event: Pick<MessageEvent, 'markdown' | 'possibleDuplicate'>,
  width: number,
  style: Style,
): string[] {
  const note = event.possibleDuplicate ? [style.dim('(This may have been sent before.)')] : [];
  return ['', ...note, ...markdownLines(event.markdown, width, style)];
}

/** The folded card of a task that ended. */
function endedLine(card: Card, state: string, style: Style, width: number): string {
  const line = fitLine(cardTitle(card), width);
  return state === 'succeeded' ? style.good(line) : style.bad(line);
}

/** A settled question on one line: what was asked and who decided. */
function settledLine(card: Card, state: string, style: Style, width: number): string {
  const decided = card.blocks.findLast((block) => block.kind === 'text')?.text ?? state;
  const line = fitLine(`${cardTitle(card)} · ${decided.replace(/\s+/g, ' ')}`, width);
  return state === 'approved' || state === 'confirmed' ? style.good(line) : style.bad(line);
}

function questionLine(card: Card): string {
  const typed = typedActions(card);
  const [first, last] = [typed.at(0), typed.at(-1)];
  const how = first === undefined || last === undefined ? '' : ` · ${first} or ${last}`;
  return `${cardTitle(card)}${how}`;
}

function* draftLines(
  drafts: ReadonlyMap<string, string>,
  expected: ReadonlySet<string>,
  width: number,
  style: Style,
): Generator<string> {
  for (const text of drafts.values()) {
    if (text.trim() !== '') yield* markdownLines(text, width, style).slice(-DRAFT_LINES);
  }
  const waiting = [...expected].filter((turnId) => !drafts.get(turnId)?.trim()).length;
  if (waiting > 0) yield style.dim(waiting === 1 ? 'Answering …' : `Answering ${waiting} messages …`);
}
