import { dateFormats, type Schedule, type ScheduleRule } from '@reeve/core';
import { momentText } from '../wording.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

/** A rule as a person would say it, with its zone: `every Monday at 09:00, Europe/Paris`. */
export function whenText({ rule, timeZone }: Pick<Schedule, 'rule' | 'timeZone'>): string {
  return `${ruleText(rule, timeZone)}, ${timeZone}`;
}

function ruleText(rule: ScheduleRule, timeZone: string): string {
  if (rule.kind === 'once') return `once, ${fullMoment(rule.at, timeZone)}`;
  return sayCron(rule.expression) ?? `by the cron rule \`${rule.expression}\``;
}

/** The usual shapes in words; null for the others. */
function sayCron(expression: string): string | null {
  const [minute = '', hour = '', dayOfMonth = '', month = '', weekdays = ''] = expression.split(' ');
  if (month !== '*') return null;
  const isEveryDay = dayOfMonth === '*' && weekdays === '*';
  if (isEveryDay && hour === '*') {
    if (minute === '0') return 'every hour';
    const step = /^\*\/(\d+)$/.exec(minute)?.[1];
    return step && 60 % Number(step) === 0 ? `every ${step} minutes` : null;
  }
  const hours = /^\*\/(\d+)$/.exec(hour)?.[1];
  if (isEveryDay && hours && minute === '0' && 24 % Number(hours) === 0) return `every ${hours} hours`;
  if (!/^\d{1,2}$/.test(minute) || !/^\d{1,2}$/.test(hour)) return null;
  const days = isEveryDay ? 'every day' : sayDays(dayOfMonth, weekdays);
  return days && `${days} at ${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
}

function sayDays(dayOfMonth: string, weekdays: string): string | null {
  if (dayOfMonth === '*') {
    if (weekdays === '1-5') return 'every weekday';
    if (weekdays === '0,6') return 'every weekend day';
    if (!/^[0-6](?:,[0-6])*$/.test(weekdays)) return null;
    return `every ${andList(weekdays.split(',').map((day) => DAYS[Number(day)] ?? day))}`;
  }
  if (weekdays !== '*') return null;
  if (dayOfMonth === 'L') return 'on the last day of every month';
  const day = Number(dayOfMonth);
  if (!/^\d{1,2}$/.test(dayOfMonth)) return null;
  return `on the ${ordinal(day)} of every month${day > 28 ? ' that has one' : ''}`;
}

function andList(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function ordinal(day: number): string {
  if (day > 10 && day < 14) return `${day}th`;
  return `${day}${['th', 'st', 'nd', 'rd'][day % 10] ?? 'th'}`;
}

const NEXT_MONTHS_MS = 300 * 24 * 60 * 60_000;

/** When a schedule runs next, with its year where the day alone would be taken for one of the next months. */
export function nextText(at: Date, now: Date, timeZone: string): string {
  return at.getTime() - now.getTime() < NEXT_MONTHS_MS ? momentText(at, timeZone) : fullMoment(at, timeZone);
}

const yearFormat = dateFormats('en-GB', { year: 'numeric' });

/** With its year: a moment may lie far ahead. */
function fullMoment(at: Date, timeZone: string): string {
  const year = yearFormat(timeZone).format(at);
  return momentText(at, timeZone).replace(/,(?=[^,]*$)/, ` ${year},`);
}
