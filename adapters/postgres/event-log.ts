import type { EventLog } from '@reeve/core';
import type { SqlPool } from './sql-pool.ts';
import { createSqlQueries } from './sql-queries.ts';

interface EventRow {
  readonly number: string;
  readonly conversation_id: string;
  readonly body: string;
  readonly at: Date;
}

const APPEND = `with known as (
     select from channel_events where delivery_id = $1
   ), head as (
     update channel_event_head set number = number + 1 where not exists (select from known) returning number
   )
   insert into channel_events (number, delivery_id, conversation_id, body, at)
   select number, $1, $2, $3, $4 from head
   on conflict (delivery_id) do nothing
   returning number`;

/** The local HTTP channel's deliveries, numbered in the order in which they became visible. */
export function createEventLog({ pool }: { readonly pool: SqlPool }): EventLog {
  const sql = createSqlQueries(pool);
  return {
    async append({ deliveryId, conversationId, body, at }) {
      const added = await sql.row<{ number: string }>(APPEND, [deliveryId, conversationId, body, at]);
      const stored =
        added ??
        (await sql.row<{ number: string }>('select number from channel_events where delivery_id = $1', [
          deliveryId,
        ]));
      if (!stored) throw new Error(`delivery ${deliveryId} is neither new nor stored`);
      return Number(stored.number);
    },

    async after(number, conversationId, limit) {
      const rows = await sql.rows<EventRow>(
        `select * from channel_events where number > $1 and ($2::text is null or conversation_id = $2)
         order by number limit $3`,
        [number, conversationId, limit],
      );
      return rows.map((row) => ({
        number: Number(row.number),
        conversationId: row.conversation_id,
        body: row.body,
        at: row.at,
      }));
    },

    async newest() {
      const head = await sql.row<{ number: string }>('select number from channel_event_head');
      return Number(head?.number ?? 0);
    },
  };
}
