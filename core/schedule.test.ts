import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moveSchedule, type Schedule, type ScheduleEvent, scheduleIdSchema } from './schedule.ts';
import { sampleSchedule } from './testing/sample-schedule.ts';

const NOW = new Date('2026-11-21T09:00:00.000Z');

const SCHEDULE = sampleSchedule({ nextAt: NOW, createdAt: NOW });

const next = fc.constantFrom(NOW, null);
const events: fc.Arbitrary<ScheduleEvent> = fc.oneof(
  fc.record({
    kind: fc.constant('fired' as const),
    at: fc.constant(NOW),
    task: fc.constant('T-1' as const),
    next,
  }),
  fc.record({ kind: fc.constant('run' as const), at: fc.constant(NOW), task: fc.constant('T-2' as const) }),
  fc.record({ kind: fc.constantFrom('skipped' as const, 'resumed' as const), next }),
  fc.record({ kind: fc.constantFrom('paused' as const, 'ended' as const) }),
);

function after(...list: ScheduleEvent[]): Schedule {
  return list.reduce((schedule, event) => {
    const move = moveSchedule(schedule, event);
    return move.kind === 'moved' ? move.schedule : schedule;
  }, SCHEDULE);
}

describe('a schedule', () => {
  it('has a next time exactly while it is active, counts each move, and never moves once it has ended', () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 8 }), events, (list, last) => {
        const schedule = after(...list);
        expect(schedule.nextAt !== null).toBe(schedule.state === 'active');
        const move = moveSchedule(schedule, last);
        if (schedule.state === 'ended') expect(move).toEqual({ kind: 'refused', reason: 'over' });
        if (move.kind === 'moved') expect(move.schedule.version).toBe(schedule.version + 1);
      }),
    );
  });

  it('remembers its last run and how often it was left out since', () => {
    const skipped = { kind: 'skipped', next: NOW } as const;
    const fired = { kind: 'fired', at: NOW, task: 'T-3', next: NOW } as const;
    expect(after(skipped, skipped)).toMatchObject({ skips: 2, lastTask: null, state: 'active' });
    expect(after(skipped, fired)).toMatchObject({ skips: 0, lastTask: 'T-3', lastAt: NOW });
    expect(after({ ...fired, next: null })).toMatchObject({ state: 'ended', nextAt: null });
  });

  it('does not fire while it is paused', () => {
    const paused = after({ kind: 'paused' });
    expect(moveSchedule(paused, { kind: 'fired', at: NOW, task: 'T-1', next: NOW }).kind).toBe('refused');
    expect(after({ kind: 'paused' }, { kind: 'resumed', next: NOW })).toMatchObject({ state: 'active' });
  });
});

it.each(['S-12', 's12', ' 12 ', 's-12'])('“%s” names S-12', (text) => {
  expect(scheduleIdSchema.parse(text)).toBe('S-12');
});
