import { BEAT_INTERVAL_MS, type ExecutorEnd, type Launcher, LEASE_MS, type TaskId } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { createExecutorPool } from './executor-pool.ts';
import { createKeptLog, createManualClock, settled } from './testing/samples.ts';

interface Fake {
  readonly ticket: string;
  readonly end: (end: ExecutorEnd) => void;
  isAlive: boolean;
}

const job = (task: TaskId) => ({ id: `${task}-0-1`, taskId: task });

function createPool(options: { warm?: number; atMost?: number; launch?: () => Promise<void> } = {}) {
  const clock = createManualClock();
  const log = createKeptLog();
  const executors: Fake[] = [];
  let launches = 0;
  const launcher: Pick<Launcher, 'launch'> = {
    async launch({ ticket }) {
      launches += 1;
      await options.launch?.();
      const { promise: ended, resolve } = Promise.withResolvers<ExecutorEnd>();
      const fake: Fake = {
        ticket,
        isAlive: true,
        end(end) {
          fake.isAlive = false;
          resolve(end);
        },
      };
      executors.push(fake);
      const kill = async () => fake.end({ kind: 'killed', signal: 'SIGKILL' });
      return { id: `e${executors.length}`, ended, kill, logs: () => 'last words' };
    },
  };
  let tickets = 0;
  const pool = createExecutorPool({
    launcher: launcher as Launcher,
    clock,
    log,
    newTicket: () => `ticket-${++tickets}`,
    limits: { memoryBytes: 1, scratchBytes: 1, processes: 1, cpuPercent: 1 },
    warm: options.warm ?? 0,
    atMost: () => options.atMost ?? 5,
  });
  const living = () => executors.filter(({ isAlive }) => isAlive).length;
  return { pool, clock, log, executors, living, launches: () => launches };
}

describe('the executor pool', () => {
  it('gives out a warm executor first and replaces it', async () => {
    const { pool, executors } = createPool({ warm: 1 });
    pool.warmUp();
    pool.warmUp();
    await settled();
    expect(executors).toHaveLength(1);
    expect(pool.acquire('T-1').id).toBe('e1');
    pool.warmUp();
    await settled();
    expect(executors).toHaveLength(2);
  });

  it('gives out no warm executor that has ended', async () => {
    const { pool, executors, log } = createPool({ warm: 1 });
    pool.warmUp();
    await settled();
    executors[0]?.end({ kind: 'exited', code: 1 });
    await settled();
    const slot = pool.acquire('T-1');
    await settled();
    expect(slot.id).toBe('e2');
    expect(log.lines).toContain('an executor ended before it had a task');
  });

  it('knows a ticket until it is redeemed or its executor has ended', async () => {
    const { pool, executors } = createPool();
    const slot = pool.acquire('T-1');
    expect([pool.byTicket('ticket-1') === slot, pool.byTicket('ticket-2')]).toEqual([true, null]);
    slot.begin(1);
    expect(pool.byTicket('ticket-1')).toBeNull();
    pool.acquire('T-2');
    await settled();
    executors[1]?.end({ kind: 'exited', code: 0 });
    await settled();
    expect(pool.byTicket('ticket-2')).toBeNull();
  });

  it('hands a task over now, later, or says that the time is up', async () => {
    const { pool, clock } = createPool();
    const slot = pool.acquire('T-3');
    const first = pool.waitForTask(slot, 1000);
    await clock.advance(1000);
    expect(await first).toBeNull();
    const second = pool.waitForTask(slot, 1000);
    slot.bind(job('T-3'));
    expect(await second).toBe('T-3');
    expect(await pool.waitForTask(slot, 1000)).toBe('T-3');
    expect([pool.byTask('T-3') === slot, pool.byTask('T-4'), clock.sleeping]).toEqual([true, null, 0]);
  });

  it('kills who is silent for longer than a lease, not who beats or waits unbound', async () => {
    const { pool, clock, executors } = createPool();
    const [silent, beating] = [pool.acquire('T-1'), pool.acquire('T-2')];
    pool.acquire('T-3');
    await settled();
    silent.begin(1);
    beating.begin(1);
    await clock.advance(LEASE_MS);
    beating.beat();
    await pool.tend();
    expect(executors.map(({ isAlive }) => isAlive)).toEqual([true, true, true]);
    await clock.advance(1);
    await pool.tend();
    expect(executors.map(({ isAlive }) => isAlive)).toEqual([false, true, true]);
  });

  it('has a lease renewed by every beat but one that comes right after it was given', async () => {
    const { pool, clock } = createPool();
    const slot = pool.acquire('T-1');
    slot.begin(1);
    await clock.advance(20);
    expect(slot.beat()).toBe(false);
    await clock.advance(BEAT_INTERVAL_MS);
    expect(slot.beat()).toBe(true);
  });

  it('kills who was given a task and never comes for it', async () => {
    const { pool, clock, executors } = createPool();
    pool.acquire('T-3').bind(job('T-3'));
    await clock.advance(30_000);
    await pool.tend();
    expect(executors[0]?.isAlive).toBe(true);
    await clock.advance(1);
    await pool.tend();
    expect(executors[0]?.isAlive).toBe(false);
  });

  it('says that an executor cannot be started, and forgets its ticket', async () => {
    const { pool } = createPool({ launch: () => Promise.reject(new Error('no sandbox')) });
    const slot = pool.acquire('T-1');
    await slot.ended;
    expect(slot.startError).toEqual(new Error('no sandbox'));
    expect(pool.byTicket('ticket-1')).toBeNull();
  });

  it('kills an executor whose start was under way when it closed', async () => {
    const gate = Promise.withResolvers<void>();
    const { pool, executors } = createPool({ launch: () => gate.promise });
    const starting = pool.acquire('T-1');
    await pool.close();
    gate.resolve();
    await starting.ended;
    expect(executors[0]?.isAlive).toBe(false);
  });

  it('keeps messages until the control stream opens, and again after it has closed', async () => {
    const { pool } = createPool();
    const slot = pool.acquire('T-1');
    const heard: string[] = [];
    slot.send({ kind: 'pause' });
    const close = slot.openControl(({ kind }) => heard.push(kind));
    slot.send({ kind: 'beat' });
    close();
    slot.send({ kind: 'cancel' });
    expect(heard).toEqual(['pause', 'beat']);
    slot.openControl(({ kind }) => heard.push(`again ${kind}`));
    expect(heard).toEqual(['pause', 'beat', 'again cancel']);
  });
});

describe('an executor that is going to be needed', () => {
  it('is started at once and given out while it still starts', async () => {
    const gate = Promise.withResolvers<void>();
    const { pool, launches } = createPool({ launch: () => gate.promise });
    pool.expect('T-1', 1);
    pool.expect('T-1', 1);
    expect(launches()).toBe(1);
    const slot = pool.acquire('T-1');
    slot.bind(job('T-1'));
    expect([launches(), pool.byTicket('ticket-1') === slot, slot.id]).toEqual([1, true, 'starting']);
    expect(await pool.waitForTask(slot, 1000)).toBe('T-1');
    gate.resolve();
    await settled();
    expect(slot.id).toBe('e1');
  });

  it('is the one that stands ready, or starts already', async () => {
    const { pool, launches } = createPool({ warm: 1 });
    pool.warmUp();
    pool.expect('T-1', 1);
    expect(launches()).toBe(1);
    pool.expect('T-2', 1);
    expect(launches()).toBe(2);
    pool.acquire('T-1');
    pool.acquire('T-2');
    pool.expect('T-3', 1);
    expect(launches()).toBe(3);
  });

  it('is not started beyond the owner’s limit', async () => {
    const { pool, launches } = createPool({ atMost: 2 });
    pool.acquire('T-1').bind(job('T-1'));
    for (const task of ['T-2', 'T-3', 'T-4'] as const) pool.expect(task, 1);
    expect(launches()).toBe(2);
  });

  it('is one for each call that a turn has begun, and for its tasks afterwards no more', async () => {
    const { pool, launches } = createPool();
    pool.expect('turn', 1);
    pool.expect('turn', 2);
    pool.expect('turn', 0);
    pool.expect('T-1', 1);
    pool.expect('T-2', 1);
    expect(launches()).toBe(2);
  });

  it('is ended after a while when nobody wanted it, but what should stand ready stays', async () => {
    const { pool, clock, living } = createPool({ warm: 1 });
    pool.warmUp();
    pool.expect('T-1', 1);
    pool.expect('T-2', 1);
    pool.expect('T-1', 0);
    pool.expect('T-2', 0);
    await clock.advance(30_000);
    await pool.tend();
    expect(living()).toBe(2);
    await clock.advance(1);
    await pool.tend();
    expect(living()).toBe(1);
    await clock.advance(60_000);
    await pool.tend();
    expect(living()).toBe(1);
  });

  it('is ended after a while when its task does not come, however often that is said', async () => {
    const { pool, clock, living, launches } = createPool();
    for (let second = 0; second < 60; second += 1) {
      pool.expect('T-1', 1);
      await clock.advance(1000);
      await pool.tend();
    }
    expect([living(), launches()]).toEqual([0, 1]);
  });

  it('serves the next task when the first one never came', async () => {
    const { pool, clock, launches } = createPool();
    pool.expect('T-1', 1);
    pool.expect('T-1', 0);
    await clock.advance(29_000);
    await pool.tend();
    pool.expect('T-2', 1);
    await clock.advance(1001);
    await pool.tend();
    expect([pool.acquire('T-2').id, launches()]).toEqual(['e1', 1]);
  });

  it('that cannot be started is said in the log, and started anew for its task', async () => {
    let starts = 0;
    const launch = async () => {
      starts += 1;
      if (starts === 1) throw new Error('no sandbox');
    };
    const { pool, log } = createPool({ launch });
    pool.expect('T-1', 1);
    await settled();
    pool.expect('T-1', 1);
    pool.expect('turn', 0);
    expect([log.lines, starts]).toEqual([['no executor could be started ahead'], 1]);
    pool.acquire('T-1');
    await settled();
    expect(starts).toBe(2);
  });

  it('is killed when it is let go while it starts', async () => {
    const gate = Promise.withResolvers<void>();
    const { pool, living, log } = createPool({ launch: () => gate.promise });
    pool.expect('T-1', 1);
    await pool.close();
    gate.resolve();
    await settled();
    expect([living(), log.lines]).toEqual([0, ['executor ended']]);
    pool.expect('T-1', 1);
    pool.warmUp();
    expect(living()).toBe(0);
  });
});
