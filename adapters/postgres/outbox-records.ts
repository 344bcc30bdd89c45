import type { About, DueDelivery, OutboxEntry, OutboxRecords } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

/**
 * An entry whose sending began this long ago without being settled (the database went away in between) is due again,
 * as one that may have arrived. Longer than any channel keeps trying: three tries of 60 s.
 */
const SENDING_LOST_AFTER_MS = 200_000;

interface DueRow {
  readonly id: string;
  readonly sequence: string;
  readonly conversation_id: string;
  readonly channel: string;
  readonly chat_external_id: string;
  readonly content: OutboxEntry['content'];
  readonly about: OutboxEntry['about'];
  readonly reply_to: string | null;
  readonly urgency: OutboxEntry['urgency'];
  readonly card_key: string | null;
  readonly edits: string | null;
  readonly uncertain: boolean;
  readonly tries: number;
}

type HeldRow = Pick<DueRow, 'id' | 'conversation_id' | 'channel' | 'chat_external_id' | 'about'>;

/**
 * What is to be said, in order per conversation. `heldEpoch` is the coordinator epoch that the process holds, null
 * before it took over; a process that was superseded is refused (`CoordinatorFenced`) when it begins to send.
 */
export function createOutboxRecords(sql: SqlQueries, heldEpoch: () => number | null): OutboxRecords {
  return {
    add: (entry, at) => addEntry(sql, entry, at),

    async due(now, limit) {
      const lostBefore = new Date(now.getTime() - SENDING_LOST_AFTER_MS);
      const rows = await sql.rows<DueRow>('select * from due_deliveries($1, $2, $3)', [
        now,
        lostBefore,
        limit,
      ]);
      return rows.map(toDue);
    },

    async nextDueAt() {
      const next = await sql.row<{ at: Date | null }>(
        `select min(case state when 'pending' then not_before
           else began_at + $1 * interval '1 millisecond' end) as at from outbox_heads`,
        [SENDING_LOST_AFTER_MS],
      );
      return next?.at ?? null;
    },

    async markSending(id, at) {
      const marked = await sql.row<{ open: boolean }>('select mark_sending($1, $2, $3) as open', [
        id,
        heldEpoch(),
        at,
      ]);
      if (!marked?.open) throw new Error(`outbox entry ${id} is not open`);
    },

    ...sentMessages(sql),

    async markSent(id, reference, at) {
      await sql.change(
        `update outbox set state = 'sent', reference = $2, settled_at = $3
         where id = $1 and state in ('pending', 'sending')`,
        [id, reference, at],
      );
    },

    async markRefused(id, reason, at) {
      await sql.change(
        `update outbox set state = 'refused', refusal = $2, settled_at = $3
         where id = $1 and state in ('pending', 'sending')`,
        [id, reason, at],
      );
    },

    async postpone(id, notBefore, mayHaveArrived) {
      await sql.change(
        `update outbox set state = 'pending', not_before = $2, may_have_arrived = $3
         where id = $1 and state in ('pending', 'sending')`,
        [id, notBefore, mayHaveArrived],
      );
    },

    async hold(id) {
      await sql.change(`update outbox set state = 'held' where id = $1 and state = 'pending'`, [id]);
    },

    async held() {
      const rows = await sql.rows<HeldRow>(
        `select id, conversation_id, channel, chat_external_id, about from outbox
         where state = 'held' order by sequence`,
      );
      return rows.map((row) => ({
        id: row.id,
        conversationId: row.conversation_id,
        chat: { channel: row.channel, externalId: row.chat_external_id },
        about: row.about,
      }));
    },

    async release(ids, at) {
      await sql.change(
        `update outbox as old set
           state = case when is_outdated then 'refused' else 'pending' end,
           refusal = case when is_outdated then 'its card changed while it was kept back' end,
           settled_at = case when is_outdated then $2::timestamptz end
         from (
           select id, card_key is not null and exists (
             select from outbox as newer
             where newer.conversation_id = held.conversation_id and newer.card_key = held.card_key
               and newer.sequence > held.sequence
           ) as is_outdated
           from outbox as held where id = any($1) and state = 'held'
         ) as judged
         where old.id = judged.id`,
        [ids, at],
      );
    },

    async unsent(conversationId) {
      const count = await sql.row<{ count: string }>(
        `select count(*) from outbox where conversation_id = $1 and state in ('pending', 'sending')`,
        [conversationId],
      );
      return Number(count?.count ?? 0);
    },
  };
}

/** Where messages that went out are found again. */
function sentMessages(sql: SqlQueries): Pick<OutboxRecords, 'aboutSent' | 'placeOfMenu'> {
  return {
    async aboutSent(conversationId, referenceOrKey) {
      const row = await sql.row<{ readonly about: About }>(
        `select about from outbox
         where conversation_id = $1 and state = 'sent' and (reference = $2 or card_key = $2)
         order by sequence desc limit 1`,
        [conversationId, referenceOrKey],
      );
      return row?.about ?? null;
    },

    async placeOfMenu(channel, key) {
      const row = await sql.row<Pick<DueRow, 'conversation_id' | 'chat_external_id'>>(
        `select conversation_id, chat_external_id from outbox
         where channel = $1 and card_key = $2 and card_key like 'connect:%' order by sequence desc limit 1`,
        [channel, key],
      );
      if (!row) return null;
      return { id: row.conversation_id, chat: { channel, externalId: row.chat_external_id } };
    },
  };
}

/** What was being sent when an earlier process ended: pending again, and it may have arrived. */
export async function releaseSending(sql: SqlQueries): Promise<void> {
  await sql.change(`update outbox set state = 'pending', may_have_arrived = true where state = 'sending'`);
}

/** Newer content replaces that of a card which nobody has read for delivery yet. */
export const REPLACE_CARD = `on conflict (conversation_id, card_key) where card_key is not null and state = 'pending' and not offered
       do update set content = excluded.content, about = excluded.about, reply_to = excluded.reply_to`;

async function addEntry(sql: SqlQueries, entry: OutboxEntry, at: Date): Promise<void> {
  await sql.change(
    `insert into outbox (id, conversation_id, channel, chat_external_id, content, about, reply_to, urgency, card_key,
       created_at, not_before)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     ${REPLACE_CARD}`,
    outboxValues(entry, at),
  );
}

/** An entry's columns from `id` to `not_before`, in the order of `addEntry`. */
export function outboxValues(entry: OutboxEntry, at: Date): unknown[] {
  return [
    entry.id,
    entry.conversationId,
    entry.chat.channel,
    entry.chat.externalId,
    JSON.stringify(entry.content),
    JSON.stringify(entry.about),
    entry.replyTo,
    entry.urgency,
    entry.cardKey,
    at,
    entry.notBefore ?? null,
  ];
}

function toDue(row: DueRow): DueDelivery {
  return {
    entry: {
      id: row.id,
      conversationId: row.conversation_id,
      chat: { channel: row.channel, externalId: row.chat_external_id },
      content: row.content,
      about: row.about,
      replyTo: row.reply_to,
      urgency: row.urgency,
      cardKey: row.card_key,
    },
    sequence: Number(row.sequence),
    edits: row.edits,
    mayHaveArrived: row.uncertain,
    tries: row.tries,
  };
}
