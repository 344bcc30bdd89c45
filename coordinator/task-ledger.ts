import {
  type AuditEvent,
  type BudgetPlan,
  type Clock,
  type ConversationPlace,
  isLive,
  moveTask,
  type Records,
  type Store,
  type Task,
  type TaskEvent,
  type TaskId,
  type TaskMove,
} from '@reeve/core';
import { taskCardEntry } from './task-card.ts';
import { taskFootnote } from './task-footnote.ts';
import { taskResultEntry, taskResultEvent } from './task-result.ts';
import { voidApprovals } from './void-approvals.ts';

/** What else is written together with a task's move; `abandon` rolls everything back. */
export type AlsoWrite = (
  records: Records,
  before: Task,
  after: Task,
) => Promise<readonly AuditEvent[] | 'abandon'>;

export interface TaskLedger {
  /**
   * Moves a task by one event: reads it, asks `moveTask`, and writes the new record, its card, the result message
   * when it ended, whatever `also` adds, and last the audit entries, all in one transaction. Begins again when another
   * writer was faster. A refused or abandoned change writes nothing.
   */
  change(id: TaskId, event: TaskEvent, actor: string, also?: AlsoWrite): Promise<TaskMove>;
  /**
   * As `change`, for a task whose record is surely still as it is given here unless somebody else has moved it, and
   * that has not had an attempt yet: in one trip to the database. Null when somebody has, or when it is not that easy;
   * then nothing is written.
   */
  changeFresh(before: Task, event: TaskEvent, actor: string): Promise<TaskMove | null>;
  /** Tells where the cards of a conversation go, before any of its tasks is moved. */
  meet(conversation: ConversationPlace): void;
  /**
   * Does something that no move of the task may pass: reads the task and raises its version, so that whoever moves it
   * meanwhile begins again, as this does when it comes second. One transaction; what `work` throws rolls it back.
   */
  beside<T>(id: TaskId, work: (records: Records, task: Task | null) => Promise<T>): Promise<T>;
  onChanged(listener: (task: Task) => void): void;
}

export interface TaskLedgerDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly timeZone: () => string;
  /** Caps of the settings, for the cards. */
  readonly caps: () => BudgetPlan['caps'];
}

class FasterWriter extends Error {}
class Abandoned extends Error {}

/** The reason of a move that `also` gave up. */
export const ABANDONED = 'abandoned';

/** True while this attempt's executor holds the task. */
export function holds(task: Task | null, attempt: number): task is Task {
  return task !== null && isLive(task) && task.attempt === attempt && task.leaseUntil !== null;
}

const MAX_TRIES = 20;
/** Hand-overs between queue and dispatcher: nothing that people need to see on cards or in the audit chain. */
const QUIET: ReadonlySet<TaskEvent['kind']> = new Set(['enqueued', 'dequeued']);

/** The one place that changes tasks; `moveTask` in core says how. */
export function createTaskLedger(deps: TaskLedgerDeps): TaskLedger {
  const listeners: ((task: Task) => void)[] = [];
  /** A conversation never changes once it is there. */
  const known = new Map<string, ConversationPlace>();

  async function conversationOf(records: Records, { id, conversationId }: Task): Promise<ConversationPlace> {
    const conversation = known.get(conversationId) ?? (await records.conversations.get(conversationId));
    if (!conversation)
      throw new Error(`${id} belongs to conversation ${conversationId}, which does not exist`);
    known.set(conversationId, conversation);
    return conversation;
  }

  async function changeOnce(
    id: TaskId,
    event: TaskEvent,
    actor: string,
    also?: AlsoWrite,
  ): Promise<TaskMove> {
    return deps.store.transaction(async (records) => {
      const before = await records.tasks.get(id);
      if (!before) return { kind: 'refused', reason: `there is no ${id}` };
      const now = deps.clock.now();
      const move = moveTask(before, event, now);
      if (move.kind === 'refused') return move;
      if (!(await records.tasks.update(move.task))) throw new FasterWriter();
      const audit = also ? await also(records, before, move.task) : [];
      if (audit === 'abandon') throw new Abandoned();
      if (QUIET.has(event.kind)) return move;
      const conversation = await conversationOf(records, move.task);
      // Before its first attempt a task can neither have asked nor spent anything.
      const footnote =
        isLive(move.task) && before.attempt > 0 ? await taskFootnote(records, id, deps.caps()) : null;
      await records.outbox.add(taskCardEntry(move.task, conversation, deps.newId(), now, footnote), now);
      const voided = isLive(move.task) ? [] : await tellEnd(records, move.task, conversation, deps, now);
      for (const entry of [...audit, ...voided, moved(move.task, event, actor)])
        await records.audit.append(entry, now);
      return move;
    });
  }

  function announce(task: Task): void {
    for (const listener of listeners) listener(task);
  }

  return {
    async change(id, event, actor, also) {
      try {
        const move = await againWhenOvertaken(() => changeOnce(id, event, actor, also));
        if (move.kind === 'moved') announce(move.task);
        return move;
      } catch (error) {
        if (error instanceof Abandoned) return { kind: 'refused', reason: ABANDONED };
        throw error;
      }
    },
    async changeFresh(before, event, actor) {
      const conversation = known.get(before.conversationId);
      const now = deps.clock.now();
      const move = moveTask(before, event, now);
      if (!conversation || move.kind === 'refused' || before.attempt > 0 || !isLive(move.task)) return null;
      const card = taskCardEntry(move.task, conversation, deps.newId(), now);
      if (!(await deps.store.tasks.move(move.task, { card, event: moved(move.task, event, actor) }, now)))
        return null;
      announce(move.task);
      return move;
    },
    meet: (conversation) => void known.set(conversation.id, conversation),
    beside: (id, work) =>
      againWhenOvertaken(() =>
        deps.store.transaction(async (records) => {
          const task = await records.tasks.get(id);
          if (task && !(await records.tasks.update({ ...task, version: task.version + 1 })))
            throw new FasterWriter();
          return work(records, task);
        }),
      ),
    onChanged(listener) {
      listeners.push(listener);
    },
  };
}

/** The audit entry of a move. */
function moved({ id, state, attempt }: Task, event: TaskEvent, actor: string): AuditEvent {
  return { event: `task-${event.kind}`, actor, subject: id, detail: { state, attempt } };
}

async function againWhenOvertaken<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof FasterWriter) || tries >= MAX_TRIES) throw error;
    }
  }
}

/** The result of a task that ended, and the end of what it still asked, with the audit entries of that. */
async function tellEnd(
  records: Records,
  task: Task,
  conversation: ConversationPlace,
  deps: TaskLedgerDeps,
  now: Date,
): Promise<AuditEvent[]> {
  const open = await records.approvals.pendingForTask(task.id);
  const ended = { because: 'its task ended', at: now };
  const voided = await voidApprovals(records, open, conversation, deps, ended);
  const ending = {
    steps: await records.steps.list(task.id),
    unknown: await records.permits.unknownUses(task.id),
  };
  await records.outbox.add(await taskResultEntry(records, task, conversation, ending, deps.newId()), now);
  await records.messages.append(taskResultEvent(task, ending, now));
  return voided;
}
