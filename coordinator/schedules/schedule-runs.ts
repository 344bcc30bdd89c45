import {
  type AuditEvent,
  type Clock,
  type Conversation,
  isLive,
  moveSchedule,
  ONCE_LATE_LIMIT_MS,
  type Origin,
  type OutboxEntry,
  type Records,
  type Schedule,
  type ScheduleEvent,
  type Store,
  shorten,
  showHiddenInLine,
  type Task,
  type TaskId,
} from '@reeve/core';
import type { People } from '../people.ts';
import type { TaskDesk } from '../task-desk.ts';
import { momentText } from '../wording.ts';
import { nextRun } from './next-run.ts';
import { nextText } from './say-when.ts';

/** Starts what schedules are for, when its time has come. */
export interface ScheduleRuns {
  /** Looks which schedules are due and runs each once. Safe to call at any time, and from two coordinators at once. */
  fireDue(): Promise<void>;
  /** The former run that still lives; null when there is none. */
  livingRun(schedule: Schedule): Promise<TaskId | null>;
  /** Has a schedule run beside its times, inside the caller's transaction; does nothing while its former run lives. */
  runWithin(records: Records, schedule: Schedule, actor: string): Promise<void>;
}

/** Of a run that begins later than this, people are told when it was due. */
const LATE_MS = 2 * 60_000;
const MOST_AT_ONCE = 50;

/** Somebody moved the schedule first; nothing was done. */
class Overtaken extends Error {}

export interface RunDeps {
  readonly store: Store;
  readonly taskDesk: Pick<TaskDesk, 'createWithin'>;
  readonly people: Pick<People, 'roleOf'>;
  readonly clock: Clock;
  readonly newId: () => string;
  /** The owner's; what people are told speaks in it. */
  readonly timeZone: () => string;
  /** After the commit of what runs wrote. */
  readonly onWritten: () => void;
}

/** What a due time comes to, and what people are told of it. */
interface Decision {
  readonly kind: 'start' | 'skip' | 'end';
  /** Receives the task that was started. */
  readonly notice: (task: string) => string | null;
}

/**
 * Postgres says what is due (`next_at`). Moving that on, the task and what people are told commit together, and only if
 * the schedule is still as it was read: so a kill at any moment, and a second coordinator, start nothing twice. Times
 * that went by while Reeve was down, or while its clock stood wrong, are made up for by one run; the next one is counted
 * from now.
 */
export function createScheduleRuns(deps: RunDeps): ScheduleRuns {
  const { store, clock } = deps;

  async function fire(schedule: Schedule): Promise<boolean> {
    const now = clock.now();
    const { nextAt: due } = schedule;
    if (due === null || due > now) return false;
    const next = nextRun(schedule.rule, schedule.timeZone, now);
    try {
      return await store.transaction(async (records) => {
        const conversation = await conversationOf(records, schedule);
        const former = await livingRunIn(records, schedule);
        const decision = decide(deps, schedule, { due, now, next, former });
        const started =
          decision.kind === 'start' ? await startTask(deps, records, schedule, conversation) : null;
        const event = eventOf(decision.kind, started?.task ?? null, { now, next });
        const move = moveSchedule(schedule, event);
        if (move.kind === 'refused' || !(await records.schedules.update(move.schedule)))
          throw new Overtaken(schedule.id);
        const words = decision.notice(started?.task.id ?? '');
        if (words !== null) await records.outbox.add(notice(deps.newId(), conversation, words), now);
        const detail = { due: due.toISOString(), task: started?.task.id ?? null };
        if (started) await records.audit.append(started.audit, now);
        await records.audit.append(
          { event: `schedule-${event.kind}`, actor: 'coordinator', subject: schedule.id, detail },
          now,
        );
        return true;
      });
    } catch (error) {
      if (error instanceof Overtaken) return false;
      throw error;
    }
  }

  return {
    async fireDue() {
      const troubles: unknown[] = [];
      let hasWritten = false;
      for (const schedule of await store.schedules.due(clock.now(), MOST_AT_ONCE)) {
        try {
          hasWritten = (await fire(schedule)) || hasWritten;
        } catch (error) {
          troubles.push(error);
        }
      }
      if (hasWritten) deps.onWritten();
      if (troubles.length > 0) throw new AggregateError(troubles, 'not every due schedule could be run');
    },

    livingRun: (schedule) => livingRunIn(store, schedule),

    async runWithin(records, schedule, actor) {
      const now = clock.now();
      const current = await records.schedules.get(schedule.id);
      if (!current || current.state === 'ended' || (await livingRunIn(records, current)) !== null) return;
      const { task, audit } = await startTask(deps, records, current, await conversationOf(records, current));
      const move = moveSchedule(current, { kind: 'run', at: now, task: task.id });
      if (move.kind === 'refused' || !(await records.schedules.update(move.schedule)))
        throw new Error(`${schedule.id} moved while it was started`);
      await records.audit.append(audit, now);
      const detail = { task: task.id };
      await records.audit.append({ event: 'schedule-run', actor, subject: schedule.id, detail }, now);
    },
  };
}

function decide(
  { people, timeZone }: RunDeps,
  schedule: Schedule,
  given: { due: Date; now: Date; next: Date | null; former: TaskId | null },
): Decision {
  const { due, now, next, former } = given;
  const { madeBy, rule } = schedule;
  const name = `${schedule.id} “${shorten(showHiddenInLine(schedule.title), 60)}”`;
  const was = `${name} was due ${momentText(due, timeZone())}`;
  const late = now.getTime() - due.getTime();
  // Who may not talk to Reeve any more starts nothing, and is told nothing.
  if (people.roleOf({ ...madeBy, name: '' }, madeBy.channel) === 'stranger')
    return { kind: 'end', notice: () => null };
  if (rule.kind === 'once' && late > ONCE_LATE_LIMIT_MS)
    return {
      kind: 'end',
      notice: () =>
        `**Not done**: ${was}, more than a day ago. Type \`/schedule\`, a new time and what is to be done if you still want it.`,
    };
  if (former !== null) {
    const then =
      next === null
        ? `That was its only time, so ${schedule.id} has ended.`
        : `Its next time is ${nextText(next, now, timeZone())}. Until that run has ended I leave it out without a word; \`/cancel ${former}\` ends it.`;
    const words = `**Left out**: ${was}, but its former run ${former} still goes on. ${then}`;
    return { kind: 'skip', notice: () => (schedule.skips > 0 ? null : words) };
  }
  const between = nextRun(rule, schedule.timeZone, due);
  const missed = between !== null && between <= now ? ' Times missed since then are not made up for.' : '';
  return {
    kind: 'start',
    notice: (task) => (late > LATE_MS ? `${was} and starts only now, as ${task}.${missed}` : null),
  };
}

function eventOf(
  kind: Decision['kind'],
  task: Task | null,
  { now, next }: { now: Date; next: Date | null },
): ScheduleEvent {
  if (kind === 'start' && task) return { kind: 'fired', at: now, task: task.id, next };
  return kind === 'skip' ? { kind: 'skipped', next } : { kind: 'ended' };
}

async function conversationOf(records: Records, { id, conversationId }: Schedule): Promise<Conversation> {
  const conversation = await records.conversations.get(conversationId);
  if (!conversation) throw new Error(`${id} belongs to ${conversationId}, which does not exist`);
  return conversation;
}

async function livingRunIn(records: Pick<Records, 'tasks'>, { lastTask }: Schedule): Promise<TaskId | null> {
  const former = lastTask && (await records.tasks.get(lastTask));
  return former && isLive(former) ? former.id : null;
}

/** On whose word it runs: of an owner who has become a member since, it is a member's. */
function wordOf(people: RunDeps['people'], { origin, madeBy }: Schedule): Origin {
  const isOwner = people.roleOf({ ...madeBy, name: '' }, madeBy.channel) === 'owner';
  return origin.kind === 'owner' && !isOwner ? { kind: 'member', person: origin.person } : origin;
}

/** The task of a run: what it may touch is bounded by who made the schedule, and its origin is the schedule. */
function startTask(
  { taskDesk, people }: RunDeps,
  records: Records,
  schedule: Schedule,
  { id: conversationId, chat }: Conversation,
): Promise<{ task: Task; audit: AuditEvent }> {
  const { id, title, goal, turnId } = schedule;
  const origin = wordOf(people, schedule);
  // A goal that a worker wrote names no hosts on the owner's word.
  const isOwnersWord = schedule.task === null && origin.kind === 'owner';
  return taskDesk.createWithin(records, {
    title: `${title} (${id})`,
    goal,
    entry: { id: turnId, conversationId, chat, text: isOwnersWord ? goal : '' },
    origin: { kind: 'schedule', schedule: id },
    onBehalfOf: origin,
  });
}

function notice(id: string, { id: conversationId, chat }: Conversation, markdown: string): OutboxEntry {
  return {
    id,
    conversationId,
    chat,
    content: { kind: 'text', markdown },
    about: { kind: 'notice' },
    replyTo: null,
    urgency: 'answer',
    cardKey: null,
  };
}
