import { type Tour, type TourRecords, taskIdSchema, tourStepSchema } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface TourRow extends Pick<Tour, 'channel' | 'person' | 'entry' | 'at'> {
  readonly conversation_id: string;
  readonly step: string | null;
  readonly task: string | null;
  readonly first_task: string | null;
}

/** How far people have come on the tour. */
export function createTourRecords(sql: SqlQueries): TourRecords {
  return {
    async get(channel, person) {
      const row = await sql.row<TourRow>('select * from tours where channel = $1 and person = $2', [
        channel,
        person,
      ]);
      return row ? toTour(row) : null;
    },

    async put({ channel, person, conversationId, entry, step, task, firstTask, at }) {
      await sql.change(
        `insert into tours (channel, person, conversation_id, entry, step, task, first_task, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (channel, person) do update set conversation_id = excluded.conversation_id,
           entry = excluded.entry, step = excluded.step, task = excluded.task, first_task = excluded.first_task, at = excluded.at`,
        [channel, person, conversationId, entry, step, task, firstTask, at],
      );
    },

    async advance({ channel, person, entry, step }, to, at) {
      const changed = await sql.change(
        `update tours set step = $5, task = null, at = $6
         where channel = $1 and person = $2 and entry = $3 and step is not distinct from $4`,
        [channel, person, entry, step, to, at],
      );
      return changed > 0;
    },

    async waiting() {
      const rows = await sql.rows<TourRow>('select * from tours where task is not null');
      return rows.map(toTour);
    },
  };
}

function toTour({ channel, person, conversation_id, entry, step, task, first_task, at }: TourRow): Tour {
  return {
    channel,
    person,
    conversationId: conversation_id,
    entry,
    step: step === null ? null : tourStepSchema.parse(step),
    task: task === null ? null : taskIdSchema.parse(task),
    firstTask: first_task === null ? null : taskIdSchema.parse(first_task),
    at,
  };
}
