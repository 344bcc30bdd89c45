import {
  BEAT_INTERVAL_MS,
  type Clock,
  type ControlMessage,
  type DispatchJob,
  type LaunchedExecutor,
  LEASE_MS,
  type Log,
  type Task,
  type TaskId,
} from '@reeve/core';

/** One executor from its start to its end; it does at most one task. */
export interface Slot {
  readonly id: string;
  readonly ended: Promise<void>;
  readonly task: TaskId | null;
  /** The queue job for which it was given its task; only while that is the task's current dispatch may it attach. */
  readonly job: DispatchJob['id'] | null;
  /** The task's record as it surely was when it was given, unless somebody has moved the task since. */
  readonly given: Task | null;
  /** The attempt it works on, once it has redeemed its ticket for a task. */
  readonly attempt: number | null;
  /** Why it could not be started; null while it starts and once it has. */
  readonly startError: unknown;
  /** Gives it a task, also while it still starts; it learns of it at its next or current attach. */
  bind(job: Pick<DispatchJob, 'id' | 'taskId'>, given?: Task | null): void;
  /** Marks the ticket as redeemed. */
  begin(attempt: number): void;
  /** Notes a beat; true when the lease is to be renewed, false when that was just done. */
  beat(): boolean;
  /** Sends a control message, now or as soon as its control stream opens. */
  send(message: ControlMessage): void;
  /** Where messages go from now on; returns what ends that again. */
  openControl(write: (message: ControlMessage) => void): () => void;
  /** Ends it; one that still starts is ended as soon as it can be, and is not waited for. */
  kill(): Promise<void>;
  logs(): string;
}

/** What the pool knows of a slot besides. */
export interface ManagedSlot extends Slot {
  /** In milliseconds. */
  readonly startedAt: number;
  readonly isDoomed: boolean;
  /** True when it has not beaten for a lease, or was given a task and never came for it. */
  isSilent(now: number): boolean;
  onBound(listener: (task: TaskId) => void): () => void;
}

/** From an executor's getting a task to its coming for it; a cold start on a busy machine takes seconds. */
const START_LIMIT_MS = 30_000;

/**
 * Launches an executor. The slot is there at once: it can be given its task while the executor starts, and a start that
 * fails ends it (`startError` says why).
 */
export function createSlot(deps: {
  readonly launch: (signal: AbortSignal) => Promise<LaunchedExecutor>;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEnd: () => void;
}): ManagedSlot {
  const now = () => deps.clock.now().getTime();
  const { promise: ended, resolve: resolveEnded } = Promise.withResolvers<void>();
  const boundListeners = new Set<(task: TaskId) => void>();
  const dying = new AbortController();
  const control = createControlLine();
  const startedAt = now();
  let executor: LaunchedExecutor | null = null;
  let startError: unknown = null;
  let task: TaskId | null = null;
  let job: string | null = null;
  let given: Task | null = null;
  let attempt: number | null = null;
  let lastBeat: number | null = null;
  let boundAt: number | null = null;
  const finish = () => {
    deps.onEnd();
    resolveEnded();
  };
  const adopt = async (launched: LaunchedExecutor) => {
    executor = launched;
    if (dying.signal.aborted) killLate(launched, deps.log);
    const end = await launched.ended;
    deps.log.debug({ slot: launched.id, task, end }, 'executor ended');
  };
  deps
    .launch(dying.signal)
    .then(adopt)
    .catch((error: unknown) => {
      startError = error;
    })
    .finally(finish);
  return {
    get id() {
      return executor?.id ?? 'starting';
    },
    get task() {
      return task;
    },
    get job() {
      return job;
    },
    get given() {
      return given;
    },
    get attempt() {
      return attempt;
    },
    get startError() {
      return startError;
    },
    get isDoomed() {
      return dying.signal.aborted;
    },
    startedAt,
    ended,
    isSilent(at) {
      if (lastBeat !== null) return at - lastBeat > LEASE_MS;
      return boundAt !== null && at - boundAt > START_LIMIT_MS;
    },
    onBound(listener) {
      boundListeners.add(listener);
      return () => boundListeners.delete(listener);
    },
    bind({ id, taskId }, record = null) {
      task = taskId;
      job = id;
      given = record;
      boundAt = now();
      for (const listener of boundListeners) listener(task);
    },
    begin(begun) {
      attempt = begun;
      lastBeat = now();
    },
    beat() {
      const isDue = now() - (lastBeat ?? 0) >= BEAT_INTERVAL_MS / 2;
      lastBeat = now();
      return isDue;
    },
    ...control,
    async kill() {
      dying.abort(new Error('the executor was ended before it had started'));
      await executor?.kill();
    },
    logs: () => executor?.logs() ?? '',
  };
}

function killLate(launched: LaunchedExecutor, log: Log): void {
  launched.kill().catch((error: unknown) => log.error({ err: error, slot: launched.id }, 'kill failed'));
}

/** Keeps messages for as long as nobody reads them. */
function createControlLine(): Pick<Slot, 'send' | 'openControl'> {
  const unsent: ControlMessage[] = [];
  let write: ((message: ControlMessage) => void) | null = null;
  return {
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
  };
}

/** Resolves with the task that a slot is given; null when the time is up, or the slot over, first. */
export async function waitForBinding(
  slot: ManagedSlot,
  milliseconds: number,
  clock: Clock,
): Promise<TaskId | null> {
  if (slot.task) return slot.task;
  const timer = new AbortController();
  const { promise, resolve } = Promise.withResolvers<TaskId | null>();
  const stop = slot.onBound(resolve);
  const timeout = clock.sleep(milliseconds, timer.signal).then(
    () => null,
    () => null,
  );
  const task = await Promise.race([promise, timeout, slot.ended.then(() => null)]);
  stop();
  timer.abort();
  return task;
}
