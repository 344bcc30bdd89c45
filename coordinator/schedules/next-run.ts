import { LEAST_INTERVAL_MS, type ScheduleRule } from '@reeve/core';
import { Cron } from 'croner';
import { createZoneClock } from './zone-clock.ts';

/**
 * When a rule runs next, strictly after a moment; null when it never does.
 *
 * Times are walls of the zone. One that the clock jumps over runs at the first moment after the gap; one that it shows
 * twice runs the first time only. So each wall time of the rule runs once, also where several fall into one gap: those
 * run together, at its end.
 */
export function nextRun(rule: ScheduleRule, timeZone: string, after: Date): Date | null {
  if (rule.kind === 'once') return rule.at > after ? rule.at : null;
  const zone = createZoneClock(timeZone);
  const pattern = patternOf(rule.expression);
  if (!pattern) return null;
  // Every wall up to this one lies at or before `after`, so the search can begin behind it.
  let wall = zone.wallOf(after);
  for (;;) {
    const next = pattern.nextRun(new Date(wall));
    if (!next) return null;
    const moment = zone.momentOf(next.getTime());
    if (moment > after) return moment;
    wall = next.getTime();
  }
}

export type CronCheck = 'fine' | 'malformed' | 'too-often' | 'never';

/** A day of the densest rule that is allowed holds 288 runs; the days of a rule are alike. */
const RUNS_LOOKED_AT = 300;

/** Whether a cron expression of five fields can be read, comes at all, and leaves five minutes between two runs. */
export function checkCron(expression: string, now: Date): CronCheck {
  const pattern = patternOf(expression);
  if (!pattern) return 'malformed';
  let last = pattern.nextRun(now);
  if (!last) return 'never';
  for (let count = 1; count < RUNS_LOOKED_AT; count += 1) {
    const next: Date | null = pattern.nextRun(last);
    if (!next) break;
    if (next.getTime() - last.getTime() < LEAST_INTERVAL_MS) return 'too-often';
    last = next;
  }
  return 'fine';
}

/** The expression as a calendar of wall times; null when it cannot be read. It sets no timer. */
function patternOf(expression: string): Cron | null {
  try {
    return new Cron(expression, { mode: '5-part', timezone: 'UTC', paused: true });
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return null;
    throw error;
  }
}
