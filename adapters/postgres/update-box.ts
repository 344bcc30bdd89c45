import type { ChannelUpdate, UpdateBox } from '@reeve/core';
import type { SqlPool } from './sql-pool.ts';
import { createSqlQueries } from './sql-queries.ts';

interface UpdateRow {
  readonly update_id: string;
  readonly body: string;
}

/** Updates of polled channels, kept until they are handled and known a while longer. */
export function createUpdateBox({ pool }: { readonly pool: SqlPool }): UpdateBox {
  const sql = createSqlQueries(pool);
  return {
    async store(channel, updates, at) {
      const rows = await sql.rows<UpdateRow>(
        `insert into channel_updates (channel, update_id, body, received_at)
         select $1, given.id, given.body, $4 from unnest($2::bigint[], $3::text[]) as given (id, body)
         on conflict do nothing returning update_id, body`,
        [channel, updates.map(({ updateId }) => updateId), updates.map(({ body }) => body), at],
      );
      return rows.map(toUpdate).sort((a, b) => a.updateId - b.updateId);
    },

    async pending(channel) {
      const rows = await sql.rows<UpdateRow>(
        `select update_id, body from channel_updates where channel = $1 and handled_at is null order by update_id`,
        [channel],
      );
      return rows.map(toUpdate);
    },

    async markHandled(channel, updateIds, at) {
      await sql.change(
        `update channel_updates set handled_at = $3, body = null
          where channel = $1 and update_id = any ($2::bigint[]) and handled_at is null`,
        [channel, updateIds, at],
      );
    },

    async forget(channel, before) {
      await sql.change('delete from channel_updates where channel = $1 and handled_at < $2', [
        channel,
        before,
      ]);
    },
  };
}

function toUpdate({ update_id: id, body }: UpdateRow): ChannelUpdate {
  return { updateId: Number(id), body };
}
