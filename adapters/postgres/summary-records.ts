import type { Summary, SummaryRecords } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface SummaryRow {
  readonly conversation_id: string;
  readonly up_to: string;
  readonly facts: Summary['facts'];
  readonly story: string;
  readonly model: string;
  readonly at: Date;
}

/** What older messages came to. */
export function createSummaryRecords(sql: SqlQueries): SummaryRecords {
  return {
    async newest(conversationId) {
      const row = await sql.row<SummaryRow>(
        'select * from summaries where conversation_id = $1 order by up_to desc limit 1',
        [conversationId],
      );
      return row ? toSummary(row) : null;
    },

    async insert({ conversationId, upTo, facts, story, model, at }) {
      await sql.change(
        `insert into summaries (conversation_id, up_to, facts, story, model, at)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
        [conversationId, upTo, JSON.stringify(facts), story, model, at],
      );
    },
  };
}

function toSummary(row: SummaryRow): Summary {
  const { conversation_id: conversationId, up_to: upTo, facts, story, model, at } = row;
  return { conversationId, upTo: Number(upTo), facts, story, model, at };
}
