import type { Server } from 'node:http';
import {
  type Accepted,
  type ChannelAdapter,
  type Clock,
  type DecisionRequest,
  type DecisionResult,
  type Desk,
  failureText,
  type Ids,
  type Inbound,
  type InboxEntry,
  type Launcher,
  type Log,
  type Model,
  type ObjectStore,
  type Sender,
  type Store,
  type TaskQueue,
} from '@reeve/core';
import { createApprovalDesk } from './approval-desk.ts';
import { createCommandHandler } from './command-handler.ts';
import { createDesk } from './desk.ts';
import { createDispatcher } from './dispatcher.ts';
import { createDrive } from './drive.ts';
import { createEffectDesk } from './effect-desk.ts';
import { createExecutorPool } from './executor-pool.ts';
import { createIntake } from './intake.ts';
import { createAssigner } from './link-assignment.ts';
import { createLinkServer } from './link-server.ts';
import { createLinkService } from './link-service.ts';
import { createMailboxes } from './mailbox.ts';
import { createOutboxDelivery } from './outbox-delivery.ts';
import type { Role } from './people.ts';
import type { CoordinatorSettings } from './settings.ts';
import { createStatusReader } from './status.ts';
import { createTaskCards } from './task-cards.ts';
import { createTaskDesk } from './task-desk.ts';
import { createTaskLedger } from './task-ledger.ts';
import { createTurnHandler, replyEntry } from './turn.ts';
import { createRoundRunner } from './turn-round.ts';
import { effectSentence } from './wording.ts';

export interface CoordinatorDeps {
  readonly store: Store;
  readonly queue: TaskQueue;
  readonly objects: ObjectStore;
  readonly launcher: Launcher;
  /** Reaches models through the gateway. */
  readonly model: Model;
  readonly channels: ReadonlyMap<string, ChannelAdapter>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Signs task tokens; the gateway verifies with the same key. */
  readonly tokenKey: Uint8Array;
  readonly roleOf: (sender: Sender, channel: string) => Role;
  readonly settings: CoordinatorSettings;
  readonly trouble: () => readonly string[];
}

export interface Coordinator {
  /** The task link's server; composition decides where it listens. */
  readonly link: Server;
  readonly desk: Desk;
  readonly inbound: Inbound;
  /** Takes up what an earlier process left and works until the signal aborts; resolves when everything has stopped. */
  run(signal: AbortSignal): Promise<void>;
}

const CARD_INTERVAL_MS = 250;

/** Puts the brain together. Nothing runs and nothing is read before `run`. */
export function createCoordinator(deps: CoordinatorDeps): Coordinator {
  const { store, clock, log, settings } = deps;
  const newId = () => deps.ids.newId();
  const { timeZone } = settings;
  const outbox = createOutboxDelivery({ store, channels: deps.channels, clock, log });
  const ledger = createTaskLedger({ store, clock, newId, timeZone });
  const pool = createExecutorPool({
    launcher: deps.launcher,
    clock,
    log,
    newTicket: () => ticketOf(deps.ids),
    limits: settings.executorLimits,
    warm: settings.warmExecutors,
  });
  const approvals = createApprovalDesk({
    store,
    ledger,
    clock,
    newId,
    randomBytes: (count) => deps.ids.randomBytes(count),
    timeZone,
    onDecided: (approval) => {
      dispatcher.decided(approval);
      outbox.wake();
    },
  });
  const dispatcher = createDispatcher({
    store,
    queue: deps.queue,
    pool,
    ledger,
    clock,
    log,
    ...settings,
    expireApprovals: () => approvals.expireDue(),
  });
  const effects = createEffectDesk({
    store,
    ledger,
    clock,
    newId,
    newCode: approvals.newCode,
    timeZone,
    onAsked: (approval) => {
      dispatcher.asked(approval);
      outbox.wake();
    },
  });
  const drive = createDrive({
    store,
    objects: deps.objects,
    clock,
    newId,
    limitBytes: settings.fileLimitBytes,
  });
  const cards = createTaskCards({
    store,
    clock,
    newId,
    intervalMs: CARD_INTERVAL_MS,
    log,
    onWritten: outbox.wake,
  });
  const taskDesk = createTaskDesk({
    store,
    ledger,
    clock,
    newId,
    deadlineMs: settings.taskDeadlineMs,
    onSteered: (id) => dispatcher.steer(id),
  });
  const status = createStatusReader({
    store,
    clock,
    limit: settings.parallelTasks,
    model: settings.modelSummary,
    trouble: deps.trouble,
  });
  const service = createLinkService({
    store,
    objects: deps.objects,
    ledger,
    effects,
    drive,
    cards,
    clock,
    scratchLimitBytes: settings.executorLimits.scratchBytes,
  });
  const assign = createAssigner({
    store,
    ledger,
    clock,
    tokenKey: deps.tokenKey,
    timeZone,
    attemptLimitMs: settings.attemptLimitMs,
  });
  const link = createLinkServer({ service, pool, assign, tokenKey: deps.tokenKey, clock, log });
  ledger.onChanged(outbox.wake);

  const stopping = new AbortController();
  const handleCommand = createCommandHandler({
    store,
    taskDesk,
    approvals,
    drive,
    status,
    clock,
    timeZone,
    newId,
    log,
    roleOf: deps.roleOf,
    onAnswered: outbox.wake,
  });
  const runRound = createRoundRunner({
    store,
    taskDesk,
    clock,
    roleOf: deps.roleOf,
    onTasksCreated: () => {
      dispatcher.wake();
      outbox.wake();
    },
  });
  const draft: ChannelAdapter['draft'] = (piece) => deps.channels.get(piece.chat.channel)?.draft(piece);
  const handleTurn = createTurnHandler({
    store,
    model: deps.model,
    clock,
    newId,
    timeZone,
    log,
    draft,
    runRound,
    onAnswered: outbox.wake,
  });
  const mailboxes = createMailboxes({
    store,
    log,
    handle: (entry) => handleTurn(entry, stopping.signal),
    setAside: (entry) => setAside(deps, entry, outbox.wake),
  });
  const onAccepted = (entry: InboxEntry) => {
    if (entry.lane === 'turn') return mailboxes.wake(entry.conversationId);
    handleCommand(entry).catch((error: unknown) =>
      log.error({ err: error, turn: entry.id }, 'a command waits for the next start'),
    );
  };
  const receive = createIntake({ store, clock, newId, roleOf: deps.roleOf, onAccepted });

  return {
    link,
    desk: createDesk({ store, clock, taskDesk, drive, status }),
    inbound: {
      receive: (message) => orFailure(log, () => receive(message)),
      decide: createDecider(deps, approvals),
    },
    async run(signal) {
      signal.addEventListener('abort', () => stopping.abort(signal.reason), { once: true });
      for (const conversationId of await store.inbox.pendingConversations()) {
        for (const entry of await store.inbox.pending(conversationId, 'command')) onAccepted(entry);
        mailboxes.wake(conversationId);
      }
      await Promise.all([dispatcher.run(signal), outbox.run(signal), cards.run(signal)]);
      mailboxes.stop();
      await mailboxes.idle();
    },
  };
}

function ticketOf(ids: Ids): string {
  return Buffer.from(ids.randomBytes(32)).toString('base64url');
}

/** A message that always fails is set aside, and its sender told once. */
async function setAside(
  deps: Pick<CoordinatorDeps, 'store' | 'clock' | 'ids'>,
  entry: InboxEntry,
  wake: () => void,
): Promise<void> {
  const now = deps.clock.now();
  await deps.store.transaction(async (records) => {
    await records.inbox.setAside(entry.id, now);
    const text = failureText({ code: 'message-set-aside' });
    await records.outbox.add(
      replyEntry(deps.ids.newId(), entry, text, { kind: 'turn', turnId: entry.id, tasks: [] }),
      now,
    );
  });
  wake();
}

async function orFailure(log: Log, work: () => Promise<Accepted>): Promise<Accepted> {
  try {
    return await work();
  } catch (error) {
    log.error({ err: error }, 'a message could not be stored');
    return { kind: 'refused', failure: { code: 'database-away' } };
  }
}

/** Decisions from buttons and API: the same role check and the same desk as the typed commands. */
function createDecider(
  deps: CoordinatorDeps,
  approvals: ReturnType<typeof createApprovalDesk>,
): (request: DecisionRequest) => Promise<DecisionResult> {
  return async (request) => {
    if (deps.roleOf(request.sender, request.chat.channel) !== 'owner')
      return { kind: 'refused', failure: { code: 'approval-not-yours' } };
    const decided = await approvals.decide(request.code, request.decision, request.sender.name);
    if (decided.kind === 'refused') return decided;
    const verb = request.decision.kind === 'approve' ? 'Approved' : 'Denied';
    return { kind: 'decided', sentence: `${verb}: ${effectSentence(decided.approval.call)}.` };
  };
}
