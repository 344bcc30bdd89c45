import type { DispatchJob, Log, TaskQueue } from '@reeve/core';
import { connectQueue, type DispatchWorker, type QueueBackend, type QueueConnection } from './backend.ts';
import { callQueue } from './queue-error.ts';
import { createWorkerGroup, type GroupedWorker } from './worker-group.ts';

export interface TaskQueueOptions {
  readonly backend: QueueBackend;
  /** Separates queues on one backend. */
  readonly name: string;
  readonly log: Log;
  /** How long a call may wait for the backend, in milliseconds (5,000 unless told). */
  readonly callMs?: number;
}

type Handler = (job: DispatchJob, signal: AbortSignal) => Promise<void>;

/** Enough that a job added twice in quick succession is recognised after it has ended, and no more. */
const KEPT_JOBS = 500;
/** BullMQ's default of 15 s would leave tasks waiting long after the backend is back. */
const RETRY_MS = 1_000;
const DEFAULT_CALL_MS = 5_000;

/**
 * The dispatch queue on BullMQ. Every job is tried once: retries and recovery belong to the task's lease in
 * Postgres, and a job that BullMQ redelivers after a crash (30 to 60 s later) is fenced there. Calls reject with
 * `QueueUnavailableError` while the backend is away. Throws when the backend cannot be reached at the start.
 */
export async function createTaskQueue({
  backend,
  name,
  log,
  callMs = DEFAULT_CALL_MS,
}: TaskQueueOptions): Promise<TaskQueue> {
  const connection = await callQueue('connect', callMs, () => connectQueue(backend, name, log));
  const { queue } = connection;
  const workers = new Set<RunningWorker>();
  queue.on('error', (error) => log.debug({ error: error.message }, 'queue error'));
  try {
    await callQueue('connect', callMs, () => queue.waitUntilReady());
  } catch (error) {
    await connection.close();
    throw error;
  }

  return {
    kind: backend.kind,
    async enqueue(job) {
      await callQueue('add a job', callMs, () =>
        queue.add('dispatch', job, {
          jobId: job.id,
          priority: job.priority,
          attempts: 1,
          removeOnComplete: { count: KEPT_JOBS },
          removeOnFail: { count: KEPT_JOBS },
        }),
      );
    },
    async work(handler, { concurrency }) {
      const open = async (width: number): Promise<RunningWorker> => {
        const worker = startWorker({ connection, handler, concurrency: width, log });
        workers.add(worker);
        try {
          await callQueue('start a worker', callMs, () => worker.ready());
        } catch (error) {
          workers.delete(worker);
          worker.abandon();
          throw error;
        }
        return worker;
      };
      const close = async (worker: RunningWorker): Promise<void> => {
        await worker.close();
        workers.delete(worker);
      };
      return createWorkerGroup({ open, close, first: await open(concurrency), concurrency });
    },
    async depth() {
      const counts = await callQueue('count jobs', callMs, () =>
        queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active'),
      );
      const { waiting = 0, prioritized = 0, delayed = 0, active = 0 } = counts;
      return { waiting: waiting + prioritized + delayed, active };
    },
    async remove(jobId) {
      // BullMQ answers 0 for a job that a worker holds, which is what this port promises.
      await callQueue('remove a job', callMs, () => queue.remove(jobId));
    },
    async flush() {
      await callQueue('flush', callMs, async () => {
        await queue.obliterate({ force: true });
        await queue.resume();
      });
    },
    async close() {
      for (const worker of workers) worker.abort();
      await Promise.all([...workers].map((worker) => worker.close()));
      await callQueue('close', callMs, () => queue.close()).catch((error: unknown) =>
        log.warn({ error }, 'the queue did not close cleanly'),
      );
      await connection.close();
    },
  };
}

interface RunningWorker extends GroupedWorker {
  /** Stops taking jobs; resolves once the running handlers have ended. */
  close(): Promise<void>;
  ready(): Promise<void>;
  /** Tells running handlers to stop. */
  abort(): void;
  /** Gives the worker up without waiting for it. */
  abandon(): void;
}

function startWorker(deps: {
  readonly connection: QueueConnection;
  readonly handler: Handler;
  readonly concurrency: number;
  readonly log: Log;
}): RunningWorker {
  const { handler, log } = deps;
  const stopping = new AbortController();
  const worker: DispatchWorker = deps.connection.openWorker(
    ({ data }, _token, lost) =>
      handler(data, lost === undefined ? stopping.signal : AbortSignal.any([lost, stopping.signal])),
    { concurrency: deps.concurrency, runRetryDelay: RETRY_MS },
  );
  worker.on('error', (error) => log.debug({ error: error.message }, 'queue worker error'));
  worker.on('failed', (job, error) => log.error({ jobId: job?.id, error }, 'a dispatch handler failed'));
  // Without its lock another worker may be given the job.
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const jobId of jobIds) worker.cancelJob(jobId, 'the queue gave the job away');
  });
  const close = async (force: boolean): Promise<void> => {
    try {
      await worker.close(force);
    } catch (error) {
      log.warn({ error }, 'a queue worker did not close cleanly');
    }
  };
  return {
    ready: async () => {
      await worker.waitUntilReady();
    },
    setConcurrency(wanted) {
      worker.concurrency = wanted;
    },
    abort: () => stopping.abort(new Error('the queue is closing')),
    abandon: () => void close(true),
    close: () => close(false),
  };
}
