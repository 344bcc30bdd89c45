import {
  type Clock,
  type ControlMessage,
  type LaunchedExecutor,
  type Launcher,
  LEASE_MS,
  type Log,
  type SandboxLimits,
  sha256Hex,
  type TaskId,
} from '@reeve/core';

/** One executor from its start to its end; it does at most one task. */
export interface Slot {
  readonly id: string;
  readonly ended: Promise<void>;
  readonly task: TaskId | null;
  /** The attempt it works on, once it has redeemed its ticket for a task. */
  readonly attempt: number | null;
  /** Gives it a task; it learns of it at its next or current attach. */
  bind(task: TaskId): void;
  /** Marks the ticket as redeemed. */
  begin(attempt: number): void;
  beat(): void;
  /** Sends a control message, now or as soon as its control stream opens. */
  send(message: ControlMessage): void;
  /** Where messages go from now on; returns what ends that again. */
  openControl(write: (message: ControlMessage) => void): () => void;
  kill(): Promise<void>;
  logs(): string;
}

export interface ExecutorPool {
  /** A slot that waits for a task: a warm one if there is one, else a new one. Rejects when none can be started. */
  acquire(): Promise<Slot>;
  /** The slot that a ticket names, or null when it has ended or the ticket was redeemed. */
  byTicket(ticket: string): Slot | null;
  byTask(task: TaskId): Slot | null;
  /** Resolves with the task a slot is bound to; null when the time is up first. */
  waitForTask(slot: Slot, milliseconds: number): Promise<TaskId | null>;
  /** Starts warm executors up to the wanted number. */
  warmUp(): void;
  /** Kills slots whose executor has not beaten for longer than a lease, or never came for its task. */
  endSilent(): Promise<void>;
  close(): Promise<void>;
}

/** From an executor's getting a task to its coming for it; a cold start on a busy machine takes seconds. */
const START_LIMIT_MS = 30_000;

export interface ExecutorPoolDeps {
  readonly launcher: Launcher;
  readonly clock: Clock;
  readonly log: Log;
  readonly newTicket: () => string;
  readonly limits: SandboxLimits;
  readonly warm: number;
}

/**
 * The executors that run. Warm ones are started ahead and wait at the link without knowing what they will do, so a
 * warm and a cold start take the same path. Tickets are kept as hashes and work once.
 */
export function createExecutorPool(deps: ExecutorPoolDeps): ExecutorPool {
  const { log } = deps;
  const slots = new Map<string, ManagedSlot>();
  const idle: ManagedSlot[] = [];
  let isClosed = false;
  let warming = 0;

  async function start(): Promise<ManagedSlot> {
    const ticket = deps.newTicket();
    const key = sha256Hex(ticket);
    const slot = createSlot(deps, () => {
      slots.delete(key);
      const index = idle.indexOf(slot);
      if (index >= 0) idle.splice(index, 1);
    });
    slots.set(key, slot);
    try {
      slot.adopt(await deps.launcher.launch({ ticket, limits: deps.limits }));
    } catch (error) {
      slot.abandon();
      throw error;
    }
    return slot;
  }

  async function warmOne(): Promise<void> {
    warming += 1;
    try {
      const slot = await start();
      if (isClosed) await slot.kill();
      else if (slot.isOver()) log.warn({ slot: slot.id, logs: slot.logs() }, 'a warm executor ended at once');
      else idle.push(slot);
    } catch (error) {
      log.error({ err: error }, 'no warm executor could be started');
    } finally {
      warming -= 1;
    }
  }

  return {
    async acquire() {
      const warm = idle.shift();
      return warm ?? start();
    },
    byTicket(ticket) {
      const slot = slots.get(sha256Hex(ticket));
      return slot && slot.attempt === null ? slot : null;
    },
    byTask(task) {
      for (const slot of slots.values()) if (slot.task === task) return slot;
      return null;
    },
    waitForTask: (slot, milliseconds) => waitForBinding(slot, milliseconds, deps.clock),
    warmUp() {
      for (let missing = deps.warm - idle.length - warming; missing > 0 && !isClosed; missing -= 1)
        void warmOne();
    },
    async endSilent() {
      const now = deps.clock.now().getTime();
      const silent = [...slots.values()].filter((slot) => slot.isSilent(now));
      for (const slot of silent)
        log.warn(
          { slot: slot.id, task: slot.task, logs: slot.logs() },
          'an executor fell silent and is ended',
        );
      await Promise.all(silent.map((slot) => slot.kill()));
    },
    async close() {
      isClosed = true;
      await Promise.all([...slots.values()].map((slot) => slot.kill()));
    },
  };
}

interface ManagedSlot extends Slot {
  adopt(executor: LaunchedExecutor): void;
  abandon(): void;
  isOver(): boolean;
  /** True when it has not beaten for a lease, or was given a task and never came for it. */
  isSilent(now: number): boolean;
  onBound(listener: (task: TaskId) => void): () => void;
}

function createSlot(deps: ExecutorPoolDeps, onEnd: () => void): ManagedSlot {
  const { promise: ended, resolve: resolveEnded } = Promise.withResolvers<void>();
  const boundListeners = new Set<(task: TaskId) => void>();
  const unsent: ControlMessage[] = [];
  let executor: LaunchedExecutor | null = null;
  let write: ((message: ControlMessage) => void) | null = null;
  let task: TaskId | null = null;
  let attempt: number | null = null;
  let isOver = false;
  let isDoomed = false;
  let lastBeat: number | null = null;
  let boundAt: number | null = null;
  const finish = () => {
    isOver = true;
    onEnd();
    resolveEnded();
  };
  return {
    get id() {
      return executor?.id ?? 'starting';
    },
    get task() {
      return task;
    },
    get attempt() {
      return attempt;
    },
    ended,
    adopt(launched) {
      executor = launched;
      if (isDoomed)
        launched
          .kill()
          .catch((error: unknown) => deps.log.error({ err: error, slot: launched.id }, 'kill failed'));
      void launched.ended.then((end) => {
        deps.log.debug({ slot: launched.id, task, end }, 'executor ended');
        finish();
      });
    },
    abandon: finish,
    isOver: () => isOver,
    isSilent(now) {
      if (lastBeat !== null) return now - lastBeat > LEASE_MS;
      return boundAt !== null && now - boundAt > START_LIMIT_MS;
    },
    onBound(listener) {
      boundListeners.add(listener);
      return () => boundListeners.delete(listener);
    },
    bind(bound) {
      task = bound;
      boundAt = deps.clock.now().getTime();
      for (const listener of boundListeners) listener(bound);
    },
    begin(begun) {
      attempt = begun;
      lastBeat = deps.clock.now().getTime();
    },
    beat() {
      lastBeat = deps.clock.now().getTime();
    },
    send(message) {
      if (write) write(message);
      else unsent.push(message);
    },
    openControl(writer) {
      write = writer;
      for (const message of unsent.splice(0)) writer(message);
      return () => {
        if (write === writer) write = null;
      };
    },
    async kill() {
      isDoomed = true;
      await executor?.kill();
    },
    logs: () => executor?.logs() ?? '',
  };
}

async function waitForBinding(slot: Slot, milliseconds: number, clock: Clock): Promise<TaskId | null> {
  if (slot.task) return slot.task;
  const managed = slot as ManagedSlot;
  const timer = new AbortController();
  const { promise, resolve } = Promise.withResolvers<TaskId | null>();
  const stop = managed.onBound(resolve);
  const timeout = clock.sleep(milliseconds, timer.signal).then(
    () => null,
    () => null,
  );
  const task = await Promise.race([promise, timeout, slot.ended.then(() => null)]);
  stop();
  timer.abort();
  return task;
}
