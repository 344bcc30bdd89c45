import { formatTaskId, taskNumberOf, type UsageRecords, type UsageShare } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface ShareRow {
  readonly task: string | null;
  readonly role: UsageShare['role'];
  readonly model: string;
  readonly calls: string;
  readonly estimated_calls: string;
  readonly unpriced_calls: string;
  readonly input: string;
  readonly output: string;
  readonly micros: string;
}

/** What model calls cost. Reservations that were never settled count as they stand. */
export function createUsageRecords(sql: SqlQueries): UsageRecords {
  return {
    async totals({ since, task }) {
      const totals = await sql.row<{ calls: string; input: string | null; output: string | null }>(
        `select count(*) as calls, sum(input_tokens) as input, sum(output_tokens) as output from spending
         where ($1::timestamptz is null or at >= $1) and ($2::bigint is null or task = $2)`,
        [since ?? null, task === undefined ? null : taskNumberOf(task)],
      );
      return {
        calls: Number(totals?.calls ?? 0),
        inputTokens: Number(totals?.input ?? 0),
        outputTokens: Number(totals?.output ?? 0),
      };
    },

    async shares({ day, task }) {
      const rows = await sql.rows<ShareRow>(
        `select task, role, model, count(*) as calls, count(*) filter (where estimated) as estimated_calls,
                count(*) filter (where micros is null) as unpriced_calls,
                sum(input_tokens) as input, sum(output_tokens) as output, coalesce(sum(micros), 0) as micros
           from spending
          where ($1::text is null or day = $1) and ($2::bigint is null or task = $2)
          group by task, role, model
          order by sum(input_tokens + output_tokens) desc, task, role, model`,
        [day ?? null, task === undefined ? null : taskNumberOf(task)],
      );
      return rows.map(toShare);
    },
  };
}

function toShare(row: ShareRow): UsageShare {
  return {
    task: row.task === null ? null : formatTaskId(Number(row.task)),
    role: row.role,
    model: row.model,
    calls: Number(row.calls),
    estimatedCalls: Number(row.estimated_calls),
    unpricedCalls: Number(row.unpriced_calls),
    inputTokens: Number(row.input),
    outputTokens: Number(row.output),
    micros: Number(row.micros),
  };
}
