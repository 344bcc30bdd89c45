import type { AuditEvent, Clock, GatewayStore, Log, TaskId } from '@reeve/core';
import { failureFields } from '../refusal.ts';

/** Between two audited refusals of one task; what comes in between is counted. In milliseconds. */
const INTERVAL_MS = 1000;

/** Writes refusals into the audit chain, which a worker that asks in a loop must not flood. */
export interface RefusalLog {
  /**
   * Audits the first refusal of a task at once. Those that follow within a second are counted, and the count stands in
   * one entry (`refusals-counted`) when the second is over or the gateway stops. Rejects when the store does not answer.
   */
  refused(task: TaskId, event: Pick<AuditEvent, 'event' | 'detail'>): Promise<void>;
  /** Resolves when every count is written or in the log. */
  settled(): Promise<void>;
}

export function createRefusalLog(deps: {
  readonly store: Pick<GatewayStore, 'audit'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly stopping: AbortSignal;
}): RefusalLog {
  const { store, clock, log } = deps;
  /** How many more were refused since the entry that began the task's second. */
  const counted = new Map<TaskId, number>();
  const pending = new Set<Promise<void>>();

  async function closeSecond(task: TaskId): Promise<void> {
    try {
      await clock.sleep(INTERVAL_MS, deps.stopping);
    } catch (error) {
      // The gateway stops: what was counted is written now.
      if (!deps.stopping.aborted) throw error;
    }
    const count = counted.get(task) ?? 0;
    counted.delete(task);
    if (count === 0) return;
    const event = { event: 'refusals-counted', actor: 'gateway', subject: task, detail: { count } };
    await store.audit.append(event, clock.now());
  }

  function beginSecond(task: TaskId): void {
    counted.set(task, 0);
    const closing = closeSecond(task)
      .catch((error: unknown) =>
        log.error({ task, ...failureFields(error) }, 'refusals could not be counted in the audit chain'),
      )
      .finally(() => pending.delete(closing));
    pending.add(closing);
  }

  return {
    async refused(task, { event, detail }) {
      log.warn({ task, ...detail }, event);
      const count = counted.get(task);
      if (count !== undefined) {
        counted.set(task, count + 1);
        return;
      }
      beginSecond(task);
      await store.audit.append({ event, actor: 'gateway', subject: task, detail }, clock.now());
    },
    async settled() {
      while (pending.size > 0) await Promise.all(pending);
    },
  };
}
