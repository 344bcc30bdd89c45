import type { PeopleRecords, Person } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface PersonRow {
  readonly channel: string;
  readonly external_id: string;
  readonly role: Person['role'];
  readonly name: string;
  readonly added_by: string;
  readonly added_at: Date;
}

/** Whom the owner has admitted. */
export function createPeopleRecords(sql: SqlQueries): PeopleRecords {
  return {
    async list() {
      const rows = await sql.rows<PersonRow>('select * from people order by added_at, channel, external_id');
      return rows.map(({ channel, external_id, role, name, added_by, added_at }) => ({
        channel,
        externalId: external_id,
        role,
        name,
        addedBy: added_by,
        addedAt: added_at,
      }));
    },

    async put({ channel, externalId, role, name, addedBy, addedAt }) {
      await sql.change(
        `insert into people (channel, external_id, role, name, added_by, added_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (channel, external_id) do update set role = excluded.role, name = excluded.name,
           added_by = excluded.added_by, added_at = excluded.added_at`,
        [channel, externalId, role, name, addedBy, addedAt],
      );
    },

    async remove(channel, externalId) {
      const removed = await sql.change('delete from people where channel = $1 and external_id = $2', [
        channel,
        externalId,
      ]);
      return removed > 0;
    },
  };
}
