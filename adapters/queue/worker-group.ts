import type { QueueWorker } from '@reeve/core';

/** The part of a worker that its group needs. */
export interface GroupedWorker {
  setConcurrency(concurrency: number): void;
}

/**
 * Several workers that together handle a changing number of jobs. A BullMQ worker whose hands are full looks at a
 * higher concurrency only when one of its jobs ends, and tasks take hours: so more hands are one more worker.
 */
export function createWorkerGroup<Worker extends GroupedWorker>(deps: {
  open: (concurrency: number) => Promise<Worker>;
  /** Resolves once the worker's running jobs have ended. */
  close: (worker: Worker) => Promise<void>;
  first: Worker;
  concurrency: number;
}): QueueWorker {
  const members = [{ worker: deps.first, width: deps.concurrency }];
  const leaving = new Set<Promise<void>>();

  function narrow(by: number): void {
    for (let left = by; left > 0; ) {
      const last = members.at(-1);
      if (!last) return;
      const taken = Math.min(left, last.width);
      left -= taken;
      last.width -= taken;
      if (last.width > 0) {
        last.worker.setConcurrency(last.width);
        continue;
      }
      members.pop();
      const gone = deps.close(last.worker).finally(() => leaving.delete(gone));
      leaving.add(gone);
    }
  }

  return {
    async setConcurrency(concurrency) {
      const more = concurrency - members.reduce((sum, { width }) => sum + width, 0);
      if (more > 0) members.push({ worker: await deps.open(more), width: more });
      else narrow(-more);
    },
    async close() {
      await Promise.all([...members.map(({ worker }) => deps.close(worker)), ...leaving]);
    },
  };
}
