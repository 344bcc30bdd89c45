import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLive, moveTask, POISON_AFTER_CRASHES, queueJobId, type Task, type TaskEvent } from './task.ts';
import { SAMPLE_LEVEL } from './testing/store-samples.ts';

const NOW = new Date('2026-11-20T10:00:00Z');
const LATER = new Date('2026-11-20T10:00:04Z');
const outcome = { kind: 'succeeded', summary: 'done', evidence: [3] } as const;

function queuedTask(patch: Partial<Task> = {}): Task {
  return {
    id: 'T-3',
    conversationId: 'c',
    turnId: 't',
    title: 'Make a CSV',
    goal: 'primes',
    origin: { kind: 'owner', person: 'owner' },
    capabilities: [],
    state: 'queued',
    waitingFor: null,
    attempt: 0,
    dispatch: 0,
    enqueued: false,
    crashes: 0,
    leaseUntil: null,
    sandbox: null,
    priority: 3,
    activity: '',
    steps: 0,
    outcome: null,
    createdAt: NOW,
    startedAt: null,
    endedAt: null,
    deadline: LATER,
    version: 1,
    ...patch,
  };
}

function after(task: Task, ...events: TaskEvent[]): Task {
  return events.reduce((current, event) => {
    const move = moveTask(current, event, NOW);
    if (move.kind === 'refused') throw new Error(move.reason);
    return move.task;
  }, task);
}

const attached: TaskEvent = { kind: 'attached', leaseUntil: LATER, sandbox: SAMPLE_LEVEL };
const asked: TaskEvent = { kind: 'asked', waitingFor: 'approval' };
const lost: TaskEvent = { kind: 'executor-lost', blamed: true };

describe('a task', () => {
  it('runs from the queue to its end', () => {
    const done = after(queuedTask(), { kind: 'enqueued' }, attached, { kind: 'finished', outcome });
    expect(done).toMatchObject({ state: 'succeeded', attempt: 1, outcome, leaseUntil: null, endedAt: NOW });
  });

  it('gets a new queue job id with each hand-over', () => {
    const first = after(queuedTask(), { kind: 'enqueued' });
    const second = after(first, { kind: 'dequeued' }, { kind: 'enqueued' });
    expect([queueJobId(first), queueJobId(second)]).toEqual(['T3-0-1', 'T3-0-2']);
  });

  it('goes on with the same executor when the answer comes in time', () => {
    const answered = after(queuedTask(), attached, asked, { kind: 'answered' });
    expect(answered).toMatchObject({ state: 'running', attempt: 1, waitingFor: null });
  });

  it('goes on with a new attempt when its executor was let go', () => {
    const answered = after(queuedTask(), attached, asked, { kind: 'released' }, { kind: 'answered' });
    expect(answered).toMatchObject({ state: 'queued', attempt: 1, leaseUntil: null });
    expect(after(answered, attached)).toMatchObject({ state: 'running', attempt: 2 });
  });

  it('is queued again when the answer comes in the moment its executor leaves', () => {
    expect(after(queuedTask(), attached, asked, { kind: 'answered' }, { kind: 'released' })).toMatchObject({
      state: 'queued',
    });
  });

  it('keeps its question when its executor is lost while it waits', () => {
    expect(after(queuedTask(), attached, asked, lost)).toMatchObject({
      state: 'waiting',
      waitingFor: 'approval',
      leaseUntil: null,
    });
  });

  it('is set aside after executors were lost too often in a row', () => {
    const tries = Array.from({ length: POISON_AFTER_CRASHES }, () => [attached, lost]).flat();
    expect(after(queuedTask(), ...tries)).toMatchObject({
      state: 'failed',
      outcome: { failure: 'task-poisoned' },
    });
  });

  it('is not blamed for its coordinator’s restarts', () => {
    const restarts = Array.from({ length: 10 }, () => [
      attached,
      { kind: 'executor-lost', blamed: false } as const,
    ]).flat();
    expect(after(queuedTask(), ...restarts)).toMatchObject({ state: 'queued', crashes: 0 });
  });
});

const anyEvent: fc.Arbitrary<TaskEvent> = fc.constantFrom<TaskEvent[]>(
  { kind: 'enqueued' },
  { kind: 'dequeued' },
  attached,
  asked,
  { kind: 'answered' },
  { kind: 'released' },
  lost,
  { kind: 'paused' },
  { kind: 'resumed' },
  { kind: 'finished', outcome },
  { kind: 'cancelled', outcome: { ...outcome, kind: 'cancelled' } },
  { kind: 'expired', outcome: { ...outcome, kind: 'expired' } },
  { kind: 'set-aside', outcome: { ...outcome, kind: 'failed' } },
);

describe('any sequence of events', () => {
  it('keeps the record consistent, and what is over stays over', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        let task = queuedTask();
        for (const event of events) {
          const move = moveTask(task, event, NOW);
          if (move.kind === 'refused') continue;
          expect(isLive(task)).toBe(true);
          expect(move.task.version).toBe(task.version + 1);
          expect(move.task.attempt).toBeGreaterThanOrEqual(task.attempt);
          expect(move.task.waitingFor !== null).toBe(move.task.state === 'waiting');
          expect(move.task.outcome !== null).toBe(!isLive(move.task));
          if (move.task.state === 'running') expect(move.task.leaseUntil).not.toBeNull();
          if (move.task.state === 'queued' || move.task.state === 'paused')
            expect(move.task.leaseUntil).toBeNull();
          task = move.task;
        }
      }),
    );
  });

  it('can always be ended by a cancel', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        let task = queuedTask();
        for (const event of events) {
          const move = moveTask(task, event, NOW);
          if (move.kind === 'moved') task = move.task;
        }
        const cancel = moveTask(task, { kind: 'cancelled', outcome: { ...outcome, kind: 'cancelled' } }, NOW);
        expect(cancel.kind === 'moved' || !isLive(task)).toBe(true);
      }),
    );
  });
});
