import { formatTaskId, type Grant, type GrantRecords, taskNumberOf } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface GrantRow {
  readonly id: string;
  readonly tool: string;
  readonly resource: string;
  readonly task: string | null;
  readonly granted_by: string;
  readonly approval: string;
  readonly expires_at: Date;
}

/** Standing yeses. */
export function createGrantRecords(sql: SqlQueries): GrantRecords {
  return {
    async insert(grant) {
      await sql.change(
        `insert into grants (id, tool, resource, task, granted_by, approval, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)`,
        [
          grant.id,
          grant.tool,
          grant.resource,
          grant.task === null ? null : taskNumberOf(grant.task),
          grant.grantedBy,
          grant.approval,
          grant.expiresAt,
        ],
      );
    },

    async active(tool, now) {
      const rows = await sql.rows<GrantRow>(
        'select * from grants where tool = $1 and expires_at > $2 order by expires_at, id',
        [tool, now],
      );
      return rows.map(toGrant);
    },

    async list(now) {
      const rows = await sql.rows<GrantRow>(
        'select * from grants where expires_at > $1 order by expires_at, id',
        [now],
      );
      return rows.map(toGrant);
    },

    async revoke(approval, now) {
      const rows = await sql.rows<GrantRow>(
        `with ended as (
           update permits set expires_at = $2
           where approval = $1 and expires_at > $2
             and not exists (
               select 1 from permit_uses used where used.digest = permits.digest and used.retry = permits.retry
             )
         ), closed_hosts as (
           delete from opened_hosts where approval = $1
         ), closed_repositories as (
           delete from opened_repositories where approval = $1
         )
         delete from grants where approval = $1 and expires_at > $2 returning *`,
        [approval, now],
      );
      return rows.map(toGrant);
    },
  };
}

function toGrant(row: GrantRow): Grant {
  return {
    id: row.id,
    tool: row.tool,
    resource: row.resource,
    task: row.task === null ? null : formatTaskId(Number(row.task)),
    grantedBy: row.granted_by,
    approval: row.approval,
    expiresAt: row.expires_at,
  };
}
