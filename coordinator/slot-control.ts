import {
  type Approval,
  type Clock,
  type ControlMessage,
  isLive,
  type Log,
  type Store,
  type Task,
  type TaskId,
} from '@reeve/core';
import type { ExecutorPool, Slot } from './executor-pool.ts';

/** Tells running executors what has happened to their tasks. */
export interface SlotControl {
  /** Ends the executor of a task that is over or paused. */
  taskChanged(task: Task): void;
  /** Hands new words of the person to the executor that works on the task, if one does. */
  steer(id: TaskId): void;
  /** Holds the executor for a while after its question, then lets it go; the answer starts the next attempt. */
  asked(approval: Approval): void;
  decided(approval: Approval): void;
}

/** How long an executor gets to save its scratch directory and leave by itself. */
const END_GRACE_MS = 5000;
const HOLD_SLICE_MS = 1000;

export function createSlotControl(deps: {
  store: Store;
  pool: ExecutorPool;
  clock: Clock;
  holdMs: () => number;
  log: Log;
}): SlotControl {
  const { store, pool, clock, log } = deps;
  const held = new Map<string, AbortController>();

  /** Resolves when the slot has ended (then true), the time is up or the signal aborts; leaves no timer behind. */
  async function endsWithin(slot: Slot, milliseconds: number, abort?: AbortSignal): Promise<boolean> {
    const timer = new AbortController();
    const signal = abort ? AbortSignal.any([abort, timer.signal]) : timer.signal;
    const slept = clock.sleep(milliseconds, signal).catch(() => undefined);
    const hasEnded = await Promise.race([slot.ended.then(() => true), slept.then(() => false)]);
    timer.abort();
    return hasEnded;
  }

  async function endNow(slot: Slot): Promise<void> {
    slot.send({ kind: 'cancel' });
    await slot.kill();
  }

  async function endAfterGrace(slot: Slot, last: ControlMessage | null): Promise<void> {
    if (last) slot.send(last);
    await endsWithin(slot, END_GRACE_MS);
    await slot.kill();
  }

  /** The answer may have come before the hold began, so the task's record says whether there is still one to wait for. */
  async function hold(approval: Approval, of: TaskId, slot: Slot): Promise<void> {
    const wait = new AbortController();
    held.get(approval.code)?.abort();
    held.set(approval.code, wait);
    // In slices, because the owner may change the time meanwhile.
    for (let waited = 0; waited < deps.holdMs() && !wait.signal.aborted; waited += HOLD_SLICE_MS)
      if (await endsWithin(slot, Math.min(HOLD_SLICE_MS, deps.holdMs() - waited), wait.signal)) break;
    if (held.get(approval.code) !== wait) return;
    held.delete(approval.code);
    const task = await store.tasks.get(of);
    if (task?.state === 'waiting' && task.attempt === slot.attempt) slot.send({ kind: 'release' });
  }

  async function sendInputs(id: TaskId, slot: Slot): Promise<void> {
    for (const input of await store.tasks.pendingInputs(id)) slot.send({ kind: 'steer', input });
  }

  function watch(work: Promise<void>, task: TaskId): void {
    work.catch((error: unknown) =>
      log.error({ err: error, task }, 'an executor could not be told; its lease decides'),
    );
  }

  return {
    taskChanged(task) {
      const slot = pool.byTask(task.id);
      if (!slot) return;
      if (task.state === 'cancelled' || task.state === 'expired') watch(endNow(slot), task.id);
      else if (task.state === 'paused') watch(endAfterGrace(slot, { kind: 'pause' }), task.id);
      else if (!isLive(task)) watch(endAfterGrace(slot, null), task.id);
    },
    steer(id) {
      const slot = pool.byTask(id);
      if (slot) watch(sendInputs(id, slot), id);
    },
    asked(approval) {
      const { task } = approval.call;
      const slot = task === null ? undefined : pool.byTask(task);
      if (task !== null && slot) watch(hold(approval, task, slot), task);
    },
    decided({ code, state, note, call }) {
      const wait = held.get(code);
      held.delete(code);
      wait?.abort();
      if (call.task === null) return;
      pool
        .byTask(call.task)
        ?.send({ kind: 'decision', approval: code, approved: state === 'approved', note });
    },
  };
}
