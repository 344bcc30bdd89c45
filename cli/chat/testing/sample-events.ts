import type { ApiEvent } from '@reeve/channel-http';
import type { About, Card, OutboundContent, TaskId, TaskState } from '@reeve/core';

const AT = '2026-11-21T12:00:00.000Z';
const ICONS: Readonly<Record<TaskState, string>> = {
  queued: '…',
  running: '▶',
  waiting: '?',
  paused: '‖',
  succeeded: '✓',
  failed: '✗',
  cancelled: '■',
  expired: '⌛',
};
const ENDED: readonly TaskState[] = ['succeeded', 'failed', 'cancelled', 'expired'];

/** Something to deliver, and what it is about. */
export interface Delivered {
  readonly content: OutboundContent;
  readonly about: About;
}

/** A task's card as the coordinator makes it. */
export function taskCardOf(id: TaskId, state: TaskState, doing = 'running a command'): Delivered {
  const key = `task:${id}`;
  const title = `${ICONS[state]} ${id} Make a CSV · ${doing} · 4 s`;
  const actions: Card['blocks'][number] = {
    kind: 'actions',
    actions: [
      { label: 'Stop', style: 'danger', action: { kind: 'cancel-task', task: id }, typed: `/cancel ${id}` },
      { label: 'Details', style: 'plain', action: { kind: 'show-task', task: id }, typed: `/why ${id}` },
    ],
  };
  const progress: Card['blocks'][number] = {
    kind: 'progress',
    icon: ICONS[state],
    text: `Step 2 · ${doing}`,
    done: 2,
    total: null,
  };
  const blocks = ENDED.includes(state) ? [] : [progress, actions];
  return {
    content: { kind: 'card', card: { key, title, blocks } },
    about: { kind: 'task-card', taskId: id, state },
  };
}

/** A question to delete a file, as the coordinator makes it; settled ones have no buttons. */
export function approvalCardOf(
  code: string,
  id: TaskId,
  state: 'pending' | 'approved' | 'denied' | 'expired' | 'voided' = 'pending',
  path = 'T-1/primes.csv',
): Delivered {
  const key = `approval:${code}`;
  const head: Card['blocks'] = [
    { kind: 'heading', text: `Delete 1 file: ${path}` },
    {
      kind: 'fields',
      fields: [
        { name: 'Exactly', value: 'files.delete' },
        { name: 'File', value: path },
        { name: 'Content (SHA-256)', value: 'ab'.repeat(32) },
        { name: 'Asked by', value: `${id}, started by you` },
      ],
    },
  ];
  const about: About = { kind: 'approval-card', code, question: 'permission', taskId: id, state };
  if (state !== 'pending') {
    const title = `${state === 'approved' ? '✓' : '✗'} Delete 1 file: ${path}`;
    const text =
      state === 'approved' ? 'Approved (once) by owner, Sat 21 Nov, 12:01.' : 'Denied by owner. Not done.';
    return {
      content: { kind: 'card', card: { key, title, blocks: [...head, { kind: 'text', text }] } },
      about,
    };
  }
  const expiry: Card['blocks'][number] = { kind: 'text', text: 'No answer by Sat 28 Nov, 12:00: not done.' };
  const actions: Card['blocks'][number] = {
    kind: 'actions',
    actions: [
      {
        label: 'Once',
        style: 'danger',
        action: { kind: 'approve', code, scope: 'once' },
        typed: `/approve ${code}`,
      },
      { label: 'Deny', style: 'plain', action: { kind: 'deny', code }, typed: `/deny ${code}` },
    ],
  };
  const title = `? ${id} asks: Delete 1 file: ${path}`;
  return { content: { kind: 'card', card: { key, title, blocks: [...head, expiry, actions] } }, about };
}

export function answerOf(turnId: string, markdown: string, tasks: TaskId[] = []): Delivered {
  return { content: { kind: 'text', markdown }, about: { kind: 'turn', turnId, also: [], tasks } };
}

export function resultOf(id: TaskId, state: TaskState, markdown: string): Delivered {
  return { content: { kind: 'text', markdown }, about: { kind: 'task-result', taskId: id, state } };
}

/** The event that clients get for it. */
export function eventFor({ content, about }: Delivered): ApiEvent {
  const base = { id: 'delivery', conversation: 'main', about, at: AT };
  return content.kind === 'card'
    ? { ...base, kind: 'card', key: content.card.key, card: content.card, edits: false }
    : { ...base, kind: 'message', markdown: content.markdown, replyTo: null, possibleDuplicate: false };
}

/** The card of a delivery that is one. */
export function cardOf({ content }: Delivered): Card {
  if (content.kind !== 'card') throw new Error('this is no card');
  return content.card;
}
