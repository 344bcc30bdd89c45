import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWhen, readWhenOnly } from './read-when.ts';
import { nextText, whenText } from './say-when.ts';

/** A Saturday. */
const CONTEXT = { now: new Date('2026-11-21T09:00:00Z'), timeZone: 'Europe/Paris' };

function ruleOf(text: string): string {
  const reading = readWhenOnly(text, CONTEXT);
  if (reading.kind === 'failed') return reading.failure.code;
  return reading.rule.kind === 'cron' ? reading.rule.expression : reading.rule.at.toISOString();
}

describe('words about time', () => {
  it.each([
    ['every Monday 09:00', '0 9 * * 1'],
    ['Every monday at 9', '0 9 * * 1'],
    ['each Tue, Thu and Sun at 6:30 pm', '30 18 * * 0,2,4'],
    ['Mondays at noon', '0 12 * * 1'],
    ['at 09:00 every Monday', '0 9 * * 1'],
    ['weekly on Friday 17:00', '0 17 * * 5'],
    ['every day at 8', '0 8 * * *'],
    ['daily 8am', '0 8 * * *'],
    ['weekdays 07:30', '30 7 * * 1-5'],
    ['every weekday at 12 am', '0 0 * * 1-5'],
    ['weekends at 10:00', '0 10 * * 0,6'],
    ['monthly 1st 10:00', '0 10 1 * *'],
    ['on the 15th of every month at 10:00', '0 10 15 * *'],
    ['every month on the last day, 18:00', '0 18 L * *'],
    ['every 2 hours', '0 */2 * * *'],
    ['every 15 minutes', '*/15 * * * *'],
    ['hourly', '0 * * * *'],
    ['every 60 minutes', '0 * * * *'],
    ['0 9 * * MON-FRI', '0 9 * * MON-FRI'],
    ['tomorrow 09:00', '2026-11-22T08:00:00.000Z'],
    ['today at 23:00', '2026-11-21T22:00:00.000Z'],
    ['2026-12-01 10:00', '2026-12-01T09:00:00.000Z'],
    ['2026-12-01T10:00', '2026-12-01T09:00:00.000Z'],
    ['on Monday at 9', '2026-11-23T08:00:00.000Z'],
    ['Saturday 09:30', '2026-11-28T08:30:00.000Z'],
    ['in 20 minutes', '2026-11-21T09:20:00.000Z'],
    ['in 5 seconds', '2026-11-21T09:00:05.000Z'],
    ['in an hour', '2026-11-21T10:00:00.000Z'],
    ['tomorrow 09:00 Asia/Tokyo', '2026-11-22T00:00:00.000Z'],
    ['every 2 minutes', 'schedule-too-often'],
    ['* * * * *', 'schedule-too-often'],
    ['every 7 minutes', 'schedule-uneven'],
    ['every 5 hours', 'schedule-uneven'],
    ['today at 08:00', 'schedule-never'],
    ['2026-02-30 10:00', 'schedule-never'],
    ['2020-01-01 10:00', 'schedule-never'],
    ['0 0 30 2 *', 'schedule-never'],
    ['monthly 32nd 10:00', 'schedule-when-unclear'],
    ['every Monday', 'schedule-when-unclear'],
    ['every Monday at 25:00', 'schedule-when-unclear'],
    ['every Monday 09:00 Mars/Base', 'schedule-when-unclear'],
    ['in 999999 weeks', 'schedule-never'],
    ['soon', 'schedule-when-unclear'],
    ['', 'schedule-when-unclear'],
  ])('“%s” is %s', (text, rule) => {
    expect(ruleOf(text)).toBe(rule);
  });

  it('leave what follows them', () => {
    const rest = (text: string) => {
      const reading = readWhen(text, CONTEXT);
      return reading.kind === 'when' ? reading.rest : reading.failure.code;
    };
    expect(rest('every Monday 09:00 make a CSV of 20 primes')).toBe('make a CSV of 20 primes');
    expect(rest('every Monday at 09:00: 3 jokes, please')).toBe('3 jokes, please');
    expect(rest('every 2 hours, run date')).toBe('run date');
    expect(rest('0 9 * * 1 run date')).toBe('run date');
    expect(rest('in 20 minutes — say hello')).toBe('say hello');
    expect(rest('weekdays 07:30 UTC run date')).toBe('run date');
    expect(rest('every day at 8 Europe/Berlin: run date')).toBe('run date');
    expect(rest('every Monday 09:00')).toBe('');
    expect(rest('every Monday 09:00 CI/CD report')).toBe('CI/CD report');
    expect(rest('tomorrow 09:00 TEST the mill')).toBe('TEST the mill');
    expect(rest('every Monday 09:00 (UTC) look')).toBe('look');
    expect(rest('0 9 * * 1: 3 jokes')).toBe('3 jokes');
    expect(rest('every day 09:00 from three pages make one')).toBe('from three pages make one');
  });

  it('are no beginnings of other words', () => {
    const about = (text: string) => {
      const reading = readWhen(text, CONTEXT);
      return reading.kind === 'failed' ? reading.failure : reading.rest;
    };
    for (const words of [
      'at 9 monitor the build',
      '18:00 sunset photo',
      "at 9 today's news",
      'at 7 thumbnails',
    ])
      expect(about(words)).toEqual({
        code: 'schedule-when-unclear',
        about: 'the day or the time of day, such as 09:00, is missing',
      });
  });

  it('that fall short are told what they lack', () => {
    const about = (text: string) => {
      const reading = readWhen(text, CONTEXT);
      return reading.kind === 'failed' ? reading.failure.about : reading.rest;
    };
    expect(about('tomorrow feed the geese')).toContain('the time of day, such as 09:00, is missing');
    for (const words of [
      'every hour between 9 and 17 look',
      'every 2 hours on weekdays look',
      'every day at 9 and 17 look',
      'every day 09:00 until Friday look',
      'every Monday 09:00 for 3 weeks look',
    ])
      expect(about(words)).toMatch(
        /^I cannot keep to “(?:between 9|on weekdays|and 17|until|for 3 weeks)” as well/,
      );
    expect(about('0 0 9 * * 1 look')).toContain('a cron expression has five fields');
    expect(about('monthly 32nd 10:00 pay')).toBe('the days of a month are the 1st to the 31st');
    expect(about('monthly 0 10:00 pay')).toBe('the days of a month are the 1st to the 31st');
    expect(about('every Monday 09:00 EST call Ada')).toContain('named by its city, such as Europe/Berlin');
    expect(about('every Monday 09:00 UTC+2 call Ada')).toContain('so not “UTC+2”');
    expect(about('every Monday 09:00 Europe/Pariss call')).toBe('there is no time zone “Europe/Pariss”');
  });

  it('come back as the same rule from the sentence that says it', () => {
    const step = fc.constantFrom('*/5 * * * *', '*/20 * * * *', '0 * * * *', '0 */6 * * *');
    const days = fc.oneof(
      fc.constantFrom('* * *', '* * 1-5', '* * 0,6', 'L * *'),
      fc.integer({ min: 1, max: 31 }).map((day) => `${day} * *`),
      fc
        .uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 6 })
        .map((list) => `* * ${list.toSorted().join(',')}`),
    );
    const timed = fc
      .tuple(fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 23 }), days)
      .map(([minute, hour, rest]) => `${minute} ${hour} ${rest}`);
    fc.assert(
      fc.property(
        fc.oneof(step, timed),
        fc.constantFrom('UTC', 'America/Argentina/Buenos_Aires'),
        (expression, timeZone) => {
          const rule = { kind: 'cron', expression } as const;
          const said = whenText({ rule, timeZone });
          expect(said).not.toContain('cron rule');
          expect(readWhenOnly(said, CONTEXT)).toEqual({ kind: 'when', rule, timeZone, rest: '' });
        },
      ),
    );
  });

  it('never break the reader, and never yield a moment that has passed', () => {
    const words = fc.constantFrom(
      'every',
      'Monday',
      'at',
      '9',
      '09:00',
      '*/5',
      '*',
      'in',
      '20',
      'minutes',
      'tomorrow',
      '2026-12-01',
      '1st',
      'monthly',
      ',',
      ':',
      'UTC',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 8 }).map((list) => list.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const reading = readWhen(text, CONTEXT);
        if (reading.kind === 'when' && reading.rule.kind === 'once')
          expect(reading.rule.at.getTime()).toBeGreaterThan(CONTEXT.now.getTime());
      }),
    );
  });

  it('are said plainly', () => {
    const said = (expression: string) =>
      whenText({ rule: { kind: 'cron', expression }, timeZone: 'Europe/Paris' });
    expect(said('0 9 * * 1')).toBe('every Monday at 09:00, Europe/Paris');
    expect(said('30 7 * * 1-5')).toBe('every weekday at 07:30, Europe/Paris');
    expect(said('5 4 31 * *')).toBe('on the 31st of every month that has one at 04:05, Europe/Paris');
    expect(said('0 9 1 1 *')).toBe('by the cron rule `0 9 1 1 *`, Europe/Paris');
    const once = { kind: 'once', at: new Date('2026-12-01T09:00:00Z') } as const;
    expect(whenText({ rule: once, timeZone: 'Europe/Paris' })).toBe(
      'once, Tue 1 Dec 2026, 10:00, Europe/Paris',
    );
  });

  it('name the year of a day that is far ahead', () => {
    const said = (at: string) => nextText(new Date(at), CONTEXT.now, 'Europe/Paris');
    expect(said('2026-11-29T08:00:00Z')).toBe('Sun 29 Nov, 09:00');
    expect(said('2028-02-29T08:00:00Z')).toBe('Tue 29 Feb 2028, 09:00');
  });
});
