import { z } from 'zod';
import type { TaskId } from './ids.ts';
import type { Origin } from './origin.ts';

/** A schedule's short id as people see and type it: `S-1`. Its number is unique within a tenant and never reused. */
export type ScheduleId = `S-${number}`;

/** Accepts what a person may type for a schedule (`S-3`, `s-3`, `S3`, `3`) and yields the canonical form. */
export const scheduleIdSchema = z
  .string()
  .trim()
  .regex(/^[Ss]?-?([1-9]\d{0,8})$/)
  .transform((text): ScheduleId => formatScheduleId(Number(text.replace(/\D/g, ''))));

export function formatScheduleId(scheduleNumber: number): ScheduleId {
  return `S-${scheduleNumber}`;
}

export function scheduleNumberOf(id: ScheduleId): number {
  return Number(id.slice(2));
}

/** When a schedule runs: at the times of a cron expression of five fields in its time zone, or at one moment. */
export type ScheduleRule =
  | { readonly kind: 'cron'; readonly expression: string }
  | { readonly kind: 'once'; readonly at: Date };

export const SCHEDULE_STATES = ['active', 'paused', 'ended'] as const;
export type ScheduleState = (typeof SCHEDULE_STATES)[number];

/** A job that starts by itself at its times. The coordinator is its only writer, and `moveSchedule` changes its state. */
export interface Schedule {
  readonly id: ScheduleId;
  /** Where it was made; its tasks belong there. */
  readonly conversationId: string;
  /** The inbox entry from which it was made; who wrote that may change it. */
  readonly turnId: string;
  readonly title: string;
  readonly goal: string;
  readonly rule: ScheduleRule;
  /** IANA name; the rule's times are read in it. */
  readonly timeZone: string;
  /** On whose word it was made. */
  readonly origin: Origin;
  /** Who made it, as their channel knows them: their role is asked for again at each run. */
  readonly madeBy: { readonly channel: string; readonly externalId: string };
  /** The task whose worker asked for it; null when a person typed it. */
  readonly task: TaskId | null;
  /** What asked for it; the same request again makes nothing new. */
  readonly request: string;
  readonly state: ScheduleState;
  /** Null while it is paused and once it has ended. */
  readonly nextAt: Date | null;
  readonly lastAt: Date | null;
  readonly lastTask: TaskId | null;
  /** Runs left out in a row because the former one still lived. */
  readonly skips: number;
  readonly createdAt: Date;
  /** Compare-and-swap counter: an update names the version it read. */
  readonly version: number;
}

export type ScheduleEvent =
  /** A time has come. `next` null: there is no other. */
  | { readonly kind: 'fired'; readonly at: Date; readonly task: TaskId; readonly next: Date | null }
  | { readonly kind: 'skipped'; readonly next: Date | null }
  /** A person had it run beside its times. */
  | { readonly kind: 'run'; readonly at: Date; readonly task: TaskId }
  | { readonly kind: 'paused' }
  | { readonly kind: 'resumed'; readonly next: Date | null }
  | { readonly kind: 'ended' };

export type ScheduleMove =
  | { readonly kind: 'moved'; readonly schedule: Schedule }
  | { readonly kind: 'refused'; readonly reason: 'over' | 'as-it-is' };

/**
 * Moves a schedule by one event. The only function that changes its state.
 *
 * ```
 * active ──fired, skipped──► active, or ended when no time is left
 * active ──paused──► paused ──resumed──► active, or ended when no time is left
 * active, paused ──run──► as it was      active, paused ──ended──► ended
 * ```
 *
 * An ended schedule never moves again; pausing a paused one, or resuming an active one, is refused as `as-it-is`.
 */
export function moveSchedule(schedule: Schedule, event: ScheduleEvent): ScheduleMove {
  if (schedule.state === 'ended') return { kind: 'refused', reason: 'over' };
  switch (event.kind) {
    case 'fired':
      if (schedule.state === 'paused') return { kind: 'refused', reason: 'as-it-is' };
      return move(schedule, {
        ...goOn(event.next),
        lastAt: event.at,
        lastTask: event.task,
        skips: 0,
      });
    case 'skipped':
      if (schedule.state === 'paused') return { kind: 'refused', reason: 'as-it-is' };
      return move(schedule, { ...goOn(event.next), skips: schedule.skips + 1 });
    case 'run':
      return move(schedule, { lastAt: event.at, lastTask: event.task, skips: 0 });
    case 'paused':
      if (schedule.state === 'paused') return { kind: 'refused', reason: 'as-it-is' };
      return move(schedule, { state: 'paused', nextAt: null });
    case 'resumed':
      if (schedule.state === 'active') return { kind: 'refused', reason: 'as-it-is' };
      return move(schedule, goOn(event.next));
    case 'ended':
      return move(schedule, goOn(null));
  }
}

function goOn(next: Date | null): Pick<Schedule, 'state' | 'nextAt'> {
  return next === null ? { state: 'ended', nextAt: null } : { state: 'active', nextAt: next };
}

function move(schedule: Schedule, patch: Partial<Schedule>): ScheduleMove {
  return { kind: 'moved', schedule: { ...schedule, ...patch, version: schedule.version + 1 } };
}

export type NewSchedule = Omit<
  Schedule,
  'id' | 'state' | 'lastAt' | 'lastTask' | 'skips' | 'version' | 'nextAt'
> & { readonly nextAt: Date };

export interface ScheduleRecords {
  /** Makes an active schedule, or finds the one that the same request has made. */
  create(schedule: NewSchedule): Promise<Schedule>;
  get(id: ScheduleId): Promise<Schedule | null>;
  /** Those that have not ended, oldest first. */
  standing(): Promise<Schedule[]>;
  /** Active ones whose time has come, the longest due first. */
  due(now: Date, limit: number): Promise<Schedule[]>;
  /** Active ones, the next to run first. */
  upcoming(limit: number): Promise<Schedule[]>;
  /** Writes a moved record if the stored version is still `schedule.version - 1`; false when somebody was faster. */
  update(schedule: Schedule): Promise<boolean>;
}

/** The tool by which a worker asks for a schedule. */
export const SCHEDULE_TOOL = 'schedule.create';
/** No rule may run more often, in milliseconds: each run costs a worker and its model calls. */
export const LEAST_INTERVAL_MS = 5 * 60_000;
/** A single moment that was missed for longer is not made up for. */
export const ONCE_LATE_LIMIT_MS = 24 * 60 * 60_000;
/** More than so many at a time are refused: a loop that makes schedules ends there. */
export const MOST_SCHEDULES = 100;
