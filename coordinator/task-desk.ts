import {
  type AuditEvent,
  type Clock,
  failureText,
  hostsNamedIn,
  type InboxEntry,
  isLive,
  type Origin,
  type Outcome,
  outputFolder,
  type Records,
  repositoriesNamedIn,
  type Store,
  type Task,
  type TaskId,
} from '@reeve/core';
import { taskCardEntry } from './task-card.ts';
import type { TaskLedger } from './task-ledger.ts';

/** Starting, steering, pausing and ending tasks: the same code for chat commands, the model's tools and the API. */
export interface TaskDesk {
  /** Creates a task inside the caller's transaction. The caller wakes the dispatcher after the commit. */
  createWithin(
    records: Records,
    job: {
      title: string;
      goal: string;
      entry: Pick<InboxEntry, 'id' | 'conversationId' | 'chat' | 'text'>;
      origin: Origin;
      /** Who made the schedule that starts it: their reach bounds what it may touch. */
      onBehalfOf?: Origin;
    },
  ): Promise<{ task: Task; audit: AuditEvent }>;
  cancel(id: TaskId, actor: string): Promise<Outcome<Task>>;
  pause(id: TaskId, actor: string): Promise<Outcome<Task>>;
  resume(id: TaskId, actor: string): Promise<Outcome<Task>>;
  steer(id: TaskId, text: string, origin: Origin): Promise<Outcome<Task>>;
  /** Marks a task as urgent: what it says comes in quiet hours, too, and its next attempt goes before others. */
  hurry(id: TaskId, actor: string): Promise<Outcome<Task>>;
}

/** The priority of what its owner called urgent; the others have 3. */
export const URGENT = 1;

/**
 * What a task of this origin may touch. Only the owner's own tasks may change or delete files, and those ask; they may
 * read from hosts that the owner's own words name (not the model's: those might come from anywhere), and open the
 * repositories that they name to their Git, one by one. A schedule's may read what whoever made it may read, and change nothing.
 */
function capabilitiesFor(
  origin: Origin,
  id: TaskId,
  words: string,
  onBehalfOf: Origin = origin,
): readonly string[] {
  const base = [
    'shell:scratch:run',
    'file:scratch/**:read,write',
    `file:drive/${outputFolder(id)}/**:create`,
  ];
  switch (origin.kind) {
    case 'owner':
      return [...base, 'file:drive/**:delete,list,read,write', ...namedIn(words)];
    case 'member':
    case 'agent':
      return [...base, 'file:drive/**:list,read'];
    case 'schedule':
      return onBehalfOf.kind === 'untrusted' || onBehalfOf.kind === 'schedule'
        ? base
        : [...base, 'file:drive/**:list,read', ...namedIn(words)];
    case 'untrusted':
      return base;
  }
}

function namedIn(words: string): string[] {
  return [
    ...hostsNamedIn(words).map((host) => `http:${host}/**:get`),
    ...repositoriesNamedIn(words).map((repository) => `git:${repository}:read`),
  ];
}

export function createTaskDesk(deps: {
  store: Store;
  ledger: TaskLedger;
  clock: Clock;
  newId: () => string;
  deadlineMs: number;
  /** Hands a steer to the executor when one is attached. */
  onSteered: (id: TaskId) => void;
}): TaskDesk {
  const { store, ledger, clock, newId } = deps;

  async function over(id: TaskId): Promise<Outcome<Task>> {
    const task = await store.tasks.get(id);
    return { kind: 'failed', failure: { code: task ? 'task-over' : 'task-unknown', about: id } };
  }

  /** Pausing what is paused, or letting go on what goes on, is done already. */
  async function asItIs(id: TaskId): Promise<Outcome<Task>> {
    const task = await store.tasks.get(id);
    return task && isLive(task) ? { kind: 'ok', value: task } : over(id);
  }

  return {
    async createWithin(records, job) {
      const now = clock.now();
      const task = await records.tasks.create({
        conversationId: job.entry.conversationId,
        turnId: job.entry.id,
        title: job.title,
        goal: job.goal,
        origin: job.origin,
        priority: 3,
        capabilities: (id) => capabilitiesFor(job.origin, id, job.entry.text, job.onBehalfOf),
        createdAt: now,
        deadline: new Date(now.getTime() + deps.deadlineMs),
      });
      const conversation = { id: job.entry.conversationId, chat: job.entry.chat };
      ledger.meet(conversation);
      await records.outbox.add(taskCardEntry(task, conversation, newId(), now), now);
      return {
        task,
        audit: {
          event: 'task-created',
          actor: 'coordinator',
          subject: task.id,
          detail: { title: task.title, goal: task.goal, turn: task.turnId },
        },
      };
    },

    async cancel(id, actor) {
      const outcome = { kind: 'cancelled', summary: '', evidence: [] } as const;
      const move = await ledger.change(id, { kind: 'cancelled', outcome }, actor);
      return move.kind === 'moved' ? { kind: 'ok', value: move.task } : over(id);
    },

    async pause(id, actor) {
      const move = await ledger.change(id, { kind: 'paused' }, actor);
      return move.kind === 'moved' ? { kind: 'ok', value: move.task } : asItIs(id);
    },

    async resume(id, actor) {
      const move = await ledger.change(id, { kind: 'resumed' }, actor);
      return move.kind === 'moved' ? { kind: 'ok', value: move.task } : asItIs(id);
    },

    async steer(id, text, origin) {
      const task = await store.tasks.get(id);
      if (!task || !isLive(task)) return over(id);
      await store.tasks.addInput(id, { id: newId(), text, origin }, clock.now());
      deps.onSteered(id);
      return { kind: 'ok', value: task };
    },

    async hurry(id, actor) {
      const hurried = await ledger.beside(id, async (records, task) => {
        if (!task || !isLive(task)) return null;
        // Beside has raised the version once.
        const urgent = { ...task, priority: URGENT, version: task.version + 2 };
        if (!(await records.tasks.update(urgent))) throw new Error(`${id} moved while it was held`);
        await records.audit.append({ event: 'task-hurried', actor, subject: id, detail: {} }, clock.now());
        return urgent;
      });
      return hurried ? { kind: 'ok', value: hurried } : over(id);
    },
  };
}

/** The outcome of a task operation as a sentence for the model. */
export function outcomeForModel(outcome: Outcome<Task>): string {
  if (outcome.kind === 'failed') return JSON.stringify({ problem: failureText(outcome.failure) });
  return JSON.stringify({ task: outcome.value.id, state: outcome.value.state });
}
