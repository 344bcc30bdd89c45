import { type AuditEntry, type AuditRecords, auditBody } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface AuditRow {
  readonly sequence: string;
  readonly body: string;
  readonly subject: string;
  readonly previous_hash: string;
  readonly hash: string;
}

/** Entries read at a time. */
const PAGE = 1000;

/** The tenant's one hash chain. */
export function createAuditRecords(sql: SqlQueries): AuditRecords {
  return {
    async append(event, at) {
      const row = await sql.row<AuditRow>('select * from audit_append($1, $2)', [
        auditBody(event, at),
        event.subject,
      ]);
      if (!row) throw new Error('audit_append() returned nothing');
      return toEntry(row);
    },

    async *entries(from = 1) {
      let next = from;
      for (;;) {
        const rows = await sql.rows<AuditRow>(
          'select * from audit_entries where sequence >= $1 order by sequence limit $2',
          [next, PAGE],
        );
        for (const row of rows) yield toEntry(row);
        const last = rows.at(-1);
        if (last === undefined || rows.length < PAGE) return;
        next = Number(last.sequence) + 1;
      }
    },

    async head() {
      const row = await sql.row<{ sequence: string; hash: string }>('select sequence, hash from audit_head');
      if (!row) throw new Error('the audit chain has no head');
      return { sequence: Number(row.sequence), hash: row.hash };
    },

    async about(subject, limit) {
      const rows = await sql.rows<AuditRow>(
        'select * from audit_entries where subject = $1 order by sequence desc limit $2',
        [subject, limit],
      );
      return rows.map(toEntry).reverse();
    },
  };
}

function toEntry(row: AuditRow): AuditEntry {
  return {
    sequence: Number(row.sequence),
    body: row.body,
    subject: row.subject,
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}
