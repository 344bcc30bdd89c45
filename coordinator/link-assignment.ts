import {
  type Assignment,
  type Clock,
  executorTools,
  type Launcher,
  LEASE_MS,
  queueJobId,
  type SecretDesk,
  type Store,
  signToken,
  type Task,
  type TaskId,
} from '@reeve/core';
import type { Slot } from './executor-pool.ts';
import type { TaskLedger } from './task-ledger.ts';

/** Binds a task to the executor that asked, or says that it is not to be had any more. */
export type Assigner = (slot: Slot, id: TaskId) => Promise<Assignment | null>;

/**
 * Makes the next attempt of a task the property of one executor: moves the task to running, gives the ticket up for a
 * task token, and hands over everything that the attempt needs to go on where the last one stopped.
 */
export function createAssigner(deps: {
  store: Store;
  ledger: TaskLedger;
  launcher: Pick<Launcher, 'level'>;
  clock: Clock;
  tokenKey: Uint8Array;
  timeZone: () => string;
  attemptLimitMs: number;
  webSearch: boolean;
  secrets: Pick<SecretDesk, 'list'>;
}): Assigner {
  const { store, ledger, clock } = deps;
  const tools = [...executorTools(deps)];

  async function attach(slot: Slot, id: TaskId): Promise<Task | null> {
    const sandbox = await deps.launcher.level();
    const leaseUntil = new Date(clock.now().getTime() + LEASE_MS);
    const attached = { kind: 'attached', leaseUntil, sandbox } as const;
    const actor = `executor:${id}`;
    const move =
      (slot.given && (await ledger.changeFresh(slot.given, attached, actor))) ??
      // A slot may have been given its task for a job that meanwhile is an old one.
      (await ledger.change(id, attached, actor, async (_records, before) =>
        queueJobId(before) === slot.job ? [] : 'abandon',
      ));
    if (move.kind === 'refused') return null;
    slot.begin(move.task.attempt);
    return move.task;
  }

  /** What the last attempt left; nothing can be there before the first. */
  async function readPast({ id, attempt }: Task): Promise<Pick<Assignment, 'steps' | 'snapshot'>> {
    if (attempt === 1) return { steps: [], snapshot: null };
    const [steps, snapshot] = await Promise.all([store.steps.list(id), store.steps.newestSnapshot(id)]);
    return { steps, snapshot: snapshot?.seq ?? null };
  }

  return async (slot, id) => {
    // A word that comes after this look finds the slot bound, and comes over its control stream.
    const [task, secrets, inputs] = await Promise.all([
      attach(slot, id),
      deps.secrets.list(),
      store.tasks.pendingInputs(id),
    ]);
    if (!task) return null;
    const deadline = new Date(Math.min(task.deadline.getTime(), clock.now().getTime() + deps.attemptLimitMs));
    const past = await readPast(task);
    const { attempt, title, goal, origin, capabilities } = task;
    const expires = Math.ceil(deadline.getTime() / 1000);
    return {
      token: signToken(
        { role: 'task', task: id, attempt, capabilities: [...capabilities], expires },
        deps.tokenKey,
      ),
      task: {
        id,
        title,
        goal,
        origin,
        capabilities: [...capabilities],
        deadline: deadline.toISOString(),
        timeZone: deps.timeZone(),
      },
      attempt,
      ...past,
      inputs,
      tools,
      secrets: secrets.map(({ name, hosts }) => ({ name, hosts: [...hosts] })),
    };
  };
}
