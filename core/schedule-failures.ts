import type { FailureKind } from './failure-kind.ts';

/** What can go wrong with schedules; part of the one catalogue in `failure.ts`. */
export const SCHEDULE_FAILURES = {
  'schedule-unknown': {
    what: 'There is no such schedule.',
    notDone: 'Nothing was changed.',
    hint: 'See /schedule for those there are.',
    retryable: false,
    status: 404,
  },
  'schedule-over': {
    what: 'That schedule has ended.',
    notDone: 'Nothing was changed.',
    hint: 'Make a new one with /schedule and its times.',
    retryable: false,
    status: 409,
  },
  'schedule-not-yours': {
    what: 'This schedule was made by somebody else.',
    notDone: 'Nothing was changed.',
    hint: 'Ask whoever made it, or the owner.',
    retryable: false,
    status: 403,
  },
  'schedule-when-unclear': {
    what: 'I cannot tell when it is to run.',
    notDone: 'Nothing was scheduled.',
    hint: 'Say it like “every Monday 09:00”, “weekdays 07:30”, “monthly 1st 10:00”, “every 2 hours”, “tomorrow 09:00” or “2026-12-01 10:00”.',
    retryable: false,
    status: 422,
  },
  'schedule-uneven': {
    what: 'Those times do not come round evenly.',
    notDone: 'Nothing was scheduled.',
    hint: 'Minutes may be 5, 6, 10, 12, 15, 20 or 30, hours 1, 2, 3, 4, 6, 8 or 12; or name the days and the time.',
    retryable: false,
    status: 422,
  },
  'schedule-too-often': {
    what: 'That is more often than every 5 minutes.',
    notDone: 'Nothing was scheduled.',
    hint: 'Leave at least 5 minutes between two runs: each one costs a worker and its model calls.',
    retryable: false,
    status: 422,
  },
  'schedule-never': {
    what: 'That time has passed, never comes, or lies more than ten years ahead.',
    notDone: 'Nothing was scheduled.',
    hint: 'Name a time to come, on a day that there is.',
    retryable: false,
    status: 422,
  },
  'schedule-full': {
    what: 'There are 100 schedules already.',
    notDone: 'Nothing was scheduled.',
    hint: 'End one with /schedule remove and its number first.',
    retryable: false,
    status: 409,
  },
  'schedule-busy': {
    what: 'Its former run still goes on.',
    notDone: 'It was not started once more.',
    hint: 'Wait for its end, or end it with /cancel and its number.',
    retryable: true,
    status: 409,
  },
} as const satisfies Record<string, FailureKind>;
