import {
  type Clock,
  type Conversation,
  type Failure,
  type InboxEntry,
  isLive,
  type Outcome,
  type Records,
  type Sender,
  type Store,
  shorten,
  showHiddenInLine,
  type TaskId,
  TOUR_STEPS,
  type Tour,
  type TourStep,
} from '@reeve/core';
import { isLocalOwner } from './people.ts';
import type { TaskDesk } from './task-desk.ts';
import { type Act, actOn, type TourActDeps, type TourJob } from './tour-acts.ts';
import { answeredCard, isOffered, SKIP, stepCard, tourEntry, WHAT_ELSE } from './tour-cards.ts';

/** What to say, and what belongs into the transaction that says it. */
export interface TourMove {
  readonly sentence: string;
  commit(records: Records): Promise<void>;
}

/** Who goes on, and where. */
export interface Guest {
  readonly sender: Sender;
  readonly channel: string;
}

/** The owner's first two minutes. */
export interface Onboarding {
  /** Begins the tour, shows the open step once more, or, once it is over, begins it anew when `again`. */
  begin(entry: InboxEntry, again: boolean): Promise<TourMove>;
  /** Answers the step that is open. */
  choose(guest: Guest, step: string, option: string): Promise<Outcome<TourMove>>;
  /** Goes on wherever the task that a tour waits for is over; true when something was written. */
  follow(): Promise<boolean>;
}

export interface OnboardingDeps extends TourActDeps {
  readonly store: Store;
  readonly taskDesk: Pick<TaskDesk, 'createWithin'>;
  readonly timeZone: () => string;
  /** What the owner wants to be called. */
  readonly ownerName: () => string | undefined;
  readonly clock: Clock;
  readonly newId: () => string;
}

/**
 * time-zone → tone → quiet-hours → first-job → result → question → answer → over; `skip` goes on from each without its
 * answer, and past the wait for a task that was not started. `result` and `answer` go on by themselves when their task is
 * over. Where somebody is stands in the database, and a step, what it starts and the next card commit together: so a
 * restart loses nothing, a second tap does nothing, and whatever else is said meanwhile is answered as always.
 */
export function createOnboarding(deps: OnboardingDeps): Onboarding {
  const { store, clock } = deps;

  async function show(records: Records, tour: Tour, conversation: Conversation): Promise<void> {
    if (tour.step === null) return;
    const card = stepCard(tour, tour.step, deps.timeZone());
    await records.outbox.add(tourEntry(deps.newId(), conversation, card), clock.now());
  }

  /** The old card ends, so that nobody taps a button that means nothing any more. */
  async function fold(records: Records, tour: Tour, sentence: string): Promise<void> {
    const conversation = await records.conversations.get(tour.conversationId);
    if (tour.step === null || !conversation) return;
    const card = answeredCard(tour, tour.step, sentence);
    await records.outbox.add(tourEntry(deps.newId(), conversation, card), clock.now());
  }

  function move(tour: Tour, by: string, { sentence, job }: Act): TourMove {
    const step = stepAfter(tour.step, job !== null);
    return {
      sentence,
      async commit(records) {
        const now = clock.now();
        const conversation = await records.conversations.get(tour.conversationId);
        if (!conversation || !(await records.tours.advance(tour, step, now))) return;
        await fold(records, tour, sentence);
        const started = job && (await start(deps, records, { tour, conversation, job, by }));
        if (started) await records.tours.put({ ...tour, step, task: started.task.id, at: now });
        if (step === null) await records.outbox.add(lastWords(deps.newId(), conversation), now);
        await show(records, { ...tour, step }, conversation);
        if (started) await records.audit.append(started.audit, now);
      },
    };
  }

  async function goOnAfter(tour: Tour & { readonly task: TaskId }): Promise<boolean> {
    const task = await store.tasks.get(tour.task);
    if (task && isLive(task)) return false;
    const sentence = `${tour.task} is over.`;
    await store.transaction(move(tour, tour.person, { sentence, job: null }).commit);
    return true;
  }

  return {
    async begin(entry, again) {
      const { sender, chat, conversationId } = entry;
      const before = await store.tours.get(chat.channel, sender.externalId);
      if (before?.step === null && !again) return { sentence: WHAT_ELSE, commit: async () => undefined };
      const step = again ? TOUR_STEPS[0] : (before?.step ?? TOUR_STEPS[0]);
      const tour: Tour = {
        channel: chat.channel,
        person: sender.externalId,
        conversationId,
        entry: entry.id,
        step,
        task: step === before?.step ? before.task : null,
        at: clock.now(),
      };
      return {
        sentence:
          before && !again
            ? 'We go on where we were.'
            : greeting(deps.ownerName() ?? nameOf(sender, chat.channel)),
        async commit(records) {
          const open = await records.tours.get(chat.channel, sender.externalId);
          if (open) await fold(records, open, 'The tour goes on below.');
          await records.tours.put(tour);
          await show(records, tour, { id: conversationId, chat, createdAt: tour.at });
        },
      };
    },

    async choose({ sender, channel }, step, option) {
      const tour = await store.tours.get(channel, sender.externalId);
      if (tour === null || tour.step === null || tour.step !== step)
        return failed({ code: 'choice-over', about: shorten(showHiddenInLine(step), 40) });
      if (!isOffered(tour.step, option))
        return failed({ code: 'choice-unknown', about: shorten(showHiddenInLine(option), 40) });
      if (option === SKIP)
        return { kind: 'ok', value: move(tour, sender.name, { sentence: 'Skipped.', job: null }) };
      const act = await actOn(deps, tour.step, option, { tour, by: sender.name });
      return act.kind === 'ok' ? { kind: 'ok', value: move(tour, sender.name, act.value) } : act;
    },

    async follow() {
      const waiting = (await store.tours.waiting()).flatMap((tour) =>
        tour.task === null ? [] : [{ ...tour, task: tour.task }],
      );
      const moved = await Promise.all(waiting.map(goOnAfter));
      return moved.includes(true);
    },
  };
}

function start(
  { taskDesk }: OnboardingDeps,
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

function failed(failure: Failure): { readonly kind: 'failed'; readonly failure: Failure } {
  return { kind: 'failed', failure };
}

/** Null for whoever holds the token of the home: their channel knows no name. */
function nameOf(sender: Sender, channel: string): string | null {
  return isLocalOwner(channel, sender.externalId) ? null : sender.name;
}

function greeting(name: string | null): string {
  const hello = name === null ? 'Hello.' : `Hello ${shorten(showHiddenInLine(name), 40)}.`;
  const call = name === null ? ' `/config name Ada` tells me what to call you.' : '';
  return `${hello} I am Reeve: I plan, hand work to workers in sandboxes, and ask before anything that cannot be taken back. Two minutes show you how; skip what you like, and talk about something else whenever you want. \`/start\` brings you back here.${call}`;
}

function lastWords(id: string, { id: conversationId, chat }: Conversation) {
  return {
    id,
    conversationId,
    chat,
    content: { kind: 'text', markdown: WHAT_ELSE },
    about: { kind: 'notice' },
    replyTo: null,
    urgency: 'answer',
    cardKey: null,
  } as const;
}
