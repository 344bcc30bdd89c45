import { type Approval, type ApprovalRecords, type TaskId, taskNumberOf } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface ApprovalRow {
  readonly code: string;
  readonly conversation_id: string;
  readonly call: Approval['call'];
  readonly digest: string;
  readonly question: Approval['question'];
  readonly tier: Approval['tier'];
  readonly origin: Approval['origin'];
  readonly reason: string;
  readonly state: Approval['state'];
  readonly asked_at: Date;
  readonly expires_at: Date;
  readonly decided_at: Date | null;
  readonly decided_by: string | null;
  readonly scope: Approval['scope'];
  readonly note: string | null;
}

/** Questions to the owner. The database lets exactly one decision win. */
export function createApprovalRecords(sql: SqlQueries): ApprovalRecords {
  return {
    insert: (approval) => insertApproval(sql, approval),

    async get(code) {
      const row = await sql.row<ApprovalRow>('select * from approvals where code = $1', [code]);
      return row ? toApproval(row) : null;
    },

    async forCall(task, callId) {
      const rows = await sql.rows<ApprovalRow>(
        `select * from approvals where ${task === null ? '$1::bigint is null and task is null' : 'task = $1'}
            and call_id = $2 order by asked desc`,
        [numberOrNull(task), callId],
      );
      return rows.map(toApproval);
    },

    async forTask(task) {
      const rows = await sql.rows<ApprovalRow>('select * from approvals where task = $1 order by asked', [
        taskNumberOf(task),
      ]);
      return rows.map(toApproval);
    },

    async pending() {
      const rows = await sql.rows<ApprovalRow>(
        `select * from approvals where state = 'pending' order by asked`,
      );
      return rows.map(toApproval);
    },

    async overdue(now) {
      const rows = await sql.rows<ApprovalRow>(
        `select * from approvals where state = 'pending' and expires_at <= $1 order by expires_at, asked`,
        [now],
      );
      return rows.map(toApproval);
    },

    async pendingForTask(task) {
      const rows = await sql.rows<ApprovalRow>(
        `select * from approvals where state = 'pending' and task = $1 order by asked`,
        [taskNumberOf(task)],
      );
      return rows.map(toApproval);
    },

    async settle(approval) {
      const settled = await sql.change(
        `update approvals set state = $2, decided_at = $3, decided_by = $4, scope = $5, note = $6
         where code = $1 and state = 'pending'`,
        [
          approval.code,
          approval.state,
          approval.decidedAt,
          approval.decidedBy,
          approval.scope,
          approval.note,
        ],
      );
      return settled === 1;
    },
  };
}

async function insertApproval(sql: SqlQueries, approval: Approval): Promise<boolean> {
  const inserted = await sql.change(
    `insert into approvals (code, conversation_id, task, call_id, call, digest, question, tier, origin, reason, state, asked_at,
       expires_at, decided_at, decided_by, scope, note)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
     on conflict (call_id) where task is null and state = 'pending' do nothing`,
    [
      approval.code,
      approval.conversationId,
      numberOrNull(approval.call.task),
      approval.call.callId,
      JSON.stringify(approval.call),
      approval.digest,
      approval.question,
      approval.tier,
      JSON.stringify(approval.origin),
      approval.reason,
      approval.state,
      approval.askedAt,
      approval.expiresAt,
      approval.decidedAt,
      approval.decidedBy,
      approval.scope,
      approval.note,
    ],
  );
  return inserted === 1;
}

function numberOrNull(task: TaskId | null): number | null {
  return task === null ? null : taskNumberOf(task);
}

function toApproval(row: ApprovalRow): Approval {
  return {
    code: row.code,
    conversationId: row.conversation_id,
    call: row.call,
    digest: row.digest,
    question: row.question,
    tier: row.tier,
    origin: row.origin,
    reason: row.reason,
    state: row.state,
    askedAt: row.asked_at,
    expiresAt: row.expires_at,
    decidedAt: row.decided_at,
    decidedBy: row.decided_by,
    scope: row.scope,
    note: row.note,
  };
}
