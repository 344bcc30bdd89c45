import {
  type BudgetPlan,
  type Clock,
  canonicalJson,
  isLive,
  type Log,
  type Store,
  type TaskId,
} from '@reeve/core';
import { taskCardEntry } from './task-card.ts';
import { taskFootnote } from './task-footnote.ts';
import { createSignal } from './wake-signal.ts';

export interface TaskCards {
  /** Says that a task's card may have changed; returns at once. */
  touch(id: TaskId): void;
  /** Writes changed cards until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

const IDLE_MS = 60_000;

/**
 * Keeps the cards of running tasks current without writing one for every step: touched tasks are looked at together,
 * each no faster than the interval, and a card that reads the same is not sent again.
 */
export function createTaskCards(deps: {
  store: Store;
  clock: Clock;
  newId: () => string;
  intervalMs: number;
  /** Caps of the settings. */
  caps: () => BudgetPlan['caps'];
  log: Log;
  onWritten: () => void;
}): TaskCards {
  const { store, clock } = deps;
  const touched = new Set<TaskId>();
  const last = new Map<TaskId, string>();
  const signal = createSignal();

  async function write(id: TaskId): Promise<void> {
    const task = await store.tasks.get(id);
    if (!task || !isLive(task)) {
      last.delete(id);
      return;
    }
    const look = canonicalJson([task.state, task.waitingFor, task.activity, task.steps]);
    if (last.get(id) === look) return;
    last.set(id, look);
    const conversation = await store.conversations.get(task.conversationId);
    if (!conversation) return;
    const now = clock.now();
    await store.transaction(async (records) => {
      const current = await records.tasks.get(id);
      if (current && isLive(current))
        await records.outbox.add(
          taskCardEntry(
            current,
            conversation,
            deps.newId(),
            now,
            await taskFootnote(records, id, deps.caps()),
          ),
          now,
        );
    });
    deps.onWritten();
  }

  return {
    touch(id) {
      touched.add(id);
      signal.raise();
    },
    async run(abort) {
      while (!abort.aborted) {
        await signal.wait(clock, IDLE_MS, abort);
        const batch = [...touched];
        touched.clear();
        for (const id of batch) {
          await write(id).catch((error: unknown) =>
            deps.log.warn(
              { err: error, task: id },
              'a task card could not be written; the next change writes it',
            ),
          );
        }
        if (!abort.aborted) await clock.sleep(deps.intervalMs, abort).catch(() => undefined);
      }
    },
  };
}
