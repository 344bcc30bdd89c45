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
