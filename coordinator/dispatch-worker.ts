import type { Clock, Log, QueueWorker, TaskQueue } from '@reeve/core';
import type { JobRunner } from './job-runner.ts';

/** The coordinator's hands at the queue: as many jobs at a time as the owner wants tasks in parallel. */
export interface DispatchWorker {
  /** A queue that is away is asked again until the signal aborts; everything else goes on meanwhile. */
  start(abort: AbortSignal): void;
  /** Follows the owner's setting; at most one call at a time. */
  adjust(): Promise<void>;
  close(): Promise<void>;
}

const RETRY_MS = 1000;

export function createDispatchWorker(deps: {
  queue: TaskQueue;
  jobs: JobRunner;
  parallelTasks: () => number;
  clock: Clock;
  log: Log;
}): DispatchWorker {
  let worker: QueueWorker | null = null;
  let width = 0;
  let starting: Promise<void> = Promise.resolve();

  async function open(abort: AbortSignal): Promise<void> {
    while (!abort.aborted) {
      const concurrency = deps.parallelTasks();
      try {
        worker = await deps.queue.work((job) => deps.jobs.run(job), { concurrency });
        width = concurrency;
        return;
      } catch (error) {
        deps.log.warn({ err: error }, 'the queue is away; trying again');
        await deps.clock.sleep(RETRY_MS, abort).catch(() => undefined);
      }
    }
  }

  return {
    start(abort) {
      starting = open(abort);
    },
    async adjust() {
      const wanted = deps.parallelTasks();
      if (!worker || wanted === width) return;
      await worker.setConcurrency(wanted);
      width = wanted;
    },
    async close() {
      await starting;
      await worker?.close();
    },
  };
}
