import type { NewSchedule, Schedule } from '../schedule.ts';

const MADE_AT = new Date('2026-11-21T09:00:00.000Z');

/** A wish for Mondays, made on a Saturday. */
export function wishedSchedule(more: Partial<NewSchedule> = {}): NewSchedule {
  return {
    conversationId: 'c1',
    turnId: 'e1',
    title: 'Make a CSV',
    goal: 'Make a CSV of the first 20 primes',
    rule: { kind: 'cron', expression: '0 9 * * 1' },
    timeZone: 'UTC',
    origin: { kind: 'owner', person: 'Ada' },
    madeBy: { channel: 'http', externalId: 'owner' },
    task: null,
    request: 'e1',
    nextAt: new Date('2026-11-23T09:00:00.000Z'),
    createdAt: MADE_AT,
    ...more,
  };
}

/** The schedule that it became, before its first run. */
export function sampleSchedule(more: Partial<Schedule> = {}): Schedule {
  return {
    ...wishedSchedule(),
    id: 'S-1',
    state: 'active',
    lastAt: null,
    lastTask: null,
    skips: 0,
    version: 1,
    ...more,
  };
}
