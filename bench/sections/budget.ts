import type { Reservation } from '@reeve/core';
import { createGatewayStore, MIGRATIONS_DIRECTORY, migrate, type SqlPool } from '@reeve/postgres';
import { openFreshDatabase } from '@reeve/postgres/testing';
import { type Figure, toFigure } from '../figure.ts';
import { takeSamples, timed } from '../measure.ts';
import { SERVER_NOTE, type Servers } from '../servers.ts';

const PLAN = { warmUp: 30, samples: 300 };
const NO_CAP = { tokens: null, micros: null };
const CAPS = { task: NO_CAP, day: { tokens: 1_000_000_000, micros: null }, month: NO_CAP };

/** Reserving the budget of a model call and settling it, against two inserts into the same database. */
export async function measureBudget(servers: Servers): Promise<readonly Figure[]> {
  const embedded = await measure('embedded', await openFreshDatabase(), 'PGlite in its worker thread');
  const fresh = await servers.fresh();
  return fresh ? [embedded, await measure('server', fresh.openPool(), SERVER_NOTE)] : [embedded];
}

async function measure(id: 'embedded' | 'server', pool: SqlPool, note: string): Promise<Figure> {
  try {
    await migrate(pool, MIGRATIONS_DIRECTORY);
    await pool.query('create table floor_rows (id integer primary key, at timestamptz not null)');
    const insert = (key: number) => pool.query('insert into floor_rows values ($1, $2)', [key, new Date()]);
    const floor = await takeSamples(PLAN, (index) =>
      timed(async () => {
        await insert(2 * index);
        await insert(2 * index + 1);
      }),
    );
    const { budget } = createGatewayStore({ pool });
    const samples = await takeSamples(PLAN, () =>
      timed(async () => {
        const reserved = await budget.reserve(reservationAt(new Date()), CAPS);
        if (reserved.kind !== 'reserved') throw new Error('the budget was refused');
        const came = { inputTokens: 700, outputTokens: 90, estimated: false, micros: null };
        await budget.settle(reserved.id, { model: 'bench-1', ...came, at: new Date() });
      }),
    );
    return toFigure({
      id: `gateway.${id}-budget`,
      title: 'budget of a model call reserved and settled',
      unit: 'ms',
      samples,
      floor: { title: 'two inserts', samples: floor },
      note,
    });
  } finally {
    await pool.close();
  }
}

function reservationAt(at: Date): Reservation {
  const tokens = { inputTokens: 1000, outputTokens: 4096, micros: null };
  const day = at.toISOString().slice(0, 10);
  return {
    task: null,
    role: 'coordinator',
    model: 'bench-1',
    ...tokens,
    day,
    month: day.slice(0, 7),
    at,
  };
}
