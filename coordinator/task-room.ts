import type { Server } from 'node:http';
import { isLive, type Task } from '@reeve/core';
import { type ApprovalDesk, createApprovalDesk } from './approval-desk.ts';
import { createBlobGate } from './blob-gate.ts';
import { type BudgetDesk, createBudgetDesk } from './budget-desk.ts';
import type { CoordinatorDeps } from './coordinator-deps.ts';
import { createDispatcher } from './dispatcher.ts';
import { createDrive, type Drive } from './drive.ts';
import { createDriveEffects, type DriveDeps } from './drive-effects.ts';
import { createEffectDesk } from './effect-desk.ts';
import { createExecutorPool, type ExecutorPool } from './executor-pool.ts';
import { keepForgetting } from './file-retention.ts';
import { createJobRunner } from './job-runner.ts';
import { createAssigner } from './link-assignment.ts';
import { createLinkFiles } from './link-files.ts';
import { createLinkServer } from './link-server.ts';
import { createLinkService } from './link-service.ts';
import { createNetworkEffects } from './network-effects.ts';
import type { OutboxWaker } from './outbox-delivery.ts';
import { type Asker, createAsker } from './questions.ts';
import { createScheduleEffects } from './schedules/schedule-effects.ts';
import { createScheduleRoom, type ScheduleRoom } from './schedules/schedule-room.ts';
import { createSlotControl } from './slot-control.ts';
import { createTaskCards, type TaskCards } from './task-cards.ts';
import { createTaskDesk, type TaskDesk } from './task-desk.ts';
import { createTaskLedger, type TaskLedger } from './task-ledger.ts';
import { createTaskRelay } from './task-relay.ts';
import { createSignal } from './wake-signal.ts';

/** Where tasks live: their records, questions, executors and the link that executors talk to. */
export interface TaskRoom {
  readonly link: Server;
  readonly taskDesk: TaskDesk;
  readonly approvals: ApprovalDesk;
  readonly budgets: BudgetDesk;
  readonly schedules: ScheduleRoom;
  readonly drive: Drive;
  /** Says that new tasks were committed, or may have been. */
  wake(): void;
  /** Says how many tasks somebody is going to start soon, so that their executors can start before them. */
  expect(who: string, count: number): void;
  /** Hands new tasks to the queue at once, after their commit. */
  relay(created: readonly Task[]): void;
  /** Called after the commit in which a task ended. */
  onEnded(listener: () => void): void;
  run(signal: AbortSignal): Promise<void>;
}

/** Between two looks at changed cards; channels slow them further to what they bear. */
const CARD_INTERVAL_MS = 250;
const TICKET_BYTES = 32;

/** A task that goes on has a card to show and nothing to say. */
function deliverChange(outbox: OutboxWaker, { state }: Task): void {
  if (state === 'queued' || state === 'running') outbox.wakeSoon();
  else outbox.wake();
}

export function createTaskRoom(deps: CoordinatorDeps, outbox: OutboxWaker): TaskRoom {
  const { store, clock, ids, log, settings, live } = deps;
  const newId = () => ids.newId();
  const timeZone = () => live().timeZone;
  const plan = () => live().budget;
  const caps = () => plan().caps;
  const wake = createSignal();
  const onWritten = () => {
    wake.raise();
    outbox.wake();
  };
  const pool = openPool(deps);
  const ledger = createTaskLedger({ store, clock, newId, timeZone, caps });
  const slots = createSlotControl({ store, pool, clock, holdMs: () => live().holdMs, log });
  ledger.onChanged((task) => {
    slots.taskChanged(task);
    deliverChange(outbox, task);
  });
  const approvals = createApprovalDesk({
    store,
    ledger,
    clock,
    newId,
    randomBytes: (count) => ids.randomBytes(count),
    timeZone,
    onDecided: (approval) => {
      slots.decided(approval);
      // A higher cap may let others go on, too.
      onWritten();
    },
  });
  const { newCode } = approvals;
  const gate = createBlobGate();
  const driveDeps = { store, objects: deps.objects, clock, newId, limitBytes: settings.fileLimitBytes, gate };
  const budgets = createBudgetDesk({ ...driveDeps, ledger, plan, newCode, timeZone, onAsked: outbox.wake });
  const drive = createDrive(driveDeps);
  const asker = createAsker({ ...driveDeps, ledger, newCode, timeZone, onAsked: slots.asked });
  const cards = createTaskCards({
    store,
    clock,
    newId,
    intervalMs: CARD_INTERVAL_MS,
    caps,
    log,
    onWritten: outbox.wakeSoon,
  });
  const { taskDeadlineMs: deadlineMs } = settings;
  const taskDesk = createTaskDesk({ ...driveDeps, ledger, deadlineMs, onSteered: slots.steer });
  const schedules = createScheduleRoom({ ...driveDeps, taskDesk, people: deps.people, timeZone, onWritten });
  const link = createLink(deps, { ledger, pool, cards, drive, driveDeps, asker, budgets, schedules });
  const relay = createTaskRelay({ queue: deps.queue, ledger, pool, clock });
  const jobs = createJobRunner({ store, pool, ledger, relay, log, onEnded: wake.raise });
  const dispatcher = createDispatcher({
    store,
    queue: deps.queue,
    pool,
    ledger,
    relay,
    jobs,
    wake,
    clock,
    log,
    parallelTasks: () => live().parallelTasks,
    executorsDieWithCoordinator: settings.executorsDieWithCoordinator,
    chores: {
      approvals: () => approvals.expireDue(),
      budgets: () => budgets.freeUnblocked(),
      schedules: () => schedules.fireDue(),
    },
  });
  return {
    link,
    taskDesk,
    approvals,
    budgets,
    schedules,
    drive,
    wake: wake.raise,
    expect: pool.expect,
    relay: dispatcher.relay,
    onEnded: (listener) => ledger.onChanged((task) => void (isLive(task) || listener())),
    async run(signal) {
      // Ahead of the first task, which would wait for it; one that finds it failed tries again.
      deps.launcher
        .level()
        .catch((error: unknown) => log.error({ err: error }, 'no sandbox could be looked at'));
      const forgetting = keepForgetting({ store, objects: deps.objects, gate, clock, log }, signal);
      await Promise.all([dispatcher.run(signal), cards.run(signal), forgetting]);
    },
  };
}

function openPool({ launcher, clock, ids, log, settings, live }: CoordinatorDeps): ExecutorPool {
  return createExecutorPool({
    launcher,
    clock,
    log,
    newTicket: () => Buffer.from(ids.randomBytes(TICKET_BYTES)).toString('base64url'),
    limits: settings.executorLimits,
    warm: settings.warmExecutors,
    atMost: () => live().parallelTasks,
  });
}

/** The task link over its service: what executors may call, and who may call it. */
function createLink(
  deps: CoordinatorDeps,
  parts: {
    ledger: TaskLedger;
    pool: ExecutorPool;
    cards: TaskCards;
    drive: Drive;
    driveDeps: DriveDeps;
    asker: Asker;
    budgets: BudgetDesk;
    schedules: ScheduleRoom;
  },
): Server {
  const { store, clock, log, settings, tokenKey } = deps;
  const { ledger, pool, cards, drive, driveDeps, asker, budgets, schedules } = parts;
  const timeZone = () => deps.live().timeZone;
  const files = createLinkFiles({
    store,
    objects: deps.objects,
    drive,
    people: deps.people,
    clock,
    scratchLimitBytes: settings.executorLimits.scratchBytes,
  });
  ledger.onChanged((task) => {
    if (isLive(task)) return;
    files
      .dropScratch(task)
      .catch((error: unknown) => log.warn({ err: error, task: task.id }, 'a scratch snapshot stayed behind'));
  });
  const service = createLinkService({
    store,
    ledger,
    clock,
    onStepped: (task) => {
      cards.touch(task);
      // Only now: a pair that starts at the same time as a task would slow its first step.
      pool.warmUp();
    },
    effects: createEffectDesk({
      store,
      ledger,
      clock,
      newId: driveDeps.newId,
      asker,
      timeZone,
      secrets: deps.secrets,
      privateHosts: settings.privateHosts,
    }),
    driveEffects: createDriveEffects({ ...driveDeps, ledger }),
    networkEffects: createNetworkEffects({ store, ledger, clock }),
    scheduleEffects: createScheduleEffects({ store, ledger, clock, schedules, timeZone }),
    budgets,
    files,
  });
  const { attemptLimitMs } = settings;
  const assign = createAssigner({
    store,
    ledger,
    launcher: deps.launcher,
    clock,
    tokenKey,
    timeZone,
    attemptLimitMs,
    webSearch: settings.webSearch.isOn,
    secrets: deps.secrets,
  });
  return createLinkServer({ service, pool, assign, tokenKey, clock, log });
}
