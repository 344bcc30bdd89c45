import { type ExecutorEnd, type Launcher, LEASE_MS } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { createExecutorPool } from './executor-pool.ts';
import { createKeptLog, createManualClock, settled } from './testing/samples.ts';

interface Fake {
  readonly ticket: string;
  readonly end: (end: ExecutorEnd) => void;
  isAlive: boolean;
}

function createPool(options: { warm?: number; launch?: () => Promise<void> } = {}) {
  const clock = createManualClock();
  const log = createKeptLog();
  const executors: Fake[] = [];
  const launcher: Pick<Launcher, 'launch'> = {
    async launch({ ticket }) {
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
  });
  return { pool, clock, log, executors };
}

describe('the executor pool', () => {
  it('gives out a warm executor first and replaces it', async () => {
    const { pool, executors } = createPool({ warm: 1 });
    pool.warmUp();
    pool.warmUp();
    await settled();
    expect(executors).toHaveLength(1);
    expect((await pool.acquire()).id).toBe('e1');
    pool.warmUp();
    await settled();
    expect(executors).toHaveLength(2);
  });

  it('gives out no warm executor that has ended', async () => {
    const { pool, executors } = createPool({ warm: 1 });
    pool.warmUp();
    await settled();
    executors[0]?.end({ kind: 'exited', code: 1 });
    await settled();
    expect((await pool.acquire()).id).toBe('e2');
  });

  it('knows a ticket until it is redeemed or its executor has ended', async () => {
    const { pool, executors } = createPool();
    const slot = await pool.acquire();
    expect([pool.byTicket('ticket-1') === slot, pool.byTicket('ticket-2')]).toEqual([true, null]);
    slot.begin(1);
    expect(pool.byTicket('ticket-1')).toBeNull();
    await pool.acquire();
    executors[1]?.end({ kind: 'exited', code: 0 });
    await settled();
    expect(pool.byTicket('ticket-2')).toBeNull();
  });

  it('hands a task over now, later, or says that the time is up', async () => {
    const { pool, clock } = createPool();
    const slot = await pool.acquire();
    const first = pool.waitForTask(slot, 1000);
    await clock.advance(1000);
    expect(await first).toBeNull();
    const second = pool.waitForTask(slot, 1000);
    slot.bind('T-3');
    expect(await second).toBe('T-3');
    expect(await pool.waitForTask(slot, 1000)).toBe('T-3');
    expect([pool.byTask('T-3') === slot, pool.byTask('T-4'), clock.sleeping]).toEqual([true, null, 0]);
  });

  it('kills who is silent for longer than a lease, not who beats or waits unbound', async () => {
    const { pool, clock, executors } = createPool();
    const [silent, beating] = [await pool.acquire(), await pool.acquire()];
    await pool.acquire();
    silent.begin(1);
    beating.begin(1);
    await clock.advance(LEASE_MS);
    beating.beat();
    await pool.endSilent();
    expect(executors.map(({ isAlive }) => isAlive)).toEqual([true, true, true]);
    await clock.advance(1);
    await pool.endSilent();
    expect(executors.map(({ isAlive }) => isAlive)).toEqual([false, true, true]);
  });

  it('kills who was given a task and never comes for it', async () => {
    const { pool, clock, executors } = createPool();
    (await pool.acquire()).bind('T-3');
    await clock.advance(30_000);
    await pool.endSilent();
    expect(executors[0]?.isAlive).toBe(true);
    await clock.advance(1);
    await pool.endSilent();
    expect(executors[0]?.isAlive).toBe(false);
  });

  it('says that an executor cannot be started, and forgets its ticket', async () => {
    const { pool } = createPool({ launch: () => Promise.reject(new Error('no sandbox')) });
    await expect(pool.acquire()).rejects.toThrow('no sandbox');
    expect(pool.byTicket('ticket-1')).toBeNull();
  });

  it('kills an executor whose start was under way when it closed', async () => {
    const gate = Promise.withResolvers<void>();
    const { pool, executors } = createPool({ launch: () => gate.promise });
    const starting = pool.acquire();
    await pool.close();
    gate.resolve();
    await (await starting).ended;
    expect(executors[0]?.isAlive).toBe(false);
  });

  it('keeps messages until the control stream opens, and again after it has closed', async () => {
    const { pool } = createPool();
    const slot = await pool.acquire();
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
