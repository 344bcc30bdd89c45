import type { ModelExchange, TurnRecords, TurnRound } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface RoundRow {
  readonly round: number;
  readonly text: string;
  readonly tool_calls: TurnRound['toolCalls'];
  readonly results: TurnRound['results'];
  readonly tasks: TurnRound['tasks'];
}

interface ExchangeRow {
  readonly at: Date;
  readonly duration_ms: number;
  readonly prompt: ModelExchange['prompt'];
  readonly answer: ModelExchange['answer'];
}

const KEPT_EXCHANGES = 1000;

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

    async recordExchange(turnId, { at, durationMs, prompt, answer }) {
      await sql.change(
        `with added as (
           insert into turn_exchanges (turn_id, at, duration_ms, prompt, answer) values ($1, $2, $3, $4, $5)
           returning sequence
         )
         delete from turn_exchanges using added where turn_exchanges.sequence <= added.sequence - $6`,
        [turnId, at, durationMs, JSON.stringify(prompt), JSON.stringify(answer), KEPT_EXCHANGES],
      );
    },

    async exchanges(turnId) {
      const rows = await sql.rows<ExchangeRow>(
        'select at, duration_ms, prompt, answer from turn_exchanges where turn_id = $1 order by sequence',
        [turnId],
      );
      return rows.map(({ at, duration_ms: durationMs, prompt, answer }) => ({
        at,
        durationMs,
        prompt,
        answer,
      }));
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
