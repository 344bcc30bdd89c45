import { expect, it } from 'vitest';
import { formatTaskId } from '../ids.ts';
import { CoordinatorFenced } from '../store.ts';
import { moveTask, type TaskEvent } from '../task.ts';
import type { OpenStore } from './store-fixture.ts';
import {
  countOf,
  later,
  move,
  NO_TASK,
  parallel,
  runningTask,
  SAMPLE_LEVEL,
  SAMPLE_TIME,
  sampleConversation,
  sampleNewTask,
  sampleOutbox,
  sampleStep,
  sampleTask,
} from './store-samples.ts';

const DONE = { kind: 'succeeded', summary: 'The sum is 639.', evidence: [1, 2] } as const;

/** Tasks, their inputs, steps and snapshots. */
export function tasksContract(open: OpenStore): void {
  it('creates a task with its number in its capabilities, and reads it back as it was', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    const task = await store.tasks.create(sampleNewTask(conversation));
    const { capabilities: _made, ...given } = sampleNewTask(conversation);
    expect(task).toEqual({
      ...given,
      id: 'T-1',
      capabilities: ['file:drive/T-1/**:create,read'],
      state: 'queued',
      waitingFor: null,
      attempt: 0,
      dispatch: 1,
      enqueued: true,
      crashes: 0,
      leaseUntil: null,
      activity: '',
      steps: 0,
      outcome: null,
      startedAt: null,
      endedAt: null,
      sandbox: null,
      version: task.version,
    });
    expect(await store.tasks.get(task.id)).toEqual(task);
    expect(await store.tasks.get(NO_TASK)).toBeNull();
  });

  it('never gives two tasks one number', async () => {
    const { store } = await open();
    const conversation = await sampleConversation(store);
    const tasks = await parallel(20, () =>
      store.transaction((records) => records.tasks.create(sampleNewTask(conversation))),
    );
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(20);
  });

  it('goes on counting after the last task when a coordinator takes over', async () => {
    const { store, rival } = await open();
    const first = await sampleTask(store);
    const abandoned = store.transaction(async (records) => {
      for (let count = 0; count < 5; count += 1) await sampleTask(records);
      throw new Error('no');
    });
    await expect(abandoned).rejects.toThrow('no');
    await rival.takeOver('second', SAMPLE_TIME);
    expect([first.id, (await sampleTask(rival)).id]).toEqual(['T-1', 'T-2']);
  });

  it('writes every field of a moved task', async () => {
    const { store } = await open();
    let task = await sampleTask(store);
    const events: TaskEvent[] = [
      { kind: 'dequeued' },
      { kind: 'enqueued' },
      { kind: 'attached', leaseUntil: later(4000), sandbox: SAMPLE_LEVEL },
      { kind: 'asked', waitingFor: 'approval' },
      { kind: 'answered' },
      { kind: 'finished', outcome: { ...DONE, failure: 'task-deadline' } },
    ];
    for (const event of events) {
      task = await move(store, task, event);
      expect(await store.tasks.get(task.id)).toEqual(task);
    }
  });

  it('lets one of 20 parallel updates of one version win', async () => {
    const { store } = await open();
    const task = await sampleTask(store);
    const wins = await parallel(20, (index) => {
      const moved = moveTask(
        task,
        { kind: 'attached', leaseUntil: later(index), sandbox: SAMPLE_LEVEL },
        SAMPLE_TIME,
      );
      if (moved.kind === 'refused') throw new Error(moved.reason);
      return store.transaction((records) => records.tasks.update(moved.task));
    });
    expect(countOf(wins, true)).toBe(1);
    expect(await store.tasks.get(task.id)).toMatchObject({ attempt: 1, version: task.version + 1 });
    expect(await store.tasks.update({ ...task, version: task.version + 5 })).toBe(false);
    expect(await store.tasks.update({ ...task, id: NO_TASK, version: task.version + 1 })).toBe(false);
  });

  it('moves a task with its card and its audit entry, or writes nothing', async () => {
    const { store, rival } = await open();
    const before = await sampleTask(store);
    const conversation = await sampleConversation(store);
    const step = { kind: 'attached', leaseUntil: later(4000), sandbox: SAMPLE_LEVEL } as const;
    const next = moveTask(before, step, SAMPLE_TIME);
    if (next.kind === 'refused') throw new Error(next.reason);
    const card = sampleOutbox(conversation, 'card', { urgency: 'progress', cardKey: 'task:T-1' });
    const event = { event: 'task-attached', actor: 'executor:T-1', subject: 'T-1', detail: {} };
    const wins = await parallel(5, () => store.tasks.move(next.task, { card, event }, SAMPLE_TIME));
    expect(countOf(wins, true)).toBe(1);
    expect(await store.tasks.get(before.id)).toEqual(next.task);
    expect(await store.outbox.due(SAMPLE_TIME, 10)).toMatchObject([
      { entry: { id: 'card', content: card.content, about: card.about, urgency: 'progress' } },
    ]);
    expect(await store.audit.about('T-1', 10)).toMatchObject([{ subject: 'T-1' }]);

    await store.takeOver('first', SAMPLE_TIME);
    await rival.takeOver('second', SAMPLE_TIME);
    const again = { ...next.task, version: next.task.version + 1 };
    await expect(store.tasks.move(again, { card, event }, SAMPLE_TIME)).rejects.toThrow(CoordinatorFenced);
    expect(await store.tasks.get(before.id)).toEqual(next.task);
    expect((await store.audit.head()).sequence).toBe(1);
  });

  it('does not let a move undo what steps and renewals wrote after it was decided', async () => {
    const { store } = await open();
    const read = await runningTask(store);
    await store.steps.append(read.id, sampleStep(1), 'counting');
    expect(await store.tasks.renewLease(read.id, 1, later(90_000))).toBe(true);
    await move(store, read, { kind: 'asked', waitingFor: 'approval' });
    expect(await store.tasks.get(read.id)).toMatchObject({
      state: 'waiting',
      steps: 1,
      activity: 'counting',
      leaseUntil: later(90_000),
    });
    expect(await store.steps.append(read.id, sampleStep(2), null)).toBe('appended');
  });

  it('lists newest first, by state and conversation, and the live ones oldest first', async () => {
    const { store } = await open();
    const other = await sampleConversation(store, 'other');
    const first = await runningTask(store);
    await sampleTask(store);
    await store.tasks.create(sampleNewTask(other));
    await move(store, first, { kind: 'finished', outcome: DONE });
    const ids = async (filter: Parameters<typeof store.tasks.list>[0]) =>
      (await store.tasks.list(filter)).map(({ id }) => id);
    expect(await ids({ limit: 10 })).toEqual(['T-3', 'T-2', 'T-1']);
    expect(await ids({ limit: 2 })).toEqual(['T-3', 'T-2']);
    expect(await ids({ limit: 10, states: ['succeeded', 'failed'] })).toEqual(['T-1']);
    expect(await ids({ limit: 10, conversationId: other.id, states: ['queued'] })).toEqual(['T-3']);
    expect((await store.tasks.live()).map(({ id }) => id)).toEqual(['T-2', 'T-3']);
  });

  it('renews the lease of the attempt that holds the task, and of no other', async () => {
    const { store, gateway } = await open();
    const queued = await sampleTask(store);
    expect(await store.tasks.renewLease(queued.id, 0, later(9))).toBe(false);
    const running = await move(store, queued, {
      kind: 'attached',
      leaseUntil: later(10),
      sandbox: SAMPLE_LEVEL,
    });
    expect(await store.tasks.renewLease(running.id, 2, later(20))).toBe(false);
    expect(await store.tasks.renewLease(running.id, 1, later(20))).toBe(true);
    expect((await store.tasks.get(running.id))?.leaseUntil).toEqual(later(20));
    expect(await gateway.isCurrentAttempt(running.id, 1)).toBe(true);
    expect(await gateway.isCurrentAttempt(running.id, 2)).toBe(false);
    const lost = await move(store, running, { kind: 'executor-lost', blamed: true });
    expect(await store.tasks.renewLease(lost.id, 1, later(30))).toBe(false);
    expect(await gateway.isCurrentAttempt(lost.id, 1)).toBe(false);
    expect(await gateway.isCurrentAttempt(NO_TASK, 1)).toBe(false);
  });

  it('keeps a waiting task with an executor in the hands of its attempt', async () => {
    const { store, gateway } = await open();
    const waiting = await move(store, await runningTask(store), { kind: 'asked', waitingFor: 'approval' });
    expect(await store.tasks.renewLease(waiting.id, 1, later(70_000))).toBe(true);
    expect(await gateway.isCurrentAttempt(waiting.id, 1)).toBe(true);
    expect(await store.steps.append(waiting.id, sampleStep(1), null)).toBe('appended');
    const released = await move(store, waiting, { kind: 'released' });
    expect(await store.steps.append(released.id, sampleStep(2), null)).toBe('stale');
  });

  it('hands out inputs in order until a note step takes them up', async () => {
    const { store } = await open();
    const task = await runningTask(store);
    const input = (id: string) =>
      ({ id, text: `do ${id}`, origin: { kind: 'owner', person: 'Ada' } }) as const;
    await store.tasks.addInput(task.id, input('b'), SAMPLE_TIME);
    await store.tasks.addInput(task.id, input('a'), SAMPLE_TIME);
    expect(await store.tasks.pendingInputs(task.id)).toEqual([input('b'), input('a')]);
    const { text, origin } = input('b');
    const note = { ...sampleStep(1), body: { kind: 'note', text, origin, input: 'b' } } as const;
    await store.steps.append(task.id, note, null);
    expect(await store.tasks.pendingInputs(task.id)).toEqual([input('a')]);
  });

  stepsContract(open);
}

function stepsContract(open: OpenStore): void {
  it('appends steps in order, with count, activity and a forgiven crash', async () => {
    const { store } = await open();
    const lost = await move(store, await runningTask(store), { kind: 'executor-lost', blamed: true });
    expect(lost.crashes).toBe(1);
    const task = await move(store, lost, {
      kind: 'attached',
      leaseUntil: later(60_000),
      sandbox: SAMPLE_LEVEL,
    });
    expect(await store.steps.append(task.id, sampleStep(1, 2), 'reading')).toBe('appended');
    expect(await store.steps.append(task.id, sampleStep(2, 2), null)).toBe('appended');
    expect(await store.steps.list(task.id)).toEqual([sampleStep(1, 2), sampleStep(2, 2)]);
    const stored = await store.tasks.get(task.id);
    expect(stored).toMatchObject({ steps: 2, activity: 'reading', crashes: 0, version: task.version });
    expect(await store.steps.list(NO_TASK)).toEqual([]);
  });

  it('answers a repeated step, and takes neither a gap nor other content under its number', async () => {
    const { store } = await open();
    const { id } = await runningTask(store);
    await store.steps.append(id, sampleStep(1), null);
    await store.steps.append(id, sampleStep(2), null);
    expect(await store.steps.append(id, { ...sampleStep(1), at: later(99).toISOString() }, 'x')).toBe(
      'repeated',
    );
    expect(await store.steps.append(id, sampleStep(2), null)).toBe('repeated');
    expect(await store.steps.append(id, sampleStep(4), null)).toBe('out-of-order');
    expect(await store.steps.append(id, sampleStep(2, 1, 'other'), null)).toBe('out-of-order');
    expect(await store.steps.list(id)).toEqual([sampleStep(1), sampleStep(2)]);
    expect((await store.tasks.get(id))?.activity).toBe('');
  });

  it('refuses what an older attempt, a later one or nobody writes', async () => {
    const { store } = await open();
    const first = await runningTask(store);
    await store.steps.append(first.id, sampleStep(1), null);
    const lost = await move(store, first, { kind: 'executor-lost', blamed: true });
    expect(await store.steps.append(first.id, sampleStep(2), null)).toBe('stale');
    const second = await move(store, lost, {
      kind: 'attached',
      leaseUntil: later(60_000),
      sandbox: SAMPLE_LEVEL,
    });
    expect(await store.steps.append(first.id, sampleStep(2), null)).toBe('stale');
    expect(await store.steps.append(first.id, sampleStep(1), null)).toBe('stale');
    expect(await store.steps.append(first.id, sampleStep(2, 3), null)).toBe('stale');
    expect(await store.steps.append(first.id, sampleStep(2, 2), null)).toBe('appended');
    await move(store, second, { kind: 'finished', outcome: DONE });
    expect(await store.steps.append(first.id, sampleStep(3, 2), null)).toBe('stale');
    expect(await store.steps.append(NO_TASK, sampleStep(1), null)).toBe('stale');
  });

  it('appends one of 20 parallel copies of a step, and calls the others repeated', async () => {
    const { store } = await open();
    const { id } = await runningTask(store);
    const outcomes = await parallel(20, () => store.steps.append(id, sampleStep(1), null));
    expect(countOf(outcomes, 'appended')).toBe(1);
    expect(countOf(outcomes, 'repeated')).toBe(19);
  });

  it('stores what tools print, binary and all', async () => {
    const { store } = await open();
    const { id } = await runningTask(store);
    const step = sampleStep(1, 1, 'nul \0, escape \u001b[31m, lone \ud800, 💾, "quotes" \\ and\nlines');
    expect(await store.steps.append(id, step, 'printing \0')).toBe('appended');
    expect(await store.steps.append(id, step, null)).toBe('repeated');
    expect(await store.steps.list(id)).toEqual([step]);
  });

  it('knows the newest snapshot and forgets older ones by name', async () => {
    const { store } = await open();
    const { id } = await runningTask(store);
    expect(await store.steps.newestSnapshot(id)).toBeNull();
    for (const seq of [2, 9, 5])
      await store.steps.recordSnapshot(id, seq, `scratch/T-1/${seq}.tar`, SAMPLE_TIME);
    await store.steps.recordSnapshot(id, 9, 'scratch/T-1/9b.tar', SAMPLE_TIME);
    const newest = { seq: 9, key: 'scratch/T-1/9b.tar' };
    expect(await store.steps.newestSnapshot(id)).toEqual(newest);
    const forgotten = await store.steps.pruneSnapshots(id, 'newest');
    expect(forgotten.sort()).toEqual(['scratch/T-1/2.tar', 'scratch/T-1/5.tar']);
    expect(await store.steps.newestSnapshot(id)).toEqual(newest);
    expect(await store.steps.pruneSnapshots(id, 'none')).toEqual([newest.key]);
    expect(await store.steps.newestSnapshot(id)).toBeNull();
    expect(await store.steps.pruneSnapshots(formatTaskId(77), 'none')).toEqual([]);
  });

  it('keeps what a task has read beside its moves, and never less', async () => {
    const { store } = await open();
    const [task, other] = [await sampleTask(store), await sampleTask(store)];
    expect(await store.tasks.seen(task.id)).toEqual({ untrusted: false, private: false });
    await store.tasks.noteSeen(task.id, { untrusted: false, private: true });
    await store.tasks.noteSeen(task.id, { untrusted: false, private: false });
    expect(await store.tasks.seen(task.id)).toEqual({ untrusted: false, private: true });
    expect(await store.tasks.update({ ...task, version: task.version + 1 })).toBe(true);
    await store.tasks.noteSeen(task.id, { untrusted: true, private: false });
    expect(await store.tasks.seen(task.id)).toEqual({ untrusted: true, private: true });
    expect(await store.tasks.seen(other.id)).toEqual({ untrusted: false, private: false });
    await expect(store.tasks.seen(NO_TASK)).rejects.toThrow();
  });
}
