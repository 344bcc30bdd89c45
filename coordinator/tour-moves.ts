import {
  type AuditEvent,
  type Card,
  type Clock,
  type Conversation,
  type Records,
  type TaskId,
  TOUR_STEPS,
  type Tour,
  type TourStep,
} from '@reeve/core';
import { connectCard, connectKey } from './connect-card.ts';
import type { ConnectionsReader } from './connections.ts';
import type { TaskDesk } from './task-desk.ts';
import type { Act } from './tour-acts.ts';
import { answeredCard, type Surroundings, stepCard, tourEntry, WHAT_ELSE } from './tour-cards.ts';
import type { TourJob } from './tour-first-job.ts';

/** What to say, and what belongs into the transaction that says it. */
export interface TourMove {
  readonly sentence: string;
  commit(records: Records): Promise<void>;
}

/** Somebody answered first, so the job of this answer was not started. */
export class TourGoneOn extends Error {
  constructor() {
    super('the tour had gone on meanwhile');
    this.name = 'TourGoneOn';
  }
}

/** Which task the tour waits for from now on. */
type TaskOf = (conversation: Conversation) => Promise<TaskId | null>;

/** How a station ends. */
export interface NextStep {
  readonly sentence: string;
  readonly hasTask: boolean;
  readonly task: TaskOf;
  /** What closes the tour, when this was its last station. */
  readonly menu: Card | null;
  /** What its last words add; null for nothing. */
  readonly closing: string | null;
}

/** What writes the tour's cards and takes it from one station to the next. */
export interface TourMoves {
  /** Sends the card of the step that is open. */
  show(records: Records, tour: Tour, conversation: Conversation): Promise<void>;
  /** The old card ends, so that nobody taps a button that means nothing any more. */
  fold(records: Records, tour: Tour, sentence: string): Promise<void>;
  /** Does nothing, starts nothing and returns false when the tour has gone on meanwhile. */
  goOnFrom(records: Records, tour: Tour, step: NextStep): Promise<boolean>;
  /** What an answer came to, ready to be committed; that throws `TourGoneOn` when its job was not started. */
  move(tour: Tour, by: string, act: Act): Promise<TourMove>;
}

export interface TourMovesDeps {
  readonly taskDesk: Pick<TaskDesk, 'createWithin'>;
  readonly surroundings: () => Surroundings;
  readonly connections: ConnectionsReader;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** A step, what it starts and the next card are written in the caller's transaction. */
export function createTourMoves(deps: TourMovesDeps): TourMoves {
  const { clock } = deps;

  async function show(records: Records, tour: Tour, conversation: Conversation): Promise<void> {
    if (tour.step === null) return;
    const card = stepCard(tour, tour.step, deps.surroundings());
    await records.outbox.add(tourEntry(deps.newId(), conversation, card), clock.now());
  }

  async function fold(records: Records, tour: Tour, sentence: string): Promise<void> {
    const conversation = await records.conversations.get(tour.conversationId);
    if (tour.step === null || !conversation) return;
    const card = answeredCard(tour, tour.step, sentence);
    await records.outbox.add(tourEntry(deps.newId(), conversation, card), clock.now());
  }

  async function goOnFrom(
    records: Records,
    tour: Tour,
    { sentence, hasTask, task, menu, closing }: NextStep,
  ): Promise<boolean> {
    const now = clock.now();
    const step = stepAfter(tour.step, hasTask);
    const conversation = await records.conversations.get(tour.conversationId);
    if (!conversation || !(await records.tours.advance(tour, step, now))) return false;
    await fold(records, tour, sentence);
    const waitsFor = await task(conversation);
    const firstTask = tour.step === 'first-job' ? waitsFor : tour.firstTask;
    if (waitsFor !== null) await records.tours.put({ ...tour, step, task: waitsFor, firstTask, at: now });
    if (step === null) await records.outbox.add(lastWords(deps.newId(), conversation, closing), now);
    if (step === null && menu) await records.outbox.add(tourEntry(deps.newId(), conversation, menu), now);
    await show(records, { ...tour, step }, conversation);
    return true;
  }

  async function move(tour: Tour, by: string, { sentence, job, closing = null }: Act): Promise<TourMove> {
    const hasTask = job !== null;
    const isLast = stepAfter(tour.step, hasTask) === null;
    const menu = isLast ? connectCard(connectKey(tour.entry), await deps.connections()) : null;
    return {
      sentence,
      async commit(records) {
        const audit: AuditEvent[] = [];
        const task: TaskOf = async (conversation) => {
          if (!job) return null;
          const started = await start(deps, records, { tour, conversation, job, by });
          audit.push(started.audit);
          return started.task.id;
        };
        const hasGoneOn = await goOnFrom(records, tour, { sentence, hasTask, task, menu, closing });
        if (hasTask && !hasGoneOn) throw new TourGoneOn();
        for (const event of audit) await records.audit.append(event, clock.now());
      },
    };
  }

  return { show, fold, goOnFrom, move };
}

function start(
  { taskDesk }: TourMovesDeps,
  records: Records,
  given: { tour: Tour; conversation: Conversation; job: TourJob; by: string },
) {
  const { id: conversationId, chat } = given.conversation;
  const { title, goal, words } = given.job;
  const entry = { id: given.tour.entry, conversationId, chat, text: words };
  return taskDesk.createWithin(records, { title, goal, entry, origin: { kind: 'owner', person: given.by } });
}

/** The station after this one; the waits for a task only when one was started. */
function stepAfter(step: TourStep | null, hasStarted: boolean): TourStep | null {
  const later = step === null ? [] : TOUR_STEPS.slice(TOUR_STEPS.indexOf(step) + 1);
  return later.find((next) => hasStarted || (next !== 'result' && next !== 'answer')) ?? null;
}

function lastWords(id: string, { id: conversationId, chat }: Conversation, closing: string | null) {
  return {
    id,
    conversationId,
    chat,
    content: { kind: 'text', markdown: closing === null ? WHAT_ELSE : `${WHAT_ELSE}\n\n${closing}` },
    about: { kind: 'notice' },
    replyTo: null,
    urgency: 'answer',
    cardKey: null,
  } as const;
}
