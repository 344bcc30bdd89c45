import {
  formatScheduleId,
  formatTaskId,
  type Schedule,
  type ScheduleRecords,
  type ScheduleRule,
  scheduleNumberOf,
  type TaskId,
  taskNumberOf,
} from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface ScheduleRow {
  readonly number: string;
  readonly conversation_id: string;
  readonly turn_id: string;
  readonly title: string;
  readonly goal: string;
  readonly cron: string | null;
  readonly once_at: Date | null;
  readonly time_zone: string;
  readonly origin: Schedule['origin'];
  readonly maker_channel: string;
  readonly maker_id: string;
  readonly task: string | null;
  readonly request: string;
  readonly state: Schedule['state'];
  readonly next_at: Date | null;
  readonly last_at: Date | null;
  readonly last_task: string | null;
  readonly skips: number;
  readonly created_at: Date;
  readonly version: string;
}

const CREATE = `insert into schedules (number, conversation_id, turn_id, title, goal, cron, once_at, time_zone, origin,
     maker_channel, maker_id, task, request, state, next_at, skips, created_at, version)
   values (nextval('schedule_numbers'), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'active', $13, 0, $14, 1)
   on conflict (request) do nothing
   returning *`;

/** Jobs that start by themselves, compared and swapped by version. */
export function createScheduleRecords(sql: SqlQueries): ScheduleRecords {
  const byRequest = (request: string) =>
    sql.row<ScheduleRow>('select * from schedules where request = $1', [request]);
  return {
    async create(schedule) {
      const { rule, madeBy, task } = schedule;
      const row =
        (await byRequest(schedule.request)) ??
        (await sql.row<ScheduleRow>(CREATE, [
          schedule.conversationId,
          schedule.turnId,
          schedule.title,
          schedule.goal,
          rule.kind === 'cron' ? rule.expression : null,
          rule.kind === 'once' ? rule.at : null,
          schedule.timeZone,
          JSON.stringify(schedule.origin),
          madeBy.channel,
          madeBy.externalId,
          task === null ? null : taskNumberOf(task),
          schedule.request,
          schedule.nextAt,
          schedule.createdAt,
        ])) ??
        (await byRequest(schedule.request));
      if (!row) throw new Error(`the schedule of request ${schedule.request} was not stored`);
      return toSchedule(row);
    },

    async get(id) {
      const row = await sql.row<ScheduleRow>('select * from schedules where number = $1', [
        scheduleNumberOf(id),
      ]);
      return row ? toSchedule(row) : null;
    },

    async standing() {
      const rows = await sql.rows<ScheduleRow>(
        `select * from schedules where state <> 'ended' order by number`,
      );
      return rows.map(toSchedule);
    },

    async due(now, limit) {
      const rows = await sql.rows<ScheduleRow>(
        `select * from schedules where state = 'active' and next_at <= $1 order by next_at, number limit $2`,
        [now, limit],
      );
      return rows.map(toSchedule);
    },

    async upcoming(limit) {
      const rows = await sql.rows<ScheduleRow>(
        `select * from schedules where state = 'active' order by next_at, number limit $1`,
        [limit],
      );
      return rows.map(toSchedule);
    },

    async update({ id, version, state, nextAt, lastAt, lastTask, skips }) {
      const changed = await sql.change(
        `update schedules set version = $2, state = $3, next_at = $4, last_at = $5, last_task = $6, skips = $7
         where number = $1 and version = $2 - 1`,
        [
          scheduleNumberOf(id),
          version,
          state,
          nextAt,
          lastAt,
          lastTask === null ? null : taskNumberOf(lastTask),
          skips,
        ],
      );
      return changed === 1;
    },
  };
}

/** After a crash a sequence skips numbers, which people see; as for tasks, the next one follows the last schedule. */
export async function closeScheduleGap(sql: SqlQueries): Promise<void> {
  await sql.change(
    `select setval('schedule_numbers', coalesce(max(number), 1), max(number) is not null) from schedules`,
  );
}

function toSchedule(row: ScheduleRow): Schedule {
  return {
    id: formatScheduleId(Number(row.number)),
    conversationId: row.conversation_id,
    turnId: row.turn_id,
    title: row.title,
    goal: row.goal,
    rule: ruleOf(row),
    timeZone: row.time_zone,
    origin: row.origin,
    madeBy: { channel: row.maker_channel, externalId: row.maker_id },
    task: toTaskId(row.task),
    request: row.request,
    state: row.state,
    nextAt: row.next_at,
    lastAt: row.last_at,
    lastTask: toTaskId(row.last_task),
    skips: row.skips,
    createdAt: row.created_at,
    version: Number(row.version),
  };
}

function ruleOf({ number, cron, once_at: at }: ScheduleRow): ScheduleRule {
  if (cron !== null) return { kind: 'cron', expression: cron };
  if (at !== null) return { kind: 'once', at };
  throw new Error(`schedule ${number} has no rule`);
}

function toTaskId(number: string | null): TaskId | null {
  return number === null ? null : formatTaskId(Number(number));
}
