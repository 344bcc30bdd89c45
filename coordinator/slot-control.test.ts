import type { ControlMessage, Store, Task } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import type { ExecutorPool, Slot } from './executor-pool.ts';
import { createSlotControl } from './slot-control.ts';
import { createKeptLog, createManualClock, sampleApproval, sampleTask, settled } from './testing/samples.ts';

function createScene(task: Partial<Task>, holdMs = () => 1000) {
  const clock = createManualClock();
  const sent: ControlMessage['kind'][] = [];
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let kills = 0;
  const slot = {
    id: 'e1',
    task: 'T-3',
    attempt: 1,
    ended,
    send: ({ kind }: ControlMessage) => sent.push(kind),
    kill: async () => {
      kills += 1;
      end();
    },
  } as unknown as Slot;
  const record = { task: sampleTask(task) };
  const control = createSlotControl({
    store: { tasks: { get: async () => record.task } } as unknown as Store,
    pool: { byTask: () => slot } as unknown as ExecutorPool,
    clock,
    holdMs,
    log: createKeptLog(),
  });
  return { control, clock, sent, end, record, kills: () => kills };
}

const WAITING = { state: 'waiting', waitingFor: 'approval' } as const;

describe('an executor that asked', () => {
  it('is held, then let go while its task still waits', async () => {
    const { control, clock, sent } = createScene(WAITING);
    control.asked(sampleApproval());
    await clock.advance(999);
    expect(sent).toEqual([]);
    await clock.advance(1);
    expect(sent).toEqual(['release']);
  });

  it('is let go sooner or later when the owner changes the time meanwhile', async () => {
    let holdMs = 60_000;
    const { control, clock, sent } = createScene(WAITING, () => holdMs);
    control.asked(sampleApproval());
    for (let second = 0; second < 10; second += 1) await clock.advance(1000);
    holdMs = 11_500;
    await clock.advance(1000);
    expect(sent).toEqual([]);
    await clock.advance(500);
    expect(sent).toEqual(['release']);
  });

  it('is told the decision and not let go any more, with no timer left behind', async () => {
    const { control, clock, sent } = createScene(WAITING);
    control.asked(sampleApproval());
    control.decided(sampleApproval({ state: 'approved' }));
    await settled();
    expect(clock.sleeping).toBe(0);
    await clock.advance(5000);
    expect(sent).toEqual(['decision']);
  });

  it('is not let go when the decision came before the hold began', async () => {
    const { control, clock, sent, record } = createScene(WAITING);
    control.decided(sampleApproval({ state: 'approved' }));
    record.task = sampleTask({ state: 'running' });
    control.asked(sampleApproval());
    await clock.advance(5000);
    expect(sent).toEqual(['decision']);
  });

  it('that ends by itself leaves no timer behind', async () => {
    const { control, clock, end, sent } = createScene({ ...WAITING, attempt: 2 });
    control.asked(sampleApproval());
    end();
    await settled();
    expect([clock.sleeping, sent]).toEqual([0, []]);
  });
});

describe('an executor whose task', () => {
  it('was cancelled is killed at once', async () => {
    const { control, sent, kills } = createScene({});
    control.taskChanged(sampleTask({ state: 'cancelled' }));
    await settled();
    expect([sent, kills()]).toEqual([['cancel'], 1]);
  });

  it('was paused gets time to save, then is killed', async () => {
    const { control, clock, sent, kills } = createScene({});
    control.taskChanged(sampleTask({ state: 'paused' }));
    await clock.advance(4999);
    expect([sent, kills()]).toEqual([['pause'], 0]);
    await clock.advance(1);
    expect([kills(), clock.sleeping]).toEqual([1, 0]);
  });
});
