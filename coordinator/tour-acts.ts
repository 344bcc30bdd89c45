import {
  type Failure,
  type Outcome,
  parseDrivePath,
  type Store,
  shorten,
  showHiddenInLine,
  type Tour,
  type TourStep,
} from '@reeve/core';
import type { SettingsDesk } from './settings-desk.ts';
import { FIRST_JOBS, TOUR_TIMES } from './tour-cards.ts';
import { linkJob, readFilesJob, type TourJob } from './tour-first-job.ts';

/** What an answer on the tour came to. */
export interface Act {
  readonly sentence: string;
  readonly job: TourJob | null;
  /** What the tour's last words add. */
  readonly closing?: string | null;
}

export interface TourActDeps {
  readonly store: Pick<Store, 'files' | 'tasks'>;
  readonly config: Pick<SettingsDesk, 'change'>;
  readonly timeZone: () => string;
}

interface Said {
  readonly tour: Tour;
  /** The person's name. */
  readonly by: string;
}

/** What an answer does at once, and the job it starts. Safe to repeat: the tour has not gone on yet. */
export async function actOn(
  deps: TourActDeps,
  step: TourStep,
  option: string,
  said: Said,
): Promise<Outcome<Act>> {
  switch (step) {
    case 'time-zone':
      if (option === 'yes') return done(`Your time zone is ${deps.timeZone()}.`);
      return set(deps, step, option, said);
    case 'tone':
    case 'quiet-hours':
      return set(deps, step, option, said);
    case 'first-job':
      return firstJob(deps, option);
    case 'question':
      return ask(deps, said.tour);
    case 'result':
    case 'answer':
      return unknown(option);
  }
}

/** One of the jobs that the card offers, a link, or a file of the owner's. */
async function firstJob({ store }: TourActDeps, option: string): Promise<Outcome<Act>> {
  const job = FIRST_JOBS.get(option);
  if (job) return done(`${job.label}: started.`, { title: job.label, goal: job.goal, words: '' });
  if (/^https?:\/\/\S+$/i.test(option) && URL.canParse(option)) return started(linkJob(option, option));
  const path = parseDrivePath(option);
  const file = path.kind === 'path' ? await store.files.get(path.path) : null;
  return file ? started(readFilesJob([file.path])) : unknown(option);
}

function started({ sentence, job }: ReturnType<typeof readFilesJob>): Outcome<Act> {
  return done(sentence, job);
}

/** A small task whose worker asks to do the first job again every week; the primes where there was none. */
async function ask({ store }: TourActDeps, { firstTask }: Tour): Promise<Outcome<Act>> {
  const first = firstTask && (await store.tasks.get(firstTask));
  const goal = first?.goal ?? FIRST_JOBS.get('primes')?.goal ?? '';
  return done('A worker asks you in a moment.', {
    title: 'Ask whether to do it every Monday',
    goal: `Schedule ${TOUR_TIMES}: ${goal}`,
    words: '',
  });
}

async function set(
  { config }: TourActDeps,
  name: 'time-zone' | 'tone' | 'quiet-hours',
  text: string,
  { tour, by }: Said,
): Promise<Outcome<Act>> {
  const request = `tour:${tour.entry}:${name}:${text}`;
  const changed = await config.change({ name, text, why: 'you chose it on the tour', by, request });
  if (changed.kind === 'failed') return changed;
  const label = name === 'tone' ? 'Tone' : name === 'time-zone' ? 'Time zone' : 'Quiet hours';
  return done(`${label}: ${showHiddenInLine(changed.value.after.value)}.`);
}

function done(sentence: string, job: TourJob | null = null) {
  return { kind: 'ok', value: { sentence, job } } as const;
}

function unknown(option: string): { readonly kind: 'failed'; readonly failure: Failure } {
  return {
    kind: 'failed',
    failure: { code: 'choice-unknown', about: shorten(showHiddenInLine(option), 40) },
  };
}
