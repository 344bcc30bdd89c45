/**
 * A moment as a clock on the wall shows it, counted as if the wall were in UTC; in milliseconds. So two walls compare
 * like numbers, and a calendar can be walked without knowing the zone.
 */
export type WallTime = number;

/** The clock of one time zone. */
export interface ZoneClock {
  wallOf(at: Date): WallTime;
  /**
   * When a clock there shows this time: the first moment after the gap where the clock jumps over it, and the first of
   * the two where it shows it twice. Later walls never yield earlier moments.
   */
  momentOf(wall: WallTime): Date;
}

const DAY_MS = 24 * 60 * 60_000;

/** @throws {RangeError} for a name that is no IANA time zone. */
export function createZoneClock(timeZone: string): ZoneClock {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    calendar: 'iso8601',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });

  /** How far the wall is ahead of UTC at a moment, in milliseconds. */
  function aheadAt(moment: number): number {
    const parts = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, value]));
    const part = (name: string) => Number(parts[name]);
    const wall = Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    );
    return wall - Math.floor(moment / 1000) * 1000;
  }

  return {
    wallOf: (at) => at.getTime() + aheadAt(at.getTime()),
    momentOf(wall) {
      // No zone is a day away from UTC, and none changes its clocks twice within two days.
      const before = aheadAt(wall - DAY_MS);
      const after = aheadAt(wall + DAY_MS);
      const moments = [wall - before, wall - after].sort((left, right) => left - right);
      const shown = moments.find((moment) => moment + aheadAt(moment) === wall);
      return new Date(shown ?? jumpBetween(wall - after, wall - before, aheadAt));
    },
  };
}

/** The first moment after a jump of the clock: `early` still lies before the jump, `late` does not. */
function jumpBetween(early: number, late: number, aheadAt: (moment: number) => number): number {
  const old = aheadAt(early);
  let before = early;
  let after = late;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (aheadAt(middle) === old) before = middle;
    else after = middle;
  }
  return after;
}
