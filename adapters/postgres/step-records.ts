import { type AppendOutcome, type Step, type StepRecords, taskNumberOf } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface StepRow {
  readonly seq: number;
  readonly attempt: number;
  readonly at: Date;
  readonly body: Step['body'];
}

/** What tasks did, step by step, and the snapshots of their scratch directories. */
export function createStepRecords(sql: SqlQueries): StepRecords {
  return {
    async append(id, step, activity) {
      const taken = step.body.kind === 'note' ? step.body.input : null;
      const appended = await sql.row<{ outcome: AppendOutcome }>(
        'select append_step($1, $2, $3, $4, $5, $6, $7) as outcome',
        [taskNumberOf(id), step.attempt, step.seq, step.at, JSON.stringify(step.body), activity, taken],
      );
      if (!appended) throw new Error('append_step() returned nothing');
      return appended.outcome;
    },

    async list(id) {
      const rows = await sql.rows<StepRow>(
        'select seq, attempt, at, body from steps where task = $1 order by seq',
        [taskNumberOf(id)],
      );
      return rows.map(({ seq, attempt, at, body }) => ({ seq, attempt, at: at.toISOString(), body }));
    },

    async recordSnapshot(id, seq, key, at) {
      await sql.change(
        `insert into scratch_snapshots (task, seq, key, at) values ($1, $2, $3, $4)
         on conflict (task, seq) do update set key = excluded.key, at = excluded.at`,
        [taskNumberOf(id), seq, key, at],
      );
    },

    async newestSnapshot(id) {
      const newest = await sql.row<{ seq: number; key: string }>(
        'select seq, key from scratch_snapshots where task = $1 order by seq desc limit 1',
        [taskNumberOf(id)],
      );
      return newest ?? null;
    },

    async pruneSnapshots(id, keep) {
      const rows = await sql.rows<{ key: string }>(
        `delete from scratch_snapshots
         where task = $1 and ($2 or seq < (select max(seq) from scratch_snapshots where task = $1))
         returning key`,
        [taskNumberOf(id), keep === 'none'],
      );
      return rows.map((row) => row.key);
    },
  };
}
