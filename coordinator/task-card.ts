import {
  type Block,
  type Card,
  type ConversationPlace,
  isLive,
  type OutboxEntry,
  showHiddenInLine,
  type Task,
} from '@reeve/core';
import { spanText, stateIcon, stateText, taskName } from './wording.ts';

/**
 * A card waits this long to be sent, so that one that changes at once (a task that is created and begins) is sent once,
 * and so that a task's start has the database to itself. Nobody reads a card that fast.
 */
export const PROGRESS_PAUSE_MS = 100;

function taskCardKey(id: string): string {
  return `task:${id}`;
}

/**
 * A task's card as chat.md orders it: state, id, title, elapsed; the step; its questions, tier and cost so far; the
 * buttons. Folded to one line once over.
 */
export function taskCard(task: Task, now: Date, footnote: string | null = null): Card {
  const since = task.startedAt ?? task.createdAt;
  const elapsed = spanText((task.endedAt ?? now).getTime() - since.getTime());
  const title = `${stateIcon(task)} ${taskName(task)} · ${stateText(task)} · ${elapsed}`;
  if (!isLive(task)) return { key: taskCardKey(task.id), title: showHiddenInLine(title), blocks: [] };
  const progress: Block = {
    kind: 'progress',
    icon: stateIcon(task),
    text: showHiddenInLine(progressText(task)),
    done: task.steps,
    total: null,
  };
  const notes: Block[] = footnote === null ? [] : [{ kind: 'text', text: footnote }];
  return {
    key: taskCardKey(task.id),
    title: showHiddenInLine(title),
    blocks: [progress, ...notes, buttons(task)],
  };
}

function progressText(task: Task): string {
  return task.steps === 0 ? stateText(task) : `Step ${task.steps} · ${stateText(task)}`;
}

function buttons(task: Task): Block {
  return {
    kind: 'actions',
    actions: [
      {
        label: 'Stop',
        style: 'danger',
        action: { kind: 'cancel-task', task: task.id },
        typed: `/cancel ${task.id}`,
      },
      {
        label: 'Add note',
        style: 'plain',
        action: { kind: 'note', task: task.id },
        typed: `/tell ${task.id} your note`,
      },
      {
        label: 'Details',
        style: 'plain',
        action: { kind: 'show-task', task: task.id },
        typed: `/why ${task.id}`,
      },
    ],
  };
}

export function taskCardEntry(
  task: Task,
  conversation: ConversationPlace,
  id: string,
  now: Date,
  footnote: string | null = null,
): OutboxEntry {
  return {
    id,
    conversationId: conversation.id,
    chat: conversation.chat,
    content: { kind: 'card', card: taskCard(task, now, footnote) },
    about: { kind: 'task-card', taskId: task.id, state: task.state },
    replyTo: null,
    urgency: 'progress',
    cardKey: taskCardKey(task.id),
    notBefore: new Date(now.getTime() + PROGRESS_PAUSE_MS),
  };
}
