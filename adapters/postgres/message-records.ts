import { formatTaskId, type Message, type MessageRecords, taskNumberOf } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface MessageRow {
  readonly sequence: string;
  readonly conversation_id: string;
  readonly turn_id: string | null;
  readonly task: string | null;
  readonly role: Message['role'];
  readonly origin: Message['origin'];
  readonly text: string;
  readonly attachments: readonly string[];
  readonly at: Date;
}

/** A word that more messages hold says nothing about which of them is meant. */
const COMMON_FROM = 200;

/**
 * Each word weighs the less the more messages hold it; a message weighs what its words do. Materialized, so that the
 * index on words is used whatever the planner believes about conversations: any other way reads every message.
 */
const SEARCH = `with hits as (
     select word, found.sequence, count(*) over (partition by word) as matches
     from unnest($2::text[]) as word
     cross join lateral (
       with holding as materialized (
         select sequence, conversation_id from messages
         where to_tsvector('simple', text) @@ plainto_tsquery('simple', word) limit $5
       )
       select sequence from holding where conversation_id = $1 and sequence <= $3
     ) found
   ), best as (
     select sequence, sum(1.0 / matches) as weight from hits where matches < $5
     group by sequence order by weight desc, sequence desc limit $4
   )
   select messages.* from best join messages using (sequence) order by weight desc, sequence desc`;

/** What was said in conversations, in order. */
export function createMessageRecords(sql: SqlQueries): MessageRecords {
  return {
    async append(message) {
      const added = await sql.row<{ sequence: string }>(
        `insert into messages (conversation_id, turn_id, task, role, origin, text, attachments, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         returning sequence`,
        [
          message.conversationId,
          message.turnId,
          message.taskId === null ? null : taskNumberOf(message.taskId),
          message.role,
          JSON.stringify(message.origin),
          message.text,
          JSON.stringify(message.attachments),
          message.at,
        ],
      );
      return Number(added?.sequence);
    },

    async recent(conversationId, limit, before = null) {
      const rows = await sql.rows<MessageRow>(
        `select * from messages where conversation_id = $1 and ($3::bigint is null or sequence < $3)
         order by sequence desc limit $2`,
        [conversationId, limit, before],
      );
      return rows.map(toMessage).reverse();
    },

    async after(conversationId, sequence, limit) {
      const rows = await sql.rows<MessageRow>(
        'select * from messages where conversation_id = $1 and sequence > $2 order by sequence limit $3',
        [conversationId, sequence, limit],
      );
      return rows.map(toMessage);
    },

    async search(conversationId, words, upTo, limit) {
      const rows = await sql.rows<MessageRow>(SEARCH, [conversationId, words, upTo, limit, COMMON_FROM]);
      return rows.map(toMessage);
    },
  };
}

function toMessage(row: MessageRow): Message {
  return {
    sequence: Number(row.sequence),
    conversationId: row.conversation_id,
    turnId: row.turn_id,
    taskId: row.task === null ? null : formatTaskId(Number(row.task)),
    role: row.role,
    origin: row.origin,
    text: row.text,
    attachments: row.attachments,
    at: row.at,
  };
}
