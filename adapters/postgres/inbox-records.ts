import type { InboxEntry, InboxRecords } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface InboxRow {
  readonly id: string;
  readonly conversation_id: string;
  readonly channel: string;
  readonly chat_external_id: string;
  readonly update_id: string;
  readonly sender_external_id: string;
  readonly sender_name: string;
  readonly lane: InboxEntry['lane'];
  readonly text: string;
  readonly attachments: readonly string[];
  readonly forwarded_from: string | null;
  readonly tries: number;
  readonly received_at: Date;
}

/** Each is one statement, and so one trip to the database: a person waits for both. */
const ACCEPT = `with fence as materialized (select case when $14::bigint is not null then hold_epoch($14) end),
   added as (
     insert into inbox (id, conversation_id, channel, chat_external_id, update_id, sender_external_id, sender_name,
       lane, text, attachments, received_at, forwarded_from, tries)
     select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10::json, $11::timestamptz, $12,
       case when $15 and $8 = 'turn'
         and not exists (select from inbox where conversation_id = $2 and lane = 'turn' and handled_at is null)
       then 1 else 0 end
     from fence
     on conflict (channel, update_id) do nothing
     returning *
   ), said as (
     insert into messages (conversation_id, turn_id, task, role, origin, text, attachments, at)
     select conversation_id, id, null, 'user', $13::json, text, attachments, received_at from added
     where $13::json is not null
   )
   select * from added`;
const BEGIN_TURN = `with fence as materialized (select case when $2::bigint is not null then hold_epoch($2) end),
   waiting as materialized (
     select * from inbox where conversation_id = $1 and lane = 'turn' and handled_at is null
   ), raised as (
     update inbox set tries = inbox.tries + 1 from fence
     where id = (select id from waiting order by arrival limit 1)
     returning inbox.id, inbox.tries
   )
   select waiting.*, coalesce(raised.tries, waiting.tries) as tries
   from waiting left join raised using (id) order by arrival`;

/**
 * What came in, stored once per (channel, update id) and kept until it is handled. `heldEpoch` is the coordinator epoch
 * that the process holds, null for none: a superseded coordinator neither accepts nor begins.
 */
export function createInboxRecords(sql: SqlQueries, heldEpoch: () => number | null): InboxRecords {
  return {
    async accept(entry, said, begins = false) {
      const added = await sql.row<InboxRow>(ACCEPT, [
        ...valuesOf(entry),
        said && JSON.stringify(said),
        heldEpoch(),
        begins,
      ]);
      if (added) return { kind: 'accepted', entry: toEntry(added) };
      const first = await sql.row<Pick<InboxRow, 'id' | 'conversation_id'>>(
        'select id, conversation_id from inbox where channel = $1 and update_id = $2',
        [entry.chat.channel, entry.updateId],
      );
      if (!first) throw new Error(`update ${entry.updateId} is neither new nor stored`);
      return { kind: 'duplicate', turnId: first.id, conversationId: first.conversation_id };
    },

    async pending(conversationId, lane) {
      const rows = await sql.rows<InboxRow>(
        'select * from inbox where conversation_id = $1 and lane = $2 and handled_at is null order by arrival',
        [conversationId, lane],
      );
      return rows.map(toEntry);
    },

    async updateIdOf(id) {
      const found = await sql.row<{ update_id: string }>('select update_id from inbox where id = $1', [id]);
      return found?.update_id ?? null;
    },

    async senderOf(id) {
      const found = await sql.row<Pick<InboxRow, 'sender_external_id'>>(
        'select sender_external_id from inbox where id = $1',
        [id],
      );
      return found?.sender_external_id ?? null;
    },

    async pendingConversations() {
      const rows = await sql.rows<{ conversation_id: string }>(
        'select conversation_id from inbox where handled_at is null group by 1 order by min(arrival)',
      );
      return rows.map((row) => row.conversation_id);
    },

    async begin(conversationId) {
      return (await sql.rows<InboxRow>(BEGIN_TURN, [conversationId, heldEpoch()])).map(toEntry);
    },

    async lowerTries(id) {
      await sql.change('update inbox set tries = greatest(tries - 1, 0) where id = $1', [id]);
    },

    async markHandled(ids, at) {
      await sql.change('update inbox set handled_at = $2 where id = any($1) and handled_at is null', [
        ids,
        at,
      ]);
    },

    async setAside(id, at) {
      await sql.change(
        'update inbox set handled_at = $2, set_aside = true where id = $1 and handled_at is null',
        [id, at],
      );
    },
  };
}

function valuesOf(entry: Omit<InboxEntry, 'tries'>): unknown[] {
  return [
    entry.id,
    entry.conversationId,
    entry.chat.channel,
    entry.chat.externalId,
    entry.updateId,
    entry.sender.externalId,
    entry.sender.name,
    entry.lane,
    entry.text,
    JSON.stringify(entry.attachments),
    entry.receivedAt,
    entry.forwardedFrom ?? null,
  ];
}

function toEntry(row: InboxRow): InboxEntry {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    chat: { channel: row.channel, externalId: row.chat_external_id },
    updateId: row.update_id,
    sender: { externalId: row.sender_external_id, name: row.sender_name },
    lane: row.lane,
    text: row.text,
    attachments: row.attachments,
    ...(row.forwarded_from === null ? {} : { forwardedFrom: row.forwarded_from }),
    tries: row.tries,
    receivedAt: row.received_at,
  };
}
