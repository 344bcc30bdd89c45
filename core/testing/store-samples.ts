import type { Approval } from '../approval.ts';
import { digestOf } from '../canonical.ts';
import { formatTaskId, type TaskId } from '../ids.ts';
import type { Step } from '../link.ts';
import type { SandboxLevel } from '../sandbox-level.ts';
import type { Conversation, InboxEntry, NewTask, OutboxEntry, Permit, Records, Store } from '../store.ts';
import { moveTask, type Task, type TaskEvent } from '../task.ts';

/** The time at which every sample happens. */
export const SAMPLE_TIME = new Date('2026-11-21T09:00:00.000Z');

export function later(milliseconds: number): Date {
  return new Date(SAMPLE_TIME.getTime() + milliseconds);
}

export function sampleConversation(records: Records, name = 'main'): Promise<Conversation> {
  return records.conversations.ensure(
    { channel: 'http', externalId: name },
    `conversation-${name}`,
    SAMPLE_TIME,
  );
}

export function sampleInbox(
  conversation: Conversation,
  updateId: string,
  more: Partial<InboxEntry> = {},
): Omit<InboxEntry, 'tries'> {
  return {
    id: `turn-${updateId}`,
    conversationId: conversation.id,
    chat: conversation.chat,
    updateId,
    sender: { externalId: '7', name: 'Ada' },
    lane: 'turn',
    text: 'hello',
    attachments: ['uploads/a.pdf'],
    receivedAt: SAMPLE_TIME,
    ...more,
  };
}

export function sampleOutbox(
  conversation: Conversation,
  id: string,
  more: Partial<OutboxEntry> = {},
): OutboxEntry {
  return {
    id,
    conversationId: conversation.id,
    chat: conversation.chat,
    content: { kind: 'text', markdown: id },
    about: { kind: 'notice' },
    replyTo: null,
    urgency: 'answer',
    cardKey: null,
    ...more,
  };
}

export function sampleNewTask(conversation: Conversation, more: Partial<NewTask> = {}): NewTask {
  return {
    conversationId: conversation.id,
    turnId: 'turn-1',
    title: 'Primes',
    goal: 'Make a CSV of the first 20 primes',
    origin: { kind: 'owner', person: 'Ada' },
    priority: 3,
    createdAt: SAMPLE_TIME,
    deadline: later(3_600_000),
    capabilities: (id) => [`file:drive/${id}/**:create,read`],
    ...more,
  };
}

export async function sampleTask(records: Records): Promise<Task> {
  return records.tasks.create(sampleNewTask(await sampleConversation(records)));
}

/** A task that attempt 1 holds until a minute later. */
export async function runningTask(records: Records): Promise<Task> {
  return move(records, await sampleTask(records), {
    kind: 'attached',
    leaseUntil: later(60_000),
    sandbox: SAMPLE_LEVEL,
  });
}

/** Moves a task and writes it; throws when either refuses. */
export async function move(records: Records, task: Task, event: TaskEvent): Promise<Task> {
  const moved = moveTask(task, event, SAMPLE_TIME);
  if (moved.kind === 'refused') throw new Error(moved.reason);
  if (!(await records.tasks.update(moved.task))) throw new Error(`somebody else moved ${task.id}`);
  return moved.task;
}

export function sampleStep(seq: number, attempt = 1, content = `result ${seq}`): Step {
  return {
    seq,
    attempt,
    at: later(seq).toISOString(),
    body: {
      kind: 'result',
      callId: `call-${seq}`,
      tool: 'shell.run',
      ok: true,
      content,
      activity: `did ${seq}`,
      durationMs: 1.5,
    },
  };
}

export function sampleApproval(task: Task, code: string, more: Partial<Approval> = {}): Approval {
  const call = {
    task: task.id,
    callId: `call-${code}`,
    tool: 'files.delete',
    arguments: { path: 'a.csv', nested: { n: [1, null] } },
  };
  return {
    code,
    conversationId: task.conversationId,
    call,
    digest: digestOf(call),
    question: 'permission',
    tier: 'destructive',
    origin: { kind: 'owner', person: 'Ada' },
    reason: 'because',
    state: 'pending',
    askedAt: SAMPLE_TIME,
    expiresAt: later(1000),
    decidedAt: null,
    decidedBy: null,
    scope: null,
    note: null,
    ...more,
  };
}

export function samplePermit(task: TaskId, id: string, callId = `call-${id}`): Permit {
  const call = { task, callId, tool: 'files.put', arguments: { path: 'b.csv', bytes: 3 } };
  return { id, call, digest: digestOf(call), approval: null, expiresAt: later(1000), retry: 0 };
}

/** An id that no task has. */
export const NO_TASK = formatTaskId(999_999);

/** How many of the outcomes are equal to this one. */
export function countOf<T>(outcomes: readonly T[], outcome: T): number {
  return outcomes.filter((other) => other === outcome).length;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** Runs many at once and waits for all. */
export function parallel<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)));
}

/** Delivers everything that is due now and says in which order. */
export async function deliverAll(store: Store): Promise<string[]> {
  const delivered: string[] = [];
  for (;;) {
    const due = await store.outbox.due(SAMPLE_TIME, 10);
    if (due.length === 0) return delivered;
    for (const { entry } of due) {
      await store.outbox.markSending(entry.id, SAMPLE_TIME);
      await store.outbox.markSent(entry.id, `sent-${entry.id}`, SAMPLE_TIME);
      delivered.push(entry.id);
    }
  }
}

/** Walls such as a task's record keeps. */
export const SAMPLE_LEVEL: SandboxLevel = {
  launcher: 'sample',
  separateUids: true,
  namespaces: ['pid', 'net'],
  seccomp: true,
  cgroup: 'v2',
  limits: { memory: 'cgroup', processes: 'cgroup', cpu: 'cgroup', scratch: 'file-system' },
  notes: [],
};
