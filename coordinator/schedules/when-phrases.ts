/** Days as people say them, and the time of a day: the words of `read-when.ts`. */

const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const WEEKDAY = '(?:sun|mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?)(?:days?)?';
const AND = '(?:\\s*,\\s*(?:and\\s+)?|\\s+and\\s+|\\s*&\\s*|\\s*\\+\\s*)';
const WEEKDAY_LIST = `${WEEKDAY}\\b(?:${AND}${WEEKDAY}\\b)*`;
const ORDINAL = '\\d{1,2}(?:st|nd|rd|th)?\\b|last(?:\\s+day)?\\b';
const MONTH = '(?:every|each|the)\\s+month';

/** “09:00”, “at 9”, “9 am”, “at noon”; a bare number needs its “at”. */
export const TIME =
  "(?:(?:at\\s+)?(?<clock>\\d{1,2}[:.]\\d{2}(?:\\s*[ap]m)?|\\d{1,2}\\s*[ap]m|noon|midday|midnight)|at\\s+(?<bare>\\d{1,2})(?:\\s*o['’]?clock)?)(?!\\w|:\\d)";

/** Days that come again. */
export const DAY = `(?:(?<daily>daily|(?:every|each)\\s*day)|(?<working>(?:every\\s+|on\\s+)?(?:week|work|working\\s+)days?)|(?<weekend>(?:every\\s+|on\\s+)?weekend(?:s|\\s+days?)?)|(?:every|each|weekly(?:\\s+on)?|every\\s+week\\s+on)\\s+(?<weekdays>${WEEKDAY_LIST})|(?:on\\s+)?(?<plural>(?:sun|mon|tues|wednes|thurs|fri|satur)days\\b(?:${AND}${WEEKDAY}\\b)*)|(?:monthly|${MONTH})(?:\\s*,)?(?:\\s+on)?(?:\\s+the)?\\s+(?<monthly>${ORDINAL})|(?:on\\s+)?(?:the\\s+|every\\s+)?(?<dayOf>${ORDINAL})\\s+(?:day\\s+)?of\\s+${MONTH}(?:\\s+that\\s+has\\s+one)?)(?![\\w])`;

/** A day that comes once. */
export const ONE_DAY = `(?:(?:(?<today>today)|(?<tomorrow>tomorrow)|(?:on\\s+|next\\s+|this\\s+)?(?<weekday>${WEEKDAY}))(?![\\w'’])|(?:on\\s+)?(?<date>\\d{4}-\\d{2}-\\d{2})(?!\\d))`;

export type DayPhrase =
  /** As fields of a cron expression. */
  | { readonly kind: 'again'; readonly dayOfMonth: string; readonly weekdays: string }
  | {
      readonly kind: 'once';
      readonly day:
        | { readonly kind: 'date'; readonly text: string }
        | { readonly kind: 'from-today'; readonly days: number }
        /** The next one; 0 is Sunday. */
        | { readonly kind: 'weekday'; readonly weekday: number };
    };

/** The day that the groups of `DAY` or `ONE_DAY` hold. */
export function dayPhrase(groups: Readonly<Record<string, string>>): DayPhrase | null {
  if ('daily' in groups) return again('*', '*');
  if ('working' in groups) return again('*', '1-5');
  if ('weekend' in groups) return again('*', '0,6');
  const list = groups['weekdays'] ?? groups['plural'];
  if (list !== undefined) return again('*', weekdaysOf(list).join(','));
  const ordinal = groups['monthly'] ?? groups['dayOf'];
  if (ordinal !== undefined)
    return again(/^last/i.test(ordinal) ? 'L' : String(Number.parseInt(ordinal, 10)), '*');
  if ('today' in groups) return { kind: 'once', day: { kind: 'from-today', days: 0 } };
  if ('tomorrow' in groups) return { kind: 'once', day: { kind: 'from-today', days: 1 } };
  const [weekday] = weekdaysOf(groups['weekday'] ?? '');
  if (weekday !== undefined) return { kind: 'once', day: { kind: 'weekday', weekday } };
  const { date } = groups;
  return date === undefined ? null : { kind: 'once', day: { kind: 'date', text: date } };
}

/** The time that the groups of `TIME` hold; null for one that no clock shows, such as 25:00. */
export function timeOfDay(
  groups: Readonly<Record<string, string>>,
): { readonly hour: number; readonly minute: number } | null {
  const text = (groups['clock'] ?? groups['bare'] ?? '').toLowerCase();
  if (text === 'noon' || text === 'midday') return { hour: 12, minute: 0 };
  if (text === 'midnight') return { hour: 0, minute: 0 };
  const [, hours = '', minutes = '0', half] = /^(\d{1,2})(?:[:.](\d{2}))?\s*([ap]m)?$/.exec(text) ?? [];
  const [said, minute] = [Number(hours), Number(minutes)];
  if (hours === '' || minute > 59 || (half ? said < 1 || said > 12 : said > 23)) return null;
  return { hour: half ? (said % 12) + (half === 'pm' ? 12 : 0) : said, minute };
}

function again(dayOfMonth: string, weekdays: string): DayPhrase {
  return { kind: 'again', dayOfMonth, weekdays };
}

/** Numbers of the days that a list names, each once, in the order of the week from Sunday. */
function weekdaysOf(list: string): number[] {
  const named = (list.toLowerCase().match(/[a-z]+/g) ?? []).flatMap((word) => {
    const weekday = WEEKDAYS.findIndex((name) => word.startsWith(name));
    return weekday < 0 ? [] : [weekday];
  });
  return [...new Set(named)].sort();
}
