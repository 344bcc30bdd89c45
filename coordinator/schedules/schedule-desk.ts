import {
  type AuditEvent,
  type Clock,
  type Failure,
  MOST_SCHEDULES,
  moveSchedule,
  type NewSchedule,
  type Outcome,
  type Records,
  type Schedule,
  type ScheduleEvent,
  type ScheduleId,
  type Store,
  shorten,
  showHiddenInLine,
} from '@reeve/core';
import type { Asker } from '../task-reach.ts';
import { nextRun } from './next-run.ts';

export type ScheduleWish = Omit<NewSchedule, 'nextAt' | 'createdAt'>;

/** Making and changing schedules: the same code for commands, workers and the API. */
export interface ScheduleDesk {
  /**
   * Makes a schedule inside the caller's transaction, or finds the one that the same request has made. `audit` is to be
   * appended last; null for one that there was.
   */
  createWithin(
    records: Records,
    wish: ScheduleWish,
  ): Promise<Outcome<{ readonly schedule: Schedule; readonly audit: AuditEvent | null }>>;
  /** The same in a transaction of its own. */
  create(wish: ScheduleWish): Promise<Outcome<Schedule>>;
  /** Those that have not ended and that somebody sees, oldest first. */
  standing(asker: Asker): Promise<Schedule[]>;
  /** One that somebody may change; a member only what they made themselves. */
  reach(id: ScheduleId, asker: Asker): Promise<Outcome<Schedule>>;
  pause(id: ScheduleId, asker: Asker): Promise<Outcome<Schedule>>;
  resume(id: ScheduleId, asker: Asker): Promise<Outcome<Schedule>>;
  remove(id: ScheduleId, asker: Asker): Promise<Outcome<Schedule>>;
}

/** The owner sees every schedule; a member those of the conversation in which they ask. */
function seesSchedule({ role, entry }: Asker, schedule: Pick<Schedule, 'conversationId'>): boolean {
  return role === 'owner' || (role === 'member' && schedule.conversationId === entry.conversationId);
}

const TITLE_CHARACTERS = 60;

/** What a job is called, from its words. */
export function titleOf(goal: string): string {
  return shorten(showHiddenInLine(goal.trim().replace(/\s+/g, ' ')), TITLE_CHARACTERS);
}

const MAX_TRIES = 20;

export function createScheduleDesk({ store, clock }: { store: Store; clock: Clock }): ScheduleDesk {
  async function createWithin(
    records: Records,
    wish: ScheduleWish,
  ): ReturnType<ScheduleDesk['createWithin']> {
    const now = clock.now();
    const standing = await records.schedules.standing();
    const known = standing.find(({ request }) => request === wish.request);
    if (known) return { kind: 'ok', value: { schedule: known, audit: null } };
    if (standing.length >= MOST_SCHEDULES) return failed({ code: 'schedule-full' });
    const nextAt = nextRun(wish.rule, wish.timeZone, now);
    if (!nextAt) return failed({ code: 'schedule-never' });
    const schedule = await records.schedules.create({ ...wish, nextAt, createdAt: now });
    const { id, title, goal, timeZone, rule } = schedule;
    const detail = {
      title,
      goal,
      timeZone,
      rule: rule.kind === 'cron' ? rule.expression : rule.at.toISOString(),
      task: schedule.task,
    };
    const actor = wish.task === null ? personOf(wish) : `executor:${wish.task}`;
    return { kind: 'ok', value: { schedule, audit: { event: 'schedule-made', actor, subject: id, detail } } };
  }

  async function reach(id: ScheduleId, asker: Asker): Promise<Outcome<Schedule>> {
    const schedule = await store.schedules.get(id);
    if (!schedule || !seesSchedule(asker, schedule)) return failed({ code: 'schedule-unknown', about: id });
    const { sender, chat } = asker.entry;
    const { channel, externalId } = schedule.madeBy;
    const isTheirs = channel === chat.channel && externalId === sender.externalId;
    if (asker.role !== 'owner' && !isTheirs) return failed({ code: 'schedule-not-yours', about: id });
    if (schedule.state === 'ended') return failed({ code: 'schedule-over', about: id });
    return { kind: 'ok', value: schedule };
  }

  /** Reads, moves and writes; begins again when somebody was faster, such as a run in the same moment. */
  async function change(
    id: ScheduleId,
    asker: Asker,
    eventOf: (schedule: Schedule) => ScheduleEvent,
  ): Promise<Outcome<Schedule>> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const found = await reach(id, asker);
      if (found.kind === 'failed') return found;
      const event = eventOf(found.value);
      const move = moveSchedule(found.value, event);
      // Pausing what is paused, or letting go on what goes on, is done already.
      if (move.kind === 'refused') return found;
      const isWritten = await store.transaction(async (records) => {
        if (!(await records.schedules.update(move.schedule))) return false;
        const actor = `person:${asker.entry.sender.name}`;
        await records.audit.append(
          { event: `schedule-${event.kind}`, actor, subject: id, detail: { state: move.schedule.state } },
          clock.now(),
        );
        return true;
      });
      if (isWritten) return { kind: 'ok', value: move.schedule };
    }
    throw new Error(`${id} was moved by others ${MAX_TRIES} times in a row`);
  }

  return {
    createWithin,
    async create(wish) {
      return store.transaction(async (records) => {
        const made = await createWithin(records, wish);
        if (made.kind === 'failed') return made;
        if (made.value.audit) await records.audit.append(made.value.audit, clock.now());
        return { kind: 'ok', value: made.value.schedule };
      });
    },
    standing: async (asker) =>
      (await store.schedules.standing()).filter((schedule) => seesSchedule(asker, schedule)),
    reach,
    pause: (id, asker) => change(id, asker, () => ({ kind: 'paused' })),
    resume: (id, asker) =>
      change(id, asker, ({ rule, timeZone }) => ({
        kind: 'resumed',
        next: nextRun(rule, timeZone, clock.now()),
      })),
    remove: (id, asker) => change(id, asker, () => ({ kind: 'ended' })),
  };
}

function personOf({ origin, madeBy }: Pick<Schedule, 'origin' | 'madeBy'>): string {
  return `person:${'person' in origin ? origin.person : madeBy.externalId}`;
}

function failed(failure: Failure): { readonly kind: 'failed'; readonly failure: Failure } {
  return { kind: 'failed', failure };
}
