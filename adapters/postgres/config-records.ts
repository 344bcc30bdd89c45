import type { ConfigRecords, ConfigRevision } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface RevisionRow {
  readonly id: string;
  readonly name: string;
  readonly before: string | null;
  readonly value: string | null;
  readonly changed_by: string;
  readonly why: string | null;
  readonly undoes: string | null;
  readonly request: string;
  readonly at: Date;
}

/** What the owner changed of the settings. */
export function createConfigRecords(sql: SqlQueries): ConfigRecords {
  return {
    async insert({ name, before, value, by, why, undoes, request, at }) {
      const row = await sql.row<RevisionRow>(
        `insert into config_revisions (name, before, value, changed_by, why, undoes, request, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning *`,
        [name, before, value, by, why, undoes, request, at],
      );
      if (!row) throw new Error('a revision was not returned');
      return toRevision(row);
    },

    async current() {
      const rows = await sql.rows<RevisionRow>(
        'select distinct on (name) * from config_revisions order by name, id desc',
      );
      return rows.map(toRevision);
    },

    async byRequest(request) {
      const row = await sql.row<RevisionRow>('select * from config_revisions where request = $1', [request]);
      return row ? toRevision(row) : null;
    },

    async newestStanding() {
      const row = await sql.row<RevisionRow>(
        `select * from config_revisions as revision
          where undoes is null
            and not exists (select from config_revisions as later where later.undoes = revision.id)
          order by id desc limit 1`,
      );
      return row ? toRevision(row) : null;
    },

    async history(limit) {
      const rows = await sql.rows<RevisionRow>('select * from config_revisions order by id desc limit $1', [
        limit,
      ]);
      return rows.map(toRevision);
    },
  };
}

function toRevision(row: RevisionRow): ConfigRevision {
  const { id, name, before, value, changed_by: by, why, undoes, request, at } = row;
  return {
    id: Number(id),
    name,
    before,
    value,
    by,
    why,
    undoes: undoes === null ? null : Number(undoes),
    request,
    at,
  };
}
