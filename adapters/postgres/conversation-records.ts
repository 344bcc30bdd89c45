import type { Conversation, ConversationRecords } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface ConversationRow {
  readonly id: string;
  readonly channel: string;
  readonly external_id: string;
  readonly created_at: Date;
}

/** One conversation per chat of a channel. */
export function createConversationRecords(sql: SqlQueries): ConversationRecords {
  return {
    async ensure(chat, newId, at) {
      const known = await sql.row<ConversationRow>(
        'select * from conversations where channel = $1 and external_id = $2',
        [chat.channel, chat.externalId],
      );
      if (known) return toConversation(known);
      // The update that changes nothing makes the statement return the row of whoever was faster.
      const added = await sql.row<ConversationRow>(
        `insert into conversations (id, channel, external_id, created_at) values ($1, $2, $3, $4)
         on conflict (channel, external_id) do update set channel = excluded.channel
         returning *`,
        [newId, chat.channel, chat.externalId, at],
      );
      if (!added) throw new Error(`conversation of ${chat.channel} was not stored`);
      return toConversation(added);
    },

    async get(id) {
      const row = await sql.row<ConversationRow>('select * from conversations where id = $1', [id]);
      return row ? toConversation(row) : null;
    },

    async list() {
      const rows = await sql.rows<ConversationRow>('select * from conversations order by created_at, id');
      return rows.map(toConversation);
    },
  };
}

function toConversation(row: ConversationRow): Conversation {
  return {
    id: row.id,
    chat: { channel: row.channel, externalId: row.external_id },
    createdAt: row.created_at,
  };
}
