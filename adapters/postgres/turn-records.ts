import type { TurnRecords, TurnRound } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface RoundRow {
  readonly round: number;
  readonly text: string;
  readonly tool_calls: TurnRound['toolCalls'];
  readonly results: TurnRound['results'];
  readonly tasks: TurnRound['tasks'];
}

/** Completed rounds of coordinator turns, so that a turn that is begun again repeats none of them. */
export function createTurnRecords(sql: SqlQueries): TurnRecords {
  return {
    async appendRound(turnId, round) {
      await sql.change(
        `insert into turn_rounds (turn_id, round, text, tool_calls, results, tasks)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (turn_id, round) do nothing`,
        [
          turnId,
          round.round,
          round.text,
          JSON.stringify(round.toolCalls),
          JSON.stringify(round.results),
          JSON.stringify(round.tasks),
        ],
      );
    },

    async rounds(turnId) {
      const rows = await sql.rows<RoundRow>('select * from turn_rounds where turn_id = $1 order by round', [
        turnId,
      ]);
      return rows.map(({ round, text, tool_calls: toolCalls, results, tasks }) => ({
        round,
        text,
        toolCalls,
        results,
        tasks,
      }));
    },
  };
}
