import { type Permit, type PermitRecords, type PermitUse, taskNumberOf } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface PermitRow {
  readonly id: string;
  readonly call: Permit['call'];
  readonly digest: string;
  readonly approval: string | null;
  readonly expires_at: Date;
  readonly retry: number;
}

interface PermitUseRow {
  readonly used_at: Date | null;
  readonly settled_at: Date | null;
  readonly ok: boolean | null;
  readonly content: string | null;
}

/**
 * Single-use licences. A use belongs to the call (its digest, and which repetition a person asked for), so that two
 * permits which a race issued for one call let it happen once.
 */
export function createPermitRecords(sql: SqlQueries): PermitRecords {
  return {
    async insert(permit) {
      await sql.change(
        `insert into permits (id, task, call_id, call, digest, approval, expires_at, retry)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [
          permit.id,
          taskNumberOf(permit.call.task),
          permit.call.callId,
          JSON.stringify(permit.call),
          permit.digest,
          permit.approval,
          permit.expiresAt,
          permit.retry,
        ],
      );
    },

    async forCall(task, callId) {
      const row = await sql.row<PermitRow & PermitUseRow>(
        `select permits.*, used_at, settled_at, ok, content
         from permits left join permit_uses using (digest, retry)
         where task = $1 and call_id = $2 order by issued desc limit 1`,
        [taskNumberOf(task), callId],
      );
      return row ? { permit: toPermit(row), use: toUse(row) } : null;
    },

    async forDigest(task, callId, digest) {
      const row = await sql.row<PermitRow>(
        `select * from permits where task = $1 and call_id = $2 and digest = $3 order by issued desc limit 1`,
        [taskNumberOf(task), callId, digest],
      );
      return row ? toPermit(row) : null;
    },

    async get(id) {
      const row = await sql.row<PermitRow>('select * from permits where id = $1', [id]);
      return row ? toPermit(row) : null;
    },

    async consume(id, at) {
      const consumed = await sql.change(
        `insert into permit_uses (permit, digest, retry, used_at)
         select id, digest, retry, $2 from permits where id = $1
         on conflict do nothing`,
        [id, at],
      );
      return consumed === 1;
    },

    async settle(id, { ok, content }, at) {
      await sql.change(
        `update permit_uses set ok = $2, content = $3, settled_at = $4
         from permits
         where permits.id = $1 and permits.digest = permit_uses.digest and permits.retry = permit_uses.retry
           and ok is null`,
        [id, ok, content, at],
      );
    },

    abandonOpenUses: (reason, at) =>
      sql.change('update permit_uses set content = $1, settled_at = $2 where settled_at is null', [
        reason,
        at,
      ]),

    async unknownUses(task) {
      const rows = await sql.rows<{ readonly call: Permit['call'] }>(
        `select call from permits join permit_uses using (digest, retry)
         where task = $1 and ok is null
           and not exists (
             select 1 from permits newer
             where newer.digest = permits.digest and newer.retry > permits.retry
           )
         order by issued`,
        [taskNumberOf(task)],
      );
      return rows.map(({ call }) => call);
    },
  };
}

function toPermit(row: PermitRow): Permit {
  return {
    id: row.id,
    call: row.call,
    digest: row.digest,
    approval: row.approval,
    expiresAt: row.expires_at,
    retry: row.retry,
  };
}

function toUse(row: PermitUseRow): PermitUse | null {
  if (row.used_at === null) return null;
  const settled = row.settled_at === null ? null : { ok: row.ok, content: row.content ?? '' };
  return { usedAt: row.used_at, settled };
}
