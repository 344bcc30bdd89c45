import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { formatTaskId } from '../ids.ts';
import type { TaskQueue } from '../ports.ts';
import type { DispatchJob } from '../queue.ts';

/** One queue for one test, and the end of what it needs. */
export interface TaskQueueFixture {
  readonly queue: TaskQueue;
  /** Called after `queue.close()`. */
  dispose(): Promise<void>;
}

/** What every `TaskQueue` promises. `create` makes an empty queue that shares nothing with an earlier one. */
export function taskQueueContract(name: string, create: () => Promise<TaskQueueFixture>): void {
  describe(`task queue contract: ${name}`, () => {
    const opened: TaskQueueFixture[] = [];
    const open = async (): Promise<TaskQueue> => {
      const fixture = await create();
      opened.push(fixture);
      return fixture.queue;
    };
    afterEach(async () => {
      for (const { queue, dispose } of opened.splice(0)) {
        await queue.close();
        await dispose();
      }
    });

    describe('delivery', () => deliveryContract(open));
    describe('limits and order', () => orderContract(open));
    describe('width', () => widthContract(open));
    describe('removal', () => removalContract(open));
    describe('ending', () => endingContract(open));
  });
}

function deliveryContract(open: () => Promise<TaskQueue>): void {
  it('hands a job to the handler exactly as it was added', async () => {
    const queue = await open();
    const seen = recorder();
    await queue.work(seen.handler, { concurrency: 1 });
    await queue.enqueue(job(142, { attempt: 3, dispatch: 7, priority: 2 }));
    await seen.count(1);
    expect(seen.jobs).toEqual([job(142, { attempt: 3, dispatch: 7, priority: 2 })]);
  });

  it('delivers jobs that were added before any worker', async () => {
    const queue = await open();
    await queue.enqueue(job(1));
    const seen = recorder();
    await queue.work(seen.handler, { concurrency: 1 });
    await seen.count(1);
  });

  it('ignores a second job with the same id, while it waits, runs, and after it ended', async () => {
    const queue = await open();
    await queue.enqueue(job(1));
    await queue.enqueue(job(1));
    expect((await queue.depth()).waiting).toBe(1);
    const gate = Promise.withResolvers<void>();
    const seen = recorder(() => gate.promise);
    await queue.work(seen.handler, { concurrency: 5 });
    await seen.count(1);
    await queue.enqueue(job(1));
    gate.resolve();
    await drained(queue);
    await queue.enqueue(job(1));
    await queue.enqueue(job(2));
    await seen.count(2);
    expect(seen.ids()).toEqual([job(1).id, job(2).id]);
  });

  it('runs a failing job once and goes on with the next', async () => {
    const queue = await open();
    const seen = recorder(async ({ taskId }) => {
      if (taskId === 'T-1') throw new Error('the handler broke');
    });
    await queue.work(seen.handler, { concurrency: 1 });
    await queue.enqueue(job(1));
    await queue.enqueue(job(2));
    await seen.count(2);
    await drained(queue);
    expect(seen.ids()).toEqual([job(1).id, job(2).id]);
  });

  it('gives each job to one of several workers', async () => {
    const queue = await open();
    const seen = recorder();
    await queue.work(seen.handler, { concurrency: 2 });
    await queue.work(seen.handler, { concurrency: 2 });
    const jobs = Array.from({ length: 60 }, (_, index) => job(index + 1));
    await Promise.all(jobs.map((each) => queue.enqueue(each)));
    await seen.count(60);
    await drained(queue);
    expect(seen.ids().sort()).toEqual(jobs.map(({ id }) => id).sort());
  });
}

function orderContract(open: () => Promise<TaskQueue>): void {
  it('starts the most urgent first, and equals in order of arrival', async () => {
    const queue = await open();
    const arrivals = [
      job(1, { priority: 5 }),
      job(2, { priority: 1 }),
      job(3, { priority: 3 }),
      job(4, { priority: 1 }),
    ];
    for (const each of arrivals) await queue.enqueue(each);
    const seen = recorder();
    await queue.work(seen.handler, { concurrency: 1 });
    await seen.count(4);
    expect(seen.jobs.map(({ taskId }) => taskId)).toEqual(['T-2', 'T-4', 'T-3', 'T-1']);
  });

  it('runs as many at once as it may, and no more', async () => {
    const queue = await open();
    const gate = Promise.withResolvers<void>();
    const seen = recorder(() => gate.promise);
    await queue.work(seen.handler, { concurrency: 3 });
    for (let number = 1; number <= 5; number += 1) await queue.enqueue(job(number));
    await seen.count(3);
    await sleep(100);
    expect(seen.jobs).toHaveLength(3);
    expect(await queue.depth()).toEqual({ waiting: 2, active: 3 });
    gate.resolve();
    await seen.count(5);
  });
}

function widthContract(open: () => Promise<TaskQueue>): void {
  it('handles more jobs at a time as soon as it is told to, though its hands are full', async () => {
    const queue = await open();
    const gate = Promise.withResolvers<void>();
    const seen = recorder(() => gate.promise);
    const worker = await queue.work(seen.handler, { concurrency: 1 });
    for (const number of [1, 2, 3, 4]) await queue.enqueue(job(number));
    await seen.count(1);
    await worker.setConcurrency(3);
    await seen.count(3);
    expect((await queue.depth()).waiting).toBe(1);
    gate.resolve();
    await seen.count(4);
  });

  it('handles fewer at a time once enough of the running ones have ended', async () => {
    const queue = await open();
    const gates = [1, 2, 3, 4, 5, 6].map(() => Promise.withResolvers<void>());
    let begun = 0;
    let running = 0;
    let most = 0;
    const worker = await queue.work(
      async () => {
        const gate = gates[begun];
        begun += 1;
        running += 1;
        if (begun > 3) most = Math.max(most, running);
        await gate?.promise;
        running -= 1;
      },
      { concurrency: 3 },
    );
    for (const number of [1, 2, 3, 4, 5, 6]) await queue.enqueue(job(number));
    await expect.poll(() => begun).toBe(3);
    await worker.setConcurrency(1);
    for (const gate of gates) gate.resolve();
    await drained(queue);
    expect({ begun, most }).toEqual({ begun: 6, most: 1 });
  });
}

function removalContract(open: () => Promise<TaskQueue>): void {
  it('never starts a job that was removed while it waited', async () => {
    const queue = await open();
    await queue.enqueue(job(1));
    await queue.enqueue(job(2));
    await queue.remove(job(1).id);
    const seen = recorder();
    await queue.work(seen.handler, { concurrency: 1 });
    await seen.count(1);
    await drained(queue);
    expect(seen.ids()).toEqual([job(2).id]);
  });

  it('leaves a running job alone, and does not mind an absent one', async () => {
    const queue = await open();
    const gate = Promise.withResolvers<void>();
    const seen = recorder(() => gate.promise);
    await queue.work(seen.handler, { concurrency: 1 });
    await queue.enqueue(job(1));
    await seen.count(1);
    await queue.remove(job(1).id);
    await queue.remove('T999-1-1');
    expect((await queue.depth()).active).toBe(1);
    gate.resolve();
    await drained(queue);
  });

  it('forgets everything on flush and takes the same ids again', async () => {
    const queue = await open();
    for (let number = 1; number <= 3; number += 1) await queue.enqueue(job(number));
    await queue.flush();
    expect(await queue.depth()).toEqual({ waiting: 0, active: 0 });
    await queue.enqueue(job(2));
    const seen = recorder();
    await queue.work(seen.handler, { concurrency: 1 });
    await seen.count(1);
    expect(seen.ids()).toEqual([job(2).id]);
  });

  it('survives a flush under running handlers: they end, and new jobs start', async () => {
    const queue = await open();
    const gate = Promise.withResolvers<void>();
    const seen = recorder(({ taskId }) => (taskId === 'T-1' ? gate.promise : Promise.resolve()));
    await queue.work(seen.handler, { concurrency: 2 });
    await queue.enqueue(job(1));
    await seen.count(1);
    await queue.flush();
    await queue.enqueue(job(2));
    await seen.count(2);
    gate.resolve();
    await queue.enqueue(job(3));
    await seen.count(3);
  });
}

function endingContract(open: () => Promise<TaskQueue>): void {
  it('closes a worker after its running handler, and starts nothing more', async () => {
    const queue = await open();
    const gate = Promise.withResolvers<void>();
    const seen = recorder(() => gate.promise);
    const worker = await queue.work(seen.handler, { concurrency: 1 });
    await queue.enqueue(job(1));
    await seen.count(1);
    let closed = false;
    const closing = worker.close().then(() => {
      closed = true;
    });
    await queue.enqueue(job(2));
    await sleep(50);
    expect(closed).toBe(false);
    gate.resolve();
    await closing;
    expect(seen.ids()).toEqual([job(1).id]);
    expect(await queue.depth()).toEqual({ waiting: 1, active: 0 });
  });

  it('tells running handlers to stop when the queue closes', async () => {
    const queue = await open();
    const stopped = Promise.withResolvers<void>();
    const seen = recorder(async (_job, signal) => {
      signal.addEventListener('abort', () => stopped.resolve());
      await stopped.promise;
    });
    await queue.work(seen.handler, { concurrency: 1 });
    await queue.enqueue(job(1));
    await seen.count(1);
    await queue.close();
    await stopped.promise;
  });
}

type Handler = (job: DispatchJob, signal: AbortSignal) => Promise<void>;

interface Recorder {
  readonly jobs: readonly DispatchJob[];
  readonly handler: Handler;
  ids(): string[];
  /** Resolves when this many handlers have begun. */
  count(jobs: number): Promise<void>;
}

function recorder(work: Handler = () => Promise.resolve()): Recorder {
  const jobs: DispatchJob[] = [];
  return {
    jobs,
    handler(started, signal) {
      jobs.push(started);
      return work(started, signal);
    },
    ids: () => jobs.map(({ id }) => id),
    count: (expected) => until(() => jobs.length >= expected, `${expected} jobs to start`),
  };
}

function drained(queue: TaskQueue): Promise<void> {
  return until(async () => {
    const { waiting, active } = await queue.depth();
    return waiting + active === 0;
  }, 'the queue to drain');
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(5);
  }
}

function job(taskNumber: number, more: Partial<Omit<DispatchJob, 'id' | 'taskId'>> = {}): DispatchJob {
  const { attempt = 1, dispatch = 1, priority = 3 } = more;
  return {
    id: `T${taskNumber}-${attempt}-${dispatch}`,
    taskId: formatTaskId(taskNumber),
    attempt,
    dispatch,
    priority,
  };
}
