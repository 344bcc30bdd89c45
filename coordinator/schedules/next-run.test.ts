import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCron, nextRun } from './next-run.ts';

const QUARTER_MS = 15 * 60_000;
const DAY_MS = 96 * QUARTER_MS;

/** The odd ones come up often: gaps of half an hour, changes at midnight, a day that was left out. */
const ODD_ZONES = [
  'Australia/Lord_Howe',
  'America/St_Johns',
  'Asia/Beirut',
  'Africa/Casablanca',
  'Africa/Cairo',
  'Pacific/Apia',
  'Pacific/Chatham',
  'America/Sao_Paulo',
];
const ALL_ZONES = Intl.supportedValuesOf('timeZone');

/** What a zone's wall clocks show, by another way than the code takes. */
function wallsOf(timeZone: string): (moment: number) => number {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return (moment) => Date.parse(`${format.format(moment).replace(' ', 'T')}Z`);
}

/** The days of a year on which a zone changes its clocks; two of the year where it never does. */
function changesIn(year: number, wallOf: (moment: number) => number): number[] {
  const from = Date.UTC(year, 0, 1);
  const ahead = Array.from({ length: 366 }, (_, day) => wallOf(from + day * DAY_MS) - day * DAY_MS);
  const changes = ahead.flatMap((each, day) =>
    each === (ahead[day + 1] ?? each) ? [] : [from + day * DAY_MS],
  );
  return changes.length > 0 ? changes : [Date.UTC(year, 1, 28), Date.UTC(year, 11, 31)];
}

const around = fc
  .record({
    timeZone: fc.oneof(fc.constantFrom(...ODD_ZONES), fc.constantFrom(...ALL_ZONES)),
    // Since then every zone changes at a full quarter of an hour.
    year: fc.integer({ min: 2012, max: 2032 }),
    pick: fc.nat(5),
  })
  .map(({ timeZone, year, pick }) => {
    const wallOf = wallsOf(timeZone);
    const changes = changesIn(year, wallOf);
    return { timeZone, wallOf, from: (changes[pick % changes.length] ?? 0) - DAY_MS };
  });

const quarter = fc.constantFrom(0, 15, 30, 45);
const rules = fc.oneof(
  fc.record({ minute: quarter, hour: fc.integer({ min: 0, max: 4 }) }).map(({ minute, hour }) => ({
    expression: `${minute} ${hour} * * *`,
    fits: (wall: Date) => wall.getUTCHours() === hour && wall.getUTCMinutes() === minute,
  })),
  fc.constantFrom(15, 30).map((step) => ({
    expression: `*/${step} * * * *`,
    fits: (wall: Date) => wall.getUTCMinutes() % step === 0,
  })),
  fc.constantFrom(1, 2, 3).map((hours) => ({
    expression: `0 */${hours} * * *`,
    fits: (wall: Date) => wall.getUTCHours() % hours === 0 && wall.getUTCMinutes() === 0,
  })),
);

/** Every run in a window, one after the other. */
function runsOf(expression: string, timeZone: string, from: number, to: number): number[] {
  const runs: number[] = [];
  for (let after = from; ; ) {
    const next = nextRun({ kind: 'cron', expression }, timeZone, new Date(after));
    if (!next || next.getTime() > to) return runs;
    runs.push(next.getTime());
    after = next.getTime();
  }
}

describe('the next run', () => {
  it('comes once for each wall time of the rule, at the first moment when the clock has come so far', () => {
    fc.assert(
      fc.property(around, rules, ({ timeZone, wallOf, from }, { expression, fits }) => {
        const to = from + 3 * DAY_MS;
        const moments = Array.from({ length: 5 * 96 }, (_, step) => from - DAY_MS + step * QUARTER_MS);
        const seen = moments.map((moment) => ({ moment, wall: wallOf(moment) }));
        const [first = 0, last = 0] = [seen[0]?.wall, seen.at(-1)?.wall];
        const expected = new Set<number>();
        for (let wall = first; wall <= last; wall += QUARTER_MS) {
          if (!fits(new Date(wall))) continue;
          const reached = seen.find((each) => each.wall >= wall);
          if (reached && reached.moment > from && reached.moment <= to) expected.add(reached.moment);
        }
        expect(runsOf(expression, timeZone, from, to)).toEqual([...expected].sort((a, b) => a - b));
      }),
      { numRuns: 120 },
    );
  });

  it('is a gap’s end for what the clock jumps over, and the first of two for what it shows twice', () => {
    const inParis = (expression: string, after: string) =>
      nextRun({ kind: 'cron', expression }, 'Europe/Paris', new Date(after))?.toISOString();
    expect(inParis('30 2 * * *', '2027-03-27T12:00:00Z')).toBe('2027-03-28T01:00:00.000Z');
    expect(inParis('30 2 * * *', '2027-03-28T01:00:00Z')).toBe('2027-03-29T00:30:00.000Z');
    expect(inParis('30 2 * * *', '2027-10-30T12:00:00Z')).toBe('2027-10-31T00:30:00.000Z');
    expect(inParis('30 2 * * *', '2027-10-31T00:30:00Z')).toBe('2027-11-01T01:30:00.000Z');
  });

  it('makes up for a day that a zone left out, and for a change at a minute past midnight', () => {
    const at = (timeZone: string, expression: string, after: string) =>
      nextRun({ kind: 'cron', expression }, timeZone, new Date(after))?.toISOString();
    expect(at('Pacific/Apia', '0 9 * * *', '2011-12-29T19:30:00Z')).toBe('2011-12-30T10:00:00.000Z');
    expect(at('Pacific/Apia', '0 9 * * *', '2011-12-30T10:00:00Z')).toBe('2011-12-30T19:00:00.000Z');
    expect(at('America/St_Johns', '30 0 * * *', '2011-03-12T12:00:00Z')).toBe('2011-03-13T03:31:00.000Z');
  });

  it('of a leap day waits for one, and of a moment is that moment', () => {
    const leap = { kind: 'cron', expression: '0 9 29 2 *' } as const;
    expect(nextRun(leap, 'UTC', new Date('2026-11-21T00:00:00Z'))).toEqual(new Date('2028-02-29T09:00:00Z'));
    const at = new Date('2026-12-01T10:00:00Z');
    expect(nextRun({ kind: 'once', at }, 'UTC', new Date(at.getTime() - 1))).toEqual(at);
    expect(nextRun({ kind: 'once', at }, 'UTC', at)).toBeNull();
  });
});

describe('a cron expression', () => {
  const now = new Date('2026-11-21T09:00:00Z');

  it.each([
    ['0 9 * * 1', 'fine'],
    ['*/5 * * * *', 'fine'],
    ['0 9 29 2 *', 'fine'],
    ['0 18 L * *', 'fine'],
    ['* * * * *', 'too-often'],
    ['0,4 9 * * 1', 'too-often'],
    ['0,59 0,23 * * 0,1', 'too-often'],
    ['0 0 30 2 *', 'never'],
    ['61 * * * *', 'malformed'],
    ['0 9 * * 1 2027', 'malformed'],
    ['nonsense', 'malformed'],
  ])('%s is %s', (expression, verdict) => {
    expect(checkCron(expression, now)).toBe(verdict);
  });
});
