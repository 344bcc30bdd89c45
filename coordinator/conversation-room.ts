import {
  type Accepted,
  type ChannelAdapter,
  type ChatAddress,
  CoordinatorFenced,
  type Desk,
  failureText,
  type Inbound,
  type InboxEntry,
  type Log,
  type Sender,
  type StatusView,
  type Task,
} from '@reeve/core';
import { createCommandHandler } from './command-handler.ts';
import { type Background, type ContextDeps, readBackground } from './context/assemble.ts';
import { createAttachmentReader } from './context/attachments.ts';
import { createPersonaReader } from './context/persona.ts';
import { createSummariser } from './context/summariser.ts';
import { createTokenGauge } from './context/token-gauge.ts';
import type { CoordinatorDeps } from './coordinator-deps.ts';
import { COORDINATOR_TOOLS } from './coordinator-tools.ts';
import { createDesk } from './desk.ts';
import { createIntake } from './intake.ts';
import { keepTrying } from './keep-trying.ts';
import { createMailboxes, type Mailboxes } from './mailbox.ts';
import type { OutboxWaker } from './outbox-delivery.ts';
import type { People } from './people.ts';
import { noticing, type Presence } from './presence.ts';
import { answerSentence } from './question-words.ts';
import { createTranscriber } from './recordings.ts';
import { createStatusReader, type StatusReader } from './status.ts';
import { seesTask } from './task-reach.ts';
import type { TaskRoom } from './task-room.ts';
import { createTourRoom, type TourRoom } from './tour-room.ts';
import { ANSWER_TOKENS, createTurnHandler, replyEntry } from './turn.ts';
import { createRoundRunner } from './turn-round.ts';
import { wishesText } from './wishes.ts';

/** Where people are heard and answered: intake, slash commands, turns, and the counter for API clients. */
export interface ConversationRoom {
  readonly desk: Desk;
  readonly inbound: Inbound;
  run(signal: AbortSignal): Promise<void>;
}

export function createConversationRoom(
  deps: CoordinatorDeps,
  tasks: TaskRoom,
  { outbox, presence }: { outbox: OutboxWaker; presence: Presence },
): ConversationRoom {
  const { store, clock, log, live, people } = deps;
  const { roleOf } = people;
  const timeZone = () => live().timeZone;
  const { taskDesk, approvals, drive, schedules } = tasks;
  const newId = () => deps.ids.newId();
  const stopping = new AbortController();
  const status = openStatus(deps, () => mailboxes.inHand());
  const onWritten = () => {
    tasks.wake();
    outbox.wake();
  };
  const tour = createTourRoom(deps, { taskDesk, onWritten, signal: stopping.signal });
  const handleCommand = createCommandHandler({
    store,
    taskDesk,
    approvals,
    schedules,
    drive,
    status,
    config: deps.config,
    modelSummary: () => live().modelSummary,
    speech: deps.settings.speech,
    people,
    onboarding: tour.onboarding,
    connections: tour.connections,
    hasChannel: (name) => deps.channels.has(name),
    stopTurn: ({ entry }) => mailboxes.interrupt(entry.conversationId, stopReach(people, entry)),
    clock,
    timeZone,
    newId,
    log,
    roleOf,
    onAnswered: onWritten,
    signal: stopping.signal,
  });
  const turns = createTurns(deps, tasks, { tour, outbox, signal: stopping.signal });
  const mailboxes = createMailboxes({
    store,
    clock,
    log,
    handle: turns.handle,
    readBackground: turns.readBackground,
    setAside: (entry) => setAside(deps, entry, outbox.wake),
    whileAnswering: () => live().whileAnswering,
  });
  tasks.onEnded(tour.follow);
  const { receive, takeUpAll } = createReception(deps, mailboxes, handleCommand);

  return {
    desk: createDesk({
      store,
      checkpoints: deps.checkpoints,
      clock,
      taskDesk,
      drive,
      status,
      config: deps.config,
      people,
      caps: () => live().budget.caps,
    }),
    inbound: noticing(
      {
        receive: (message) =>
          receive(byGivenName(people, message)).catch((error: unknown) => notStored(deps, error)),
        decide: (request) => decide(deps, tasks, byGivenName(people, request)),
        choose: (request) => tour.choose(byGivenName(people, request)),
      },
      { presence, people },
    ),
    async run(signal) {
      const stop = () => {
        mailboxes.stop();
        stopping.abort(signal.reason);
      };
      signal.addEventListener('abort', stop, { once: true });
      await keepTrying(takeUpAll, {
        clock,
        log,
        signal: stopping.signal,
        what: 'what an earlier process left unanswered',
      });
      tour.follow();
      if (!signal.aborted)
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      stop();
      await Promise.all([mailboxes.idle(), turns.idle()]);
    },
  };
}

function openStatus(
  { store, clock, live, settings, trouble }: CoordinatorDeps,
  answering: () => StatusView['answering'],
): StatusReader {
  return createStatusReader({
    store,
    clock,
    limit: () => live().parallelTasks,
    model: () => live().modelSummary,
    plan: () => live().budget,
    webSearch: settings.webSearch.summary,
    speech: settings.speech,
    trouble,
    answering,
  });
}

/** Answering, and what happens behind the answers. */
function createTurns(
  deps: CoordinatorDeps,
  tasks: TaskRoom,
  { tour, outbox, signal }: { tour: TourRoom; outbox: OutboxWaker; signal: AbortSignal },
): {
  handle: ReturnType<typeof createTurnHandler>;
  readBackground: (conversationId: string) => Promise<Background>;
  idle: () => Promise<void>;
} {
  const { store, clock, log, live, model } = deps;
  const { roleOf } = deps.people;
  const timeZone = () => live().timeZone;
  const { taskDesk, budgets } = tasks;
  const newId = () => deps.ids.newId();
  const onTasksCreated = (created: readonly Task[]) => {
    tasks.relay(created);
    outbox.wakeSoon();
  };
  const runRound = createRoundRunner({ store, taskDesk, clock, timeZone, roleOf, onTasksCreated });
  const draft: ChannelAdapter['draft'] = (piece) => {
    if (live().streaming) deps.channels.get(piece.chat.channel)?.draft(piece);
  };
  const contextTokens = () => live().contextTokens;
  const summariser = createSummariser({
    store,
    model,
    clock,
    log,
    contextTokens,
    signal,
  });
  const context: ContextDeps = {
    store,
    persona: createPersonaReader({ store, objects: deps.objects }),
    wishes: () => wishesText(live()),
    sees: (entry, task) => seesTask({ role: roleOf(entry.sender, entry.chat.channel), entry }, task),
    attachments: createAttachmentReader({ store, objects: deps.objects, canSee: () => live().canSee }),
    gauge: createTokenGauge(),
    tools: COORDINATOR_TOOLS,
    contextTokens,
    answerTokens: ANSWER_TOKENS,
    timeZone,
  };
  const handle = createTurnHandler({
    store,
    model,
    clock,
    newId,
    context,
    log,
    draft,
    expectTasks: tasks.expect,
    runRound,
    roleOf,
    budgets,
    tour: tour.onboarding,
    transcribe: createTranscriber({
      ...deps,
      drive: tasks.drive,
      hears: deps.settings.speech.hearing.isOn,
    }),
    onAnswered: (conversationId, hasStarted) => {
      if (hasStarted) tasks.wake();
      outbox.wake();
      summariser.touch(conversationId);
    },
  });
  return {
    handle,
    readBackground: (conversationId) => readBackground(context, conversationId),
    idle: summariser.idle,
  };
}

/** Turns go to their conversation's mailbox; commands are handled at once, each by one handler only. */
function createSorter(deps: {
  mailboxes: Mailboxes;
  handleCommand: (entry: InboxEntry) => Promise<void>;
  people: People;
  log: Log;
}): (entry: InboxEntry) => void {
  const inHand = new Set<string>();
  return (entry) => {
    if (entry.lane === 'turn') return deps.mailboxes.wroteAgain(entry, stopReach(deps.people, entry));
    if (inHand.has(entry.id)) return;
    inHand.add(entry.id);
    deps
      .handleCommand(entry)
      .catch((error: unknown) =>
        deps.log.error({ err: error, turn: entry.id }, 'a command waits for the next start'),
      )
      .finally(() => inHand.delete(entry.id));
  };
}

/** Whose answers somebody may break off, by a command or by writing on: the owner everybody's (null), others their own. */
function stopReach({ roleOf }: People, { sender, chat }: Pick<InboxEntry, 'sender' | 'chat'>): Sender | null {
  return roleOf(sender, chat.channel) === 'owner' ? null : sender;
}

/**
 * Takes messages in and hands each to whoever handles it; also those that were accepted and of which nobody here was told:
 * by an earlier process, or the answer to their being stored was lost.
 */
function createReception(
  { store, clock, log, people, ids }: CoordinatorDeps,
  mailboxes: Mailboxes,
  handleCommand: (entry: InboxEntry) => Promise<void>,
) {
  const onAccepted = createSorter({ mailboxes, handleCommand, people, log });
  async function takeUp(conversationId: string): Promise<void> {
    for (const entry of await store.inbox.pending(conversationId, 'command')) onAccepted(entry);
    mailboxes.wake(conversationId);
  }
  return {
    receive: createIntake({
      store,
      clock,
      newId: () => ids.newId(),
      roleOf: people.roleOf,
      onArriving: mailboxes.expect,
      onAccepted,
      onRepeated: (conversation) =>
        void takeUp(conversation).catch((error: unknown) =>
          log.error({ err: error, conversation }, 'a message that came again waits for another'),
        ),
    }),
    async takeUpAll() {
      for (const conversationId of await store.inbox.pendingConversations()) await takeUp(conversationId);
    },
  };
}

/** A message that always fails is set aside, and its sender told once. */
async function setAside(deps: CoordinatorDeps, entry: InboxEntry, wakeOutbox: () => void): Promise<void> {
  const now = deps.clock.now();
  await deps.store.transaction(async (records) => {
    await records.inbox.setAside(entry.id, now);
    const text = failureText({ code: 'message-set-aside' });
    await records.outbox.add(
      replyEntry(deps.ids.newId(), entry, text, { kind: 'turn', turnId: entry.id, also: [], tasks: [] }),
      now,
    );
  });
  wakeOutbox();
}

function notStored(deps: CoordinatorDeps, error: unknown): Accepted {
  deps.log.error({ err: error }, 'a message could not be stored');
  const code = error instanceof CoordinatorFenced ? 'taken-over' : 'database-away';
  return { kind: 'refused', failure: { code } };
}

function byGivenName<Said extends { readonly sender: Sender; readonly chat: ChatAddress }>(
  people: People,
  said: Said,
): Said {
  return { ...said, sender: people.called(said.sender, said.chat.channel) };
}

/** Decisions from buttons and API: the same role check and the same desk as the typed commands. */
async function decide(
  deps: CoordinatorDeps,
  tasks: TaskRoom,
  request: Parameters<Inbound['decide']>[0],
): ReturnType<Inbound['decide']> {
  if (deps.people.roleOf(request.sender, request.chat.channel) !== 'owner')
    return { kind: 'refused', failure: { code: 'approval-not-yours' } };
  const decided = await tasks.approvals.decide(request.code, request.decision, request.sender.name);
  if (decided.kind === 'refused') return decided;
  return { kind: 'decided', sentence: answerSentence(decided.approval) };
}
