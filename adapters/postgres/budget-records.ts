import { type BudgetRecords, type CapKind, taskNumberOf } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface ReservedRow {
  readonly reservation: string | null;
  readonly cap_kind: CapKind | null;
  readonly cap_subject: string | null;
  readonly spent_tokens: string;
  readonly spent_micros: string;
  readonly is_news: boolean;
}

interface StateRow {
  readonly tokens: string;
  readonly micros: string;
  readonly added_tokens: string;
  readonly added_micros: string;
  readonly raises: number;
}

interface RefusalRow {
  readonly kind: CapKind;
  readonly subject: string;
  readonly tokens: string;
  readonly micros: string | null;
}

/** Caps, reservations and what was spent; the functions of the database decide and count. */
export function createBudgetRecords(sql: SqlQueries): BudgetRecords {
  return {
    async reserve(reservation, caps) {
      const { task, role, model, inputTokens, outputTokens, micros, day, month, at } = reservation;
      const row = await sql.row<ReservedRow>(
        'select * from reserve_budget($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)',
        [
          task === null ? null : taskNumberOf(task),
          role,
          model,
          inputTokens,
          outputTokens,
          micros,
          day,
          month,
          at,
          JSON.stringify(caps),
          reservation.slack?.tokens ?? 0,
          reservation.slack?.micros ?? 0,
        ],
      );
      if (!row) throw new Error('reserve_budget() returned nothing');
      if (row.reservation !== null) return { kind: 'reserved', id: row.reservation };
      if (row.cap_kind === null || row.cap_subject === null) return { kind: 'held' };
      return {
        kind: 'refused',
        cap: { kind: row.cap_kind, of: row.cap_subject },
        spent: { tokens: Number(row.spent_tokens), micros: Number(row.spent_micros) },
        isNews: row.is_news,
      };
    },

    async abandonOpen() {
      return sql.change('update reservations set under_way = false where under_way', []);
    },

    async settle(id, { model, inputTokens, outputTokens, micros, estimated, at }) {
      const row = await sql.row<{ settled: boolean }>(
        'select settle_reservation($1, $2, $3, $4, $5, $6, $7) as settled',
        [id, model, inputTokens, outputTokens, micros, estimated, at],
      );
      return row?.settled === true;
    },

    async release(id) {
      await sql.row('select settle_reservation($1, null, null, null, null, null, null)', [id]);
    },

    async state({ kind, of }) {
      const row = await sql.row<StateRow>(
        `select coalesce(spent.tokens, 0) as tokens, coalesce(spent.micros, 0) as micros,
                coalesce(caps.tokens, 0) as added_tokens, coalesce(caps.micros, 0) as added_micros,
                coalesce(caps.raises, 0) as raises
           from (values ($1, $2)) as named (kind, subject)
           left join spent on spent.kind = named.kind and spent.subject = named.subject
           left join caps on caps.kind = named.kind and caps.subject = named.subject`,
        [kind, of],
      );
      if (!row) throw new Error('a cap has no state');
      return {
        spent: { tokens: Number(row.tokens), micros: Number(row.micros) },
        added: { tokens: Number(row.added_tokens), micros: Number(row.added_micros) },
        raises: row.raises,
      };
    },

    async raise({ kind, of }, by) {
      await sql.change(
        `insert into caps (kind, subject, tokens, micros, raises) values ($1, $2, $3, $4, 1)
         on conflict (kind, subject) do update
            set tokens = caps.tokens + excluded.tokens, micros = caps.micros + excluded.micros,
                raises = caps.raises + 1`,
        [kind, of, by.tokens, by.micros],
      );
    },

    async refusalOf(asker) {
      const row = await sql.row<RefusalRow>(
        'select kind, subject, tokens, micros from budget_refusals where asker = $1',
        [asker],
      );
      if (!row) return null;
      return {
        cap: { kind: row.kind, of: row.subject },
        needed: { tokens: Number(row.tokens), micros: row.micros === null ? null : Number(row.micros) },
      };
    },
  };
}
