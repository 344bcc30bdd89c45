import { type Clock, type Launcher, type Log, type SandboxLimits, sha256Hex, type TaskId } from '@reeve/core';
import { createSlot, type ManagedSlot, type Slot, waitForBinding } from './executor-slot.ts';

export type { Slot } from './executor-slot.ts';

export interface ExecutorPool {
  /**
   * A slot for a task: one that stands ready, else one that starts already, else a new one. Returns at once; a slot whose
   * start fails ends. What was expected for the task is no longer.
   */
  acquire(task: TaskId): Slot;
  /**
   * Says how many executors somebody (a task, a turn) is going to need soon; 0 takes it back. What neither stands ready
   * nor starts is started, as far as the limit on all executors allows. Saying the same again changes nothing.
   */
  expect(who: string, count: number): void;
  /** The slot that a ticket names, or null when it has ended or the ticket was redeemed. */
  byTicket(ticket: string): Slot | null;
  byTask(task: TaskId): Slot | null;
  /** Resolves with the task a slot is bound to; null when the time is up first. */
  waitForTask(slot: Slot, milliseconds: number): Promise<TaskId | null>;
  /** Starts warm executors up to the wanted number. */
  warmUp(): void;
  /**
   * Kills slots whose executor has not beaten for longer than a lease, or never came for its task, and those that have
   * stood ready for a while although nobody wants so many.
   */
  tend(): Promise<void>;
  close(): Promise<void>;
}

/** How long an expectation counts, and how long an executor that nobody wants stands ready. */
const EXPECTED_MS = 30_000;

export interface ExecutorPoolDeps {
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly log: Log;
  readonly newTicket: () => string;
  readonly limits: SandboxLimits;
  readonly warm: number;
  /** How many executors may run or start because they are expected; read anew each time. */
  readonly atMost: () => number;
}

/**
 * The executors that run. Some stand ready ahead of their task and wait at the link without knowing what they will do,
 * so a warm and a cold start take the same path. Tickets are kept as hashes and work once.
 */
export function createExecutorPool(deps: ExecutorPoolDeps): ExecutorPool {
  const { log, clock, launcher, limits } = deps;
  const slots = new Map<string, ManagedSlot>();
  /** Without a task, the oldest first; some still start. */
  const idle: ManagedSlot[] = [];
  const expected = createExpectations(clock);
  let isClosed = false;

  function start(): ManagedSlot {
    const ticket = deps.newTicket();
    const key = sha256Hex(ticket);
    const slot = createSlot({
      launch: (signal) => launcher.launch({ ticket, limits }, signal),
      clock,
      log,
      onEnd() {
        slots.delete(key);
        if (leaveIdle(slot)) complain(slot);
      },
    });
    slots.set(key, slot);
    return slot;
  }

  function leaveIdle(slot: ManagedSlot): boolean {
    const index = idle.indexOf(slot);
    if (index >= 0) idle.splice(index, 1);
    return index >= 0;
  }

  function complain({ id, startError, isDoomed, logs }: ManagedSlot): void {
    if (isDoomed) return;
    if (startError === null) log.warn({ slot: id, logs: logs() }, 'an executor ended before it had a task');
    else log.error({ err: startError }, 'no executor could be started ahead');
  }

  /** What has stood ready for a while beyond what is wanted; the oldest go. */
  function takeUnwanted(now: number): ManagedSlot[] {
    const spare = Math.max(0, idle.length - Math.max(deps.warm, expected.count()));
    const unwanted = idle.slice(0, spare).filter(({ startedAt }) => now - startedAt > EXPECTED_MS);
    for (const slot of unwanted) leaveIdle(slot);
    return unwanted;
  }

  return {
    acquire(task) {
      expected.set(task, 0);
      return idle.shift() ?? start();
    },
    expect(who, count) {
      // Only for what is new: one that fails to start is not tried again before its task comes.
      if (!expected.set(who, count)) return;
      while (!isClosed && idle.length < expected.count() && slots.size < deps.atMost()) idle.push(start());
    },
    byTicket(ticket) {
      const slot = slots.get(sha256Hex(ticket));
      return slot && slot.attempt === null ? slot : null;
    },
    byTask(task) {
      for (const slot of slots.values()) if (slot.task === task) return slot;
      return null;
    },
    waitForTask: (slot, milliseconds) => waitForBinding(slot as ManagedSlot, milliseconds, clock),
    warmUp() {
      while (!isClosed && idle.length < deps.warm) idle.push(start());
    },
    async tend() {
      const now = clock.now().getTime();
      const silent = [...slots.values()].filter((slot) => slot.isSilent(now));
      for (const slot of silent)
        log.warn(
          { slot: slot.id, task: slot.task, logs: slot.logs() },
          'an executor fell silent and is ended',
        );
      await Promise.all([...silent, ...takeUnwanted(now)].map((slot) => slot.kill()));
    },
    async close() {
      isClosed = true;
      await Promise.all([...slots.values()].map((slot) => slot.kill()));
    },
  };
}

/** Who is going to need how many executors. What does not come within a while is no longer counted. */
function createExpectations(clock: Clock): {
  /** True when more is expected than before. */
  set(who: string, count: number): boolean;
  count(): number;
} {
  const wishes = new Map<string, { readonly count: number; readonly since: number }>();
  return {
    set(who, count) {
      const before = wishes.get(who);
      if (count === 0) wishes.delete(who);
      else if (before?.count !== count) wishes.set(who, { count, since: clock.now().getTime() });
      return count > (before?.count ?? 0);
    },
    count() {
      const now = clock.now().getTime();
      let sum = 0;
      for (const { count, since } of wishes.values()) if (now - since <= EXPECTED_MS) sum += count;
      return sum;
    },
  };
}
