import { type Tour, type TourRecords, tourStepSchema } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface TourRow extends Pick<Tour, 'channel' | 'person' | 'entry' | 'at'> {
  readonly conversation_id: string;
  readonly step: string | null;
}

/** How far people have come on the tour. */
export function createTourRecords(sql: SqlQueries): TourRecords {
  return {
    async get(channel, person) {
      const row = await sql.row<TourRow>('select * from tours where channel = $1 and person = $2', [
        channel,
        person,
      ]);
      if (!row) return null;
      const { conversation_id: conversationId, entry, step, at } = row;
      return {
        channel,
        person,
        conversationId,
        entry,
        step: step === null ? null : tourStepSchema.parse(step),
        at,
      };
    },

    async put({ channel, person, conversationId, entry, step, at }) {
      await sql.change(
        `insert into tours (channel, person, conversation_id, entry, step, at) values ($1, $2, $3, $4, $5, $6)
         on conflict (channel, person) do update set conversation_id = excluded.conversation_id,
           entry = excluded.entry, step = excluded.step, at = excluded.at`,
        [channel, person, conversationId, entry, step, at],
      );
    },

    async advance({ channel, person, entry, step }, to, at) {
      const changed = await sql.change(
        `update tours set step = $5, at = $6
         where channel = $1 and person = $2 and entry = $3 and step is not distinct from $4`,
        [channel, person, entry, step, to, at],
      );
      return changed > 0;
    },
  };
}
