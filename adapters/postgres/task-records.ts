import {
  auditBody,
  formatTaskId,
  type Task,
  type TaskInput,
  type TaskRecords,
  taskNumberOf,
} from '@reeve/core';
import { outboxValues, REPLACE_CARD } from './outbox-records.ts';
import type { SqlQueries } from './sql-queries.ts';

interface TaskRow {
  readonly number: string;
  readonly conversation_id: string;
  readonly turn_id: string;
  readonly title: string;
  readonly goal: string;
  readonly origin: Task['origin'];
  readonly capabilities: Task['capabilities'];
  readonly state: Task['state'];
  readonly waiting_for: Task['waitingFor'];
  readonly attempt: number;
  readonly dispatch: number;
  readonly enqueued: boolean;
  readonly crashes: number;
  readonly lease_until: Date | null;
  readonly sandbox: Task['sandbox'];
  readonly priority: number;
  readonly activity: string;
  readonly steps: number;
  readonly outcome: Task['outcome'];
  readonly created_at: Date;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
  readonly deadline: Date;
  readonly version: string;
}

const CREATE = `insert into tasks (number, conversation_id, turn_id, title, goal, origin, capabilities, state, attempt,
     dispatch, enqueued, crashes, priority, activity, steps, created_at, deadline, version)
   values ($1, $2, $3, $4, $5, $6, $7, 'queued', 0, 1, true, 0, $8, '', 0, $9, $10, 1)
   returning *`;

/**
 * Steps and lease renewals write beside moves and raise no version. So a move that was decided before one of them
 * must not undo it: the step count is never written here, what a step wrote since stays, a longer lease stays.
 */
const CHANGES = `update tasks set title = $3, goal = $4, capabilities = $5, state = $6, waiting_for = $7, attempt = $8,
     dispatch = $9, enqueued = $10, priority = $11, outcome = $12, started_at = $13, ended_at = $14, deadline = $15,
     lease_until = case when $16::timestamptz is null then null else greatest(lease_until, $16) end,
     crashes = case when steps = $17 then $18 else crashes end,
     activity = case when steps = $17 then $19 else activity end,
     sandbox = $20,
     version = $2`;
const UPDATE = `${CHANGES} where number = $1 and version = $2 - 1`;

/** A move with its card and its audit entry, in that order, as one statement. */
const MOVE = `with fence as materialized (select case when $34::bigint is not null then hold_epoch($34) end as held),
   moved as (${CHANGES} from fence where number = $1 and version = $2 - 1 returning number),
   card as (
     insert into outbox (id, conversation_id, channel, chat_external_id, content, about, reply_to, urgency, card_key,
       created_at, not_before)
     select $21, $22, $23, $24, $25::json, $26::json, $27, $28, $29, $30::timestamptz, $31::timestamptz from moved
     ${REPLACE_CARD}
     returning id
   ),
   noted as (select audit_append($32, $33) from card)
   select count(*)::int as moves from noted`;

/**
 * Delegated work, compared and swapped by version. `heldEpoch` is the coordinator epoch that the process holds, null for
 * none.
 */
export function createTaskRecords(sql: SqlQueries, heldEpoch: () => number | null): TaskRecords {
  return {
    async create(task) {
      const next = await sql.row<{ number: string }>(`select nextval('task_numbers') as number`);
      const number = Number(next?.number);
      const created = await sql.row<TaskRow>(CREATE, [
        number,
        task.conversationId,
        task.turnId,
        task.title,
        task.goal,
        JSON.stringify(task.origin),
        JSON.stringify(task.capabilities(formatTaskId(number))),
        task.priority,
        task.createdAt,
        task.deadline,
      ]);
      if (!created) throw new Error(`task ${number} was not stored`);
      return toTask(created);
    },

    async get(id) {
      const row = await sql.row<TaskRow>('select * from tasks where number = $1', [taskNumberOf(id)]);
      return row ? toTask(row) : null;
    },

    async list({ states, conversationId, limit }) {
      const rows = await sql.rows<TaskRow>(
        `select * from tasks
         where ($1::text[] is null or state = any($1)) and ($2::text is null or conversation_id = $2)
         order by number desc limit $3`,
        [states ?? null, conversationId ?? null, limit],
      );
      return rows.map(toTask);
    },

    async live() {
      const rows = await sql.rows<TaskRow>(
        `select * from tasks where state in ('queued', 'running', 'waiting', 'paused') order by number`,
      );
      return rows.map(toTask);
    },

    update: async (task) => (await sql.change(UPDATE, movedValues(task))) === 1,

    async move(task, { card, event }, at) {
      const row = await sql.row<{ moves: number }>(MOVE, [
        ...movedValues(task),
        ...outboxValues(card, at),
        auditBody(event, at),
        event.subject,
        heldEpoch(),
      ]);
      return row?.moves === 1;
    },

    async renewLease(id, attempt, until) {
      const renewed = await sql.change(
        `update tasks set lease_until = $3
         where number = $1 and attempt = $2 and state in ('running', 'waiting') and lease_until is not null`,
        [taskNumberOf(id), attempt, until],
      );
      return renewed === 1;
    },

    ...createSeenRecords(sql),

    async addInput(id, input, at) {
      await sql.change(
        'insert into task_inputs (id, task, text, origin, added_at) values ($1, $2, $3, $4, $5)',
        [input.id, taskNumberOf(id), input.text, JSON.stringify(input.origin), at],
      );
    },

    async pendingInputs(id) {
      const rows = await sql.rows<TaskInput>(
        'select id, text, origin from task_inputs where task = $1 and taken_by_step is null order by sequence',
        [taskNumberOf(id)],
      );
      return [...rows];
    },
  };
}

function createSeenRecords(sql: SqlQueries): Pick<TaskRecords, 'seen' | 'noteSeen'> {
  return {
    async seen(id) {
      const row = await sql.row<{ seen_untrusted: boolean; seen_private: boolean }>(
        'select seen_untrusted, seen_private from tasks where number = $1',
        [taskNumberOf(id)],
      );
      if (!row) throw new Error(`there is no ${id}`);
      return { untrusted: row.seen_untrusted, private: row.seen_private };
    },

    async noteSeen(id, more) {
      await sql.change(
        `update tasks set seen_untrusted = seen_untrusted or $2, seen_private = seen_private or $3
         where number = $1 and (seen_untrusted, seen_private) <> (seen_untrusted or $2, seen_private or $3)`,
        [taskNumberOf(id), more.untrusted, more.private],
      );
    },
  };
}

/**
 * After a crash a sequence skips up to 32 numbers. Numbers are seen by people, so the next one follows the last task;
 * only while nobody else creates tasks.
 */
export async function closeNumberGap(sql: SqlQueries): Promise<void> {
  await sql.change(
    `select setval('task_numbers', coalesce(max(number), 1), max(number) is not null) from tasks`,
  );
}

function movedValues(task: Task): unknown[] {
  return [
    taskNumberOf(task.id),
    task.version,
    task.title,
    task.goal,
    JSON.stringify(task.capabilities),
    task.state,
    task.waitingFor,
    task.attempt,
    task.dispatch,
    task.enqueued,
    task.priority,
    task.outcome === null ? null : JSON.stringify(task.outcome),
    task.startedAt,
    task.endedAt,
    task.deadline,
    task.leaseUntil,
    task.steps,
    task.crashes,
    task.activity,
    task.sandbox === null ? null : JSON.stringify(task.sandbox),
  ];
}

function toTask(row: TaskRow): Task {
  return {
    id: formatTaskId(Number(row.number)),
    conversationId: row.conversation_id,
    turnId: row.turn_id,
    title: row.title,
    goal: row.goal,
    origin: row.origin,
    capabilities: row.capabilities,
    state: row.state,
    waitingFor: row.waiting_for,
    attempt: row.attempt,
    dispatch: row.dispatch,
    enqueued: row.enqueued,
    crashes: row.crashes,
    leaseUntil: row.lease_until,
    sandbox: row.sandbox,
    priority: row.priority,
    activity: row.activity,
    steps: row.steps,
    outcome: row.outcome,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    deadline: row.deadline,
    version: Number(row.version),
  };
}
