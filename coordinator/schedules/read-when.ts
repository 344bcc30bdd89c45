import {
  type Failure,
  type ScheduleRule,
  shorten,
  showHiddenInLine,
  timeZone as zoneSchema,
} from '@reeve/core';
import { checkCron } from './next-run.ts';
import { DAY, type DayPhrase, dayPhrase, ONE_DAY, TIME, timeOfDay } from './when-phrases.ts';
import { createZoneClock } from './zone-clock.ts';

export type WhenReading =
  /** `rest` is what follows the words about time. */
  | {
      readonly kind: 'when';
      readonly rule: ScheduleRule;
      readonly timeZone: string;
      readonly rest: string;
    }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What words about time are read against. */
export interface WhenContext {
  /** What “tomorrow” and “in 20 minutes” count from. */
  readonly now: Date;
  /** Unless the words name another. */
  readonly timeZone: string;
}

/** A rule in the making: a cron expression, or a wall time or moment that is still to be checked. */
type Found =
  | { readonly kind: 'cron'; readonly expression: string }
  | { readonly kind: 'wall'; readonly day: DayOnce; readonly hour: number; readonly minute: number }
  | { readonly kind: 'moment'; readonly at: Date }
  | { readonly kind: 'failed'; readonly failure: Failure };

type DayOnce = Extract<DayPhrase, { kind: 'once' }>['day'];
type Read = (groups: Readonly<Record<string, string>>, context: WhenContext) => Found;

const FIELD = '[\\d*][\\d*,/-]*';
const NAMED = '(?:[\\d*,/#L-]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT)+';
const CRON = `(?<cron>${FIELD}\\s+${FIELD}\\s+[\\d*L][\\d*,/LW-]*\\s+${NAMED}\\s+${NAMED})(?=[\\s:]|$)`;
const COUNT = '(?:(?<count>\\d{1,6})\\s+)?';

/** The first that fits counts; each stands at the beginning of the words. */
const PHRASES: readonly { readonly pattern: RegExp; readonly read: Read }[] = [
  {
    pattern: begin(CRON),
    read: ({ cron = '' }) => ({ kind: 'cron', expression: cron.replace(/\s+/g, ' ') }),
  },
  { pattern: begin('hourly\\b'), read: () => everyMinutes(60) },
  {
    pattern: begin(`(?:every|each)\\s+${COUNT}(?<unit>minutes?|mins?|hours?|hrs?)\\b`),
    read: ({ count = '1', unit = '' }) => everyMinutes(Number(count) * (isHours(unit) ? 60 : 1)),
  },
  {
    pattern: begin(
      `in\\s+(?:(?<count>\\d{1,6})|an?)\\s+(?<unit>seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?)\\b`,
    ),
    read: ({ count = '1', unit = '' }, { now }) => ({
      kind: 'moment',
      at: new Date(now.getTime() + Number(count) * unitMs(unit)),
    }),
  },
  { pattern: begin(`${DAY}(?:\\s*,)?\\s+${TIME}`), read: readDay },
  { pattern: begin(`${TIME}(?:\\s*,)?\\s+${DAY}`), read: readDay },
  { pattern: begin(`${ONE_DAY}(?:\\s*,)?[\\sT]+${TIME}`), read: readDay },
  { pattern: begin(`${TIME}(?:\\s*,)?\\s+${ONE_DAY}`), read: readDay },
  {
    pattern: begin(`(?:${DAY}|${ONE_DAY}|${TIME}|monthly\\b|weekly\\b|every\\s+(?:week|month)\\b)`),
    read: () => unclear('the day or the time of day, such as 09:00, is missing'),
  },
];

/** Where zones lie. Other words around a slash, such as CI/CD, are part of what is to be done. */
const REGION =
  '(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Brazil|Canada|Chile|Etc|Europe|Indian|Mexico|Pacific|US)';
const ZONE = new RegExp(
  `^\\s*,?\\s*(?:in\\s+)?\\(?(?<zone>${REGION}(?:/[A-Za-z0-9_+-]+)+|UTC(?![+-]\\d))(?![\\w/])\\)?`,
);
/** People write these, and mean a zone that the letters alone do not name: IST is Ireland, Israel and India. */
const SHORT_ZONE =
  /^\s*,?\s*(?:in\s+)?\(?(?<short>(?:UTC|GMT)[+-]\d[\d:]*|GMT|BST|WES?T|CES?T|EES?T|MSK|[ECMP][SD]T|A[EC][SD]T|AWST|IST|JST)(?![\w/])/;
/** Narrows the times further than they were read: taken for the job, it would run far more often than was meant. */
const NARROWER =
  /^\s*,?\s*(?:(?:between|from)\s+\d+|(?:un)?till?\s|except\b|but\s+not\b|starting\b|(?:and|or)\s+(?:at\s+)?\d+|for\s+\d+\s+(?:days?|weeks?|months?|times)\b|on\s+(?:week|work|sun|mon|tues|wednes|thurs|fri|satur)(?:days?|ends?)\b)/i;
/** What stands behind a cron expression of six fields that was read as five. */
const SIXTH_FIELD = /^\s+[\d*][\d*,/-]*(?=\s|$)/;
/** What may stand between the words about time and what is to be done. */
const SEPARATOR = /^[\s,:;.–—-]+/;

/**
 * Reads words about time at the beginning of a text: “every Monday 09:00”, “weekdays 07:30”, “monthly 1st 10:00”, “every
 * 2 hours”, “tomorrow 09:00”, “2026-12-01 10:00”, “in 20 minutes”, a cron expression of five fields; a time zone may
 * follow. What comes more often than every five minutes, or never, is a failure that says so.
 */
export function readWhen(text: string, context: WhenContext): WhenReading {
  const words = text.trim();
  for (const { pattern, read } of PHRASES) {
    const match = pattern.exec(words);
    if (!match) continue;
    const behind = words.slice(match[0].length);
    const short = SHORT_ZONE.exec(behind)?.groups?.['short'];
    if (short !== undefined)
      return unclear(`a time zone is named by its city, such as Europe/Berlin, so not ${shown(short)}`);
    const zone = ZONE.exec(behind);
    const timeZone = zone?.groups?.['zone'] ?? context.timeZone;
    if (!zoneSchema.safeParse(timeZone).success) return unclear(`there is no time zone ${shown(timeZone)}`);
    const checked = check(read(given(match.groups), context), { ...context, timeZone });
    if (checked.kind === 'failed') return checked;
    const tail = behind.slice(zone?.[0].length ?? 0);
    const excess = excessIn(tail, match.groups?.['cron'] !== undefined);
    if (excess !== null) return unclear(excess);
    return { kind: 'when', rule: checked, timeZone, rest: tail.replace(SEPARATOR, '').trim() };
  }
  return unclear(shown(words));
}

/** What is said of the times beyond what was read, and cannot be kept; null when nothing is. */
function excessIn(tail: string, isCron: boolean): string | null {
  if (isCron && SIXTH_FIELD.test(tail))
    return 'a cron expression has five fields, from minutes to days of the week; put a colon behind it before a number';
  const narrower = NARROWER.exec(tail)?.[0];
  return narrower === undefined
    ? null
    : `I cannot keep to ${shown(narrower)} as well; a cron expression can, such as 0 9-17 * * 1-5`;
}

/** Reads a text that is about time and nothing else. */
export function readWhenOnly(text: string, context: WhenContext): WhenReading {
  const reading = readWhen(text, context);
  return reading.kind === 'when' && reading.rest !== '' ? unclear(shown(reading.rest)) : reading;
}

function check(
  found: Found,
  { now, timeZone }: WhenContext,
): ScheduleRule | Extract<Found, { kind: 'failed' }> {
  switch (found.kind) {
    case 'failed':
      return found;
    case 'cron': {
      const verdict = checkCron(found.expression, now);
      return verdict === 'fine' ? found : failed(CRON_FAILURES[verdict], shown(found.expression));
    }
    case 'moment':
      return onceAt(found.at, now);
    case 'wall':
      return onceAt(momentOf(found, now, timeZone), now);
  }
}

function onceAt(at: Date | null, now: Date): ScheduleRule | Extract<Found, { kind: 'failed' }> {
  return at !== null && at > now && at.getTime() - now.getTime() < FURTHEST_MS
    ? { kind: 'once', at }
    : failed('schedule-never');
}

const CRON_FAILURES = {
  malformed: 'schedule-when-unclear',
  'too-often': 'schedule-too-often',
  never: 'schedule-never',
} as const;

const DAY_MS = 24 * 60 * 60_000;
/** Ten years. */
const FURTHEST_MS = 3652 * DAY_MS;

/** Null for a date that no calendar has. */
function momentOf(
  { day, hour, minute }: Extract<Found, { kind: 'wall' }>,
  now: Date,
  timeZone: string,
): Date | null {
  const zone = createZoneClock(timeZone);
  const today = Math.floor(zone.wallOf(now) / DAY_MS) * DAY_MS;
  const ofDay = (hour * 60 + minute) * 60_000;
  switch (day.kind) {
    case 'date': {
      const date = new Date(`${day.text}T00:00:00.000Z`);
      if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== day.text) return null;
      return zone.momentOf(date.getTime() + ofDay);
    }
    case 'from-today':
      return zone.momentOf(today + day.days * DAY_MS + ofDay);
    case 'weekday': {
      const ahead = (day.weekday - new Date(today).getUTCDay() + 7) % 7;
      const first = zone.momentOf(today + ahead * DAY_MS + ofDay);
      return first > now ? first : zone.momentOf(today + (ahead + 7) * DAY_MS + ofDay);
    }
  }
}

function readDay(groups: Readonly<Record<string, string>>): Found {
  const time = timeOfDay(groups);
  const phrase = dayPhrase(groups);
  if (!time || !phrase) return unclear('the time of day is not one that a clock shows');
  if (phrase.kind === 'again' && (phrase.dayOfMonth === '0' || Number(phrase.dayOfMonth) > 31))
    return unclear('the days of a month are the 1st to the 31st');
  if (phrase.kind === 'once') return { kind: 'wall', day: phrase.day, ...time };
  return {
    kind: 'cron',
    expression: `${time.minute} ${time.hour} ${phrase.dayOfMonth} * ${phrase.weekdays}`,
  };
}

/** Every so many minutes, counted from midnight: only spans that fill an hour or a day evenly come round so. */
function everyMinutes(minutes: number): Found {
  if (minutes < 5) return failed('schedule-too-often');
  if (minutes < 60 && 60 % minutes === 0) return { kind: 'cron', expression: `*/${minutes} * * * *` };
  const hours = minutes / 60;
  if (hours === 1) return { kind: 'cron', expression: '0 * * * *' };
  if (hours === 24) return { kind: 'cron', expression: '0 0 * * *' };
  if (Number.isInteger(hours) && hours < 24 && 24 % hours === 0)
    return { kind: 'cron', expression: `0 */${hours} * * *` };
  return failed('schedule-uneven');
}

function isHours(unit: string): boolean {
  return /^h/i.test(unit);
}

function unitMs(unit: string): number {
  if (/^s/i.test(unit)) return 1000;
  if (/^m/i.test(unit)) return 60_000;
  if (isHours(unit)) return 60 * 60_000;
  return /^d/i.test(unit) ? DAY_MS : 7 * DAY_MS;
}

function begin(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})`, 'i');
}

function given(groups: RegExpExecArray['groups']): Record<string, string> {
  return Object.fromEntries(Object.entries(groups ?? {}).filter(([, value]) => value !== undefined));
}

function shown(words: string): string {
  return `“${shorten(showHiddenInLine(words), 60)}”`;
}

function unclear(about: string): { readonly kind: 'failed'; readonly failure: Failure } {
  return failed('schedule-when-unclear', about);
}

function failed(
  code: Failure['code'],
  about?: string,
): { readonly kind: 'failed'; readonly failure: Failure } {
  return { kind: 'failed', failure: about === undefined ? { code } : { code, about } };
}
