import {
  type Clock,
  type Conversation,
  type Failure,
  type InboxEntry,
  type Outcome,
  type Records,
  type Sender,
  type Store,
  shorten,
  showHiddenInLine,
  TOUR_STEPS,
  type Tour,
  type TourStep,
} from '@reeve/core';
import type { Drive } from './drive.ts';
import type { SettingsDesk } from './settings-desk.ts';
import type { TaskDesk } from './task-desk.ts';
import { answeredCard, FIRST_JOBS, isOffered, SKIP, stepCard, tourEntry, WHAT_ELSE } from './tour-cards.ts';

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
}

export interface OnboardingDeps {
  readonly store: Store;
  readonly config: Pick<SettingsDesk, 'change'>;
  readonly taskDesk: Pick<TaskDesk, 'createWithin'>;
  readonly drive: Pick<Drive, 'upload'>;
  readonly timeZone: () => string;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** What an answer came to. */
interface Act {
  readonly sentence: string;
  readonly job: Job | null;
}

/** A job that a step starts. */
interface Job {
  readonly title: string;
  readonly goal: string;
}

/**
 * time-zone → tone → quiet-hours → first-job → question → more → over; `skip` goes on from each without its answer.
 * Where somebody is stands in the database, and a step, what it starts and the next card commit together: so a restart
 * loses nothing, a second tap does nothing, and whatever else is said meanwhile is answered as always.
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

  function move(tour: Tour, sender: Sender, { sentence, job }: Act): TourMove {
    const next = stepAfter(tour.step);
    return {
      sentence,
      async commit(records) {
        const now = clock.now();
        const conversation = await records.conversations.get(tour.conversationId);
        if (!conversation || !(await records.tours.advance(tour, next, now))) return;
        await fold(records, tour, sentence);
        const started = job && (await start(records, tour, conversation, { ...job, by: sender.name }));
        if (next === null) await records.outbox.add(lastWords(deps.newId(), conversation), now);
        await show(records, { ...tour, step: next }, conversation);
        if (started) await records.audit.append(started, now);
      },
    };
  }

  async function start(
    records: Records,
    tour: Tour,
    conversation: Conversation,
    { title, goal, by }: Job & { readonly by: string },
  ) {
    const entry = { id: tour.entry, conversationId: conversation.id, chat: conversation.chat, text: '' };
    const { audit } = await deps.taskDesk.createWithin(records, {
      title,
      goal,
      entry,
      origin: { kind: 'owner', person: by },
    });
    return audit;
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
        at: clock.now(),
      };
      return {
        sentence: before && !again ? 'We go on where we were.' : greeting(sender),
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
        return { kind: 'ok', value: move(tour, sender, { sentence: 'Skipped.', job: null }) };
      const act = await actOn(deps, tour.step, option, { tour, sender });
      return act.kind === 'ok' ? { kind: 'ok', value: move(tour, sender, act.value) } : act;
    },
  };
}

/** What an answer does at once, and the job it starts. Safe to repeat: the tour has not gone on yet. */
async function actOn(
  deps: OnboardingDeps,
  step: TourStep,
  option: string,
  { tour, sender }: { tour: Tour; sender: Sender },
): Promise<Outcome<Act>> {
  switch (step) {
    case 'time-zone':
      if (option === 'yes') return done(`Your time zone is ${deps.timeZone()}.`);
      return set(deps, step, option, { tour, sender });
    case 'tone':
    case 'quiet-hours':
      return set(deps, step, option, { tour, sender });
    case 'first-job': {
      const job = FIRST_JOBS.get(option);
      return job
        ? done(`${job.label}: started.`, { title: job.label, goal: job.goal })
        : failed({ code: 'choice-unknown', about: shorten(showHiddenInLine(option), 40) });
    }
    case 'question': {
      const file = await deps.drive.upload(TOUR_FILE, tourText(), sender.name);
      if (file.kind === 'failed') return file;
      const goal = `Overwrite the file ${file.value.path} with: This line was written after you said yes.`;
      return done('A worker asks you in a moment.', { title: 'Overwrite the file of the tour', goal });
    }
    case 'more':
      return done('Done.');
  }
}

const TOUR_FILE = 'tour.txt';

async function* tourText(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('This file belongs to the tour. You may delete it.\n');
}

async function set(
  deps: OnboardingDeps,
  name: 'time-zone' | 'tone' | 'quiet-hours',
  text: string,
  { tour, sender }: { tour: Tour; sender: Sender },
): Promise<Outcome<Act>> {
  const request = `tour:${tour.entry}:${name}:${text}`;
  const changed = await deps.config.change({ name, text, why: 'said on the tour', by: sender.name, request });
  if (changed.kind === 'failed') return changed;
  return done(`${name}: ${showHiddenInLine(changed.value.after.value)}.`);
}

function done(sentence: string, job: Job | null = null) {
  return { kind: 'ok', value: { sentence, job } } as const;
}

function failed(failure: Failure): { readonly kind: 'failed'; readonly failure: Failure } {
  return { kind: 'failed', failure };
}

function stepAfter(step: TourStep | null): TourStep | null {
  return step === null ? null : (TOUR_STEPS[TOUR_STEPS.indexOf(step) + 1] ?? null);
}

function greeting(sender: Sender): string {
  return `Hello ${shorten(showHiddenInLine(sender.name), 40)}. I am Reeve: I plan, hand work to workers in sandboxes, and ask before anything that cannot be taken back. Two minutes show you how; skip what you like, and talk about something else whenever you want. \`/start\` brings you back here.`;
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
