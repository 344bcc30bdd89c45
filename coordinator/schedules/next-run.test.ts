import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCron, nextRun } from './next-run.ts';

const QUARTER_MS = 15 * 60_000;
const DAY_MS = 96 * QUARTER_MS;

/** Both halves of the world, gaps of half an hour, changes at midnight, no changes at all, and a day that was left out. */
const ZONES = [
  'Europe/Paris',
  'America/New_York',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Australia/Sydney',
  'Africa/Casablanca',
  'Africa/Cairo',
  'Asia/Beirut',
  'Asia/Tehran',
  'Asia/Kathmandu',
  'Atlantic/Azores',
  'Pacific/Apia',
  'Pacific/Chatham',
  'America/Santiago',
  'UTC',
];

/** What a zone's wall clocks show, by another way than the code takes. */
function wallsOf(timeZone: string): (moment: number) => number {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return (moment) => Date.parse(`${format.format(moment).replace(' ', 'T')}Z`);
}

/** The clock changes of a zone in some years, to a day. */
function changesIn(wallOf: (moment: number) => number): number[] {
  const from = Date.UTC(2011, 0, 1);
  const ahead = Array.from({ length: 365 * 20 }, (_, day) => wallOf(from + day * DAY_MS) - day * DAY_MS);
  return ahead.flatMap((each, day) => (each === (ahead[day + 1] ?? each) ? [] : [from + day * DAY_MS]));
}

const around = fc
  .constantFrom(
    ...ZONES.map((timeZone) => {
      const wallOf = wallsOf(timeZone);
      return { timeZone, wallOf, changes: changesIn(wallOf) };
    }),
  )
  .chain(({ timeZone, wallOf, changes }) =>
    fc.record({
      timeZone: fc.constant(timeZone),
      wallOf: fc.constant(wallOf),
      from: fc
        .constantFrom(...(changes.length > 0 ? changes : [Date.UTC(2028, 1, 28)]))
        .map((day) => day - DAY_MS),
    }),
  );

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
      { numRuns: 150 },
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
