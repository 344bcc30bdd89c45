import { taskNumberOf, type UsageRecords } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

/** What model calls cost in tokens. */
export function createUsageRecords(sql: SqlQueries): UsageRecords {
  return {
    async record(usage) {
      await sql.change(
        `insert into usage (task, role, model, input_tokens, output_tokens, estimated, at)
         values ($1, $2, $3, $4, $5, $6, $7)`,
        [
          usage.task === null ? null : taskNumberOf(usage.task),
          usage.role,
          usage.model,
          usage.inputTokens,
          usage.outputTokens,
          usage.estimated,
          usage.at,
        ],
      );
    },

    async totals({ since, task }) {
      const totals = await sql.row<{ calls: string; input: string | null; output: string | null }>(
        `select count(*) as calls, sum(input_tokens) as input, sum(output_tokens) as output from usage
         where ($1::timestamptz is null or at >= $1) and ($2::bigint is null or task = $2)`,
        [since ?? null, task === undefined ? null : taskNumberOf(task)],
      );
      return {
        calls: Number(totals?.calls ?? 0),
        inputTokens: Number(totals?.input ?? 0),
        outputTokens: Number(totals?.output ?? 0),
      };
    },
  };
}
