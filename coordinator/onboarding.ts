import {
  type AuditEvent,
  type Failure,
  type InboxEntry,
  isLive,
  type ObjectStore,
  type Outcome,
  type Records,
  type Role,
  type Sender,
  type Store,
  shorten,
  showHiddenInLine,
  type Task,
  type TaskId,
  TOUR_STEPS,
  type Tour,
} from '@reeve/core';
import { isLocalOwner } from './people.ts';
import { whenText } from './schedules/say-when.ts';
import { actOn, type TourActDeps } from './tour-acts.ts';
import { isOffered, SKIP, WHAT_ELSE } from './tour-cards.ts';
import { firstJobIn, maybeFirstJob } from './tour-first-job.ts';
import { createTourMoves, type TourMove, type TourMovesDeps } from './tour-moves.ts';

/** Who goes on, and where. */
export interface Guest {
  readonly sender: Sender;
  readonly channel: string;
}

/** A message that is the first job, as its turn carries it out within the transaction that answers it. */
export type FirstJobTaken =
  /** It stays a message; the sentence says why. */
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** The model's own answer is the result. */
  | { readonly kind: 'answer'; readonly goOn: GoOn }
  | {
      readonly kind: 'task';
      readonly sentence: string;
      start(records: Records): Promise<{ readonly task: Task; readonly audit: AuditEvent }>;
      readonly goOn: GoOn;
    };

/** Has the tour go on, to wait for the task if there is one. */
type GoOn = (records: Records, task: TaskId | null) => Promise<void>;

/** The owner's first two minutes. */
export interface Onboarding {
  /** Begins the tour, shows the open step once more, or, once it is over, begins it anew when `again`. */
  begin(entry: InboxEntry, again: boolean): Promise<TourMove>;
  /** Answers the step that is open. */
  choose(guest: Guest, step: string, option: string): Promise<Outcome<TourMove>>;
  /** Takes a message as the first job, when the tour asks for one and the message brings one; null for all others. */
  takeFirstJob(entry: InboxEntry, role: Role): Promise<FirstJobTaken | null>;
  /** Goes on wherever the task that a tour waits for is over; true when something was written. */
  follow(): Promise<boolean>;
}

export interface OnboardingDeps extends TourActDeps, TourMovesDeps {
  readonly store: Store;
  readonly objects: Pick<ObjectStore, 'get'>;
  /** What the owner wants to be called. */
  readonly ownerName: () => string | undefined;
}

/**
 * time-zone → tone → quiet-hours → first-job → result → question → answer → over; `skip` goes on from each without its
 * answer, and past the wait for a task that was not started. `result` and `answer` go on by themselves when their task is
 * over. Where somebody is stands in the database, and a step, what it starts and the next card commit together: so a
 * restart loses nothing, a second tap does nothing, and whatever else is said meanwhile is answered as always.
 */
export function createOnboarding(deps: OnboardingDeps): Onboarding {
  const { store, clock } = deps;

  const { show, fold, goOnFrom, move } = createTourMoves(deps);

  async function goOnAfter(tour: Tour & { readonly task: TaskId }): Promise<boolean> {
    const task = await store.tasks.get(tour.task);
    if (task && isLive(task)) return false;
    const closing = tour.step === 'answer' ? await whatCameOf(store, tour.task) : null;
    const sentence = closing ?? `${tour.task} is over.`;
    const moved = await move(tour, tour.person, { sentence, job: null, closing });
    await store.transaction(moved.commit);
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
        firstTask: again ? null : (before?.firstTask ?? null),
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
        return { kind: 'ok', value: await move(tour, sender.name, { sentence: 'Skipped.', job: null }) };
      const act = await actOn(deps, tour.step, option, { tour, by: sender.name });
      return act.kind === 'ok' ? { kind: 'ok', value: await move(tour, sender.name, act.value) } : act;
    },

    async takeFirstJob(entry, role) {
      if (role !== 'owner' || !maybeFirstJob(entry)) return null;
      const { sender, chat, conversationId } = entry;
      const tour = await store.tours.get(chat.channel, sender.externalId);
      if (tour?.step !== 'first-job' || tour.conversationId !== conversationId) return null;
      const found = await firstJobIn({ ...deps, canSee: deps.surroundings().sees }, entry);
      if (found === null || found.kind === 'failed') return found;
      const goOn: GoOn = async (records, task) => {
        await goOnFrom(records, tour, {
          sentence: 'You sent something of your own.',
          hasTask: task !== null,
          task: async () => task,
          menu: null,
          closing: null,
        });
      };
      if (found.kind === 'answer') return { kind: 'answer', goOn };
      const { sentence, job } = found;
      const start = (records: Records) => {
        const { title, goal, words } = job;
        const origin = { kind: 'owner', person: sender.name } as const;
        return deps.taskDesk.createWithin(records, { title, goal, entry: { ...entry, text: words }, origin });
      };
      return { kind: 'task', sentence, start, goOn };
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

/** What the person's answer to the question has come to. */
async function whatCameOf({ schedules }: Store, task: TaskId): Promise<string> {
  const made = (await schedules.standing()).find((schedule) => schedule.task === task);
  return made
    ? `${made.id} does that by itself: ${whenText(made)}. \`/schedule remove ${made.id}\` ends it.`
    : 'Nothing was scheduled.';
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
