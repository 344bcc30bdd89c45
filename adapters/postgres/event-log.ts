import type { ChannelEvent, EventLog, PageFrom, PlacedEvent } from '@reeve/core';
import type { SqlPool } from './sql-pool.ts';
import { createSqlQueries } from './sql-queries.ts';

interface EventRow {
  readonly number: string;
  readonly conversation_id: string;
  readonly body: string;
  readonly at: Date;
}

interface PlacedRow extends EventRow {
  readonly position: string;
}

interface SummaryRow {
  readonly conversation_id: string;
  readonly title: string | null;
  readonly opening: string | null;
  readonly last_at: Date;
}

const APPEND = `with known as (
     select from channel_events where delivery_id = $1
   ), head as (
     update channel_event_head set number = number + 1 where not exists (select from known) returning number
   )
   insert into channel_events (number, delivery_id, conversation_id, body, at, key, words, position)
   select number, $1, $2, $3, $4, $5, $6, case when $7 then null else coalesce(
            (select min(earlier.number) from channel_events earlier
              where earlier.conversation_id = $2 and earlier.key = $5),
            number) end
     from head
   on conflict (delivery_id) do nothing
   returning number`;

const SUMMARIES = `select wanted.id as conversation_id, title.words as title, opening.words as opening, newest.at as last_at
   from unnest($1::text[]) as wanted (id)
   join lateral (
     select at from channel_events where conversation_id = wanted.id order by number desc limit 1
   ) newest on true
   left join lateral (
     select words from channel_events where conversation_id = wanted.id and key = 'title' order by number desc limit 1
   ) title on true
   left join lateral (
     select words from channel_events
      where conversation_id = wanted.id and position is not null and words is not null
      order by number limit 1
   ) opening on true`;

/** The local HTTP channel's deliveries, numbered in the order in which they became visible. */
export function createEventLog({ pool }: { readonly pool: SqlPool }): EventLog {
  const sql = createSqlQueries(pool);
  return {
    async append({ deliveryId, conversationId, body, at, key = null, words = null, isAside = false }) {
      const added = await sql.row<{ number: string }>(APPEND, [
        deliveryId,
        conversationId,
        body,
        at,
        key,
        words === null ? null : storable(words),
        isAside,
      ]);
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
        `select number, conversation_id, body, at from channel_events
          where number > $1 and ($2::text is null or conversation_id = $2)
          order by number limit $3`,
        [number, conversationId, limit],
      );
      return rows.map(toEvent);
    },

    async newest() {
      const head = await sql.row<{ number: string }>('select number from channel_event_head');
      return Number(head?.number ?? 0);
    },

    async page(conversationId, from, limit) {
      const { where, order, values } = pageClause(from);
      const rows = await sql.rows<PlacedRow>(
        `select distinct on (position) position, number, conversation_id, body, at from channel_events
          where conversation_id = $1 and position is not null ${where}
          order by position ${order}, number desc limit $2`,
        [conversationId, limit, ...values],
      );
      const placed = rows.map(toPlaced);
      return order === 'desc' ? placed.reverse() : placed;
    },

    async find(parts, limit, conversationIds) {
      const patterns = parts.map((part) => `%${storable(part).replace(/[\\%_]/g, '\\$&')}%`);
      const rows = await sql.rows<PlacedRow>(
        `select position, number, conversation_id, body, at from channel_events
          where position is not null and words ilike all ($1::text[])
            and ($3::text[] is null or conversation_id = any($3))
          order by number desc limit $2`,
        [patterns, limit, conversationIds],
      );
      return rows.map(toPlaced);
    },

    async summaries(conversationIds) {
      const rows = await sql.rows<SummaryRow>(SUMMARIES, [conversationIds]);
      return rows.map(({ conversation_id: conversationId, title, opening, last_at: lastAt }) => ({
        conversationId,
        title,
        opening,
        lastAt,
      }));
    },
  };
}

function pageClause(from: PageFrom): { where: string; order: 'asc' | 'desc'; values: number[] } {
  switch (from.kind) {
    case 'newest':
      return { where: '', order: 'desc', values: [] };
    case 'before':
      return { where: 'and position < $3', order: 'desc', values: [from.position] };
    case 'after':
      return { where: 'and position > $3', order: 'asc', values: [from.position] };
  }
}

/** Columns of text hold neither NUL nor half a character. */
function storable(words: string): string {
  return words.replaceAll('\0', '').toWellFormed();
}

function toEvent(row: EventRow): ChannelEvent {
  return {
    number: Number(row.number),
    conversationId: row.conversation_id,
    body: row.body,
    at: row.at,
  };
}

function toPlaced(row: PlacedRow): PlacedEvent {
  return { ...toEvent(row), position: Number(row.position) };
}
