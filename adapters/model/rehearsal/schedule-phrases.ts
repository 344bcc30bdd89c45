import { type JobPlan, refused, use } from './job-steps.ts';

const DAY = '(?:sun|mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?)(?:days?)?';
const BEGINNING = `(?:every|each|daily|hourly|weekly|monthly|(?:on\\s+)?(?:week|work)days?|weekends|today|tomorrow|(?:on|next)\\s+(?:the\\s+\\d|${DAY}\\b)|${DAY}\\b|(?:in|at)\\s+\\d|\\d{4}-\\d{2}-\\d{2})`;
/** “every Monday at 09:00: make a CSV of …”: words about time, a colon with a space behind it, the job. */
const SCHEDULED = new RegExp(`^(?:schedule\\s+)?(?<when>${BEGINNING}.{0,100}?):\\s+(?<goal>\\S.*)$`, 'isu');

/** What is to be done later, and when, each in the person's own words; null when a text does not speak of it. */
export function scheduleWords(text: string): { readonly when: string; readonly goal: string } | null {
  const groups = SCHEDULED.exec(text)?.groups;
  return groups ? { when: (groups['when'] ?? '').trim(), goal: (groups['goal'] ?? '').trim() } : null;
}

/** Asks that a job starts by itself; the owner decides. What the words about time mean, Reeve says. */
export function* askForSchedule({ when, goal }: { when: string; goal: string }): JobPlan {
  const result = yield* use('schedule_create', { when, goal, reason: 'The owner asked for it.' });
  return result.content.startsWith('Scheduled as ')
    ? { ok: true, text: result.content }
    : refused(result, 'did not schedule it');
}
