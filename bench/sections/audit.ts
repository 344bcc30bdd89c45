import { createHash } from 'node:crypto';
import { type AuditEvent, auditBody, type Store, verifyAudit } from '@reeve/core';
import { createPostgresStore, MIGRATIONS_DIRECTORY, migrate, type SqlPool } from '@reeve/postgres';
import { openFreshDatabase } from '@reeve/postgres/testing';
import { atLeast, atMost, type Figure, type Floor, toFigure } from '../figure.ts';
import { takeSamples, timed } from '../measure.ts';
import type { SectionDeps } from '../section.ts';
import { SERVER_NOTE } from '../servers.ts';

const PLAN = { warmUp: 1, samples: 7 };
const SINGLE_ENTRIES = 250;
const GROUPED_ENTRIES = 500;
const MILLION = 1_000_000;
const SECOND = 1000;

const EVENT: AuditEvent = {
  event: 'task-moved',
  actor: 'executor:T-142',
  subject: 'T-142',
  detail: { from: 'running', to: 'succeeded', reason: 'the worker finished', attempt: 1 },
};

/** Entries a second, each in a commit of its own and many in one, and the time to verify them. */
export async function measureAudit({ servers }: SectionDeps): Promise<readonly Figure[]> {
  const figures = await measure('embedded', await openFreshDatabase(), 'embedded Postgres');
  const fresh = await servers.fresh();
  if (!fresh) return figures;
  return [...figures, ...(await measure('server', fresh.openPool(), 'real Postgres', SERVER_NOTE))];
}

/** Closes the pool. */
async function measure(id: string, pool: SqlPool, where: string, note?: string): Promise<Figure[]> {
  await migrate(pool, MIGRATIONS_DIRECTORY);
  await pool.query('create table floor_entries (number serial primary key, body text not null)');
  const store = await createPostgresStore({ pool });
  const rate = { unit: 'entries/s', isRate: true };
  const floor = await insertRate(pool);
  const single = await takeSamples(PLAN, () =>
    appendRate(SINGLE_ENTRIES, () => append(store, SINGLE_ENTRIES)),
  );
  const grouped = await takeSamples(PLAN, () =>
    appendRate(GROUPED_ENTRIES, () => store.transaction((records) => append(records, GROUPED_ENTRIES))),
  );
  const verified = await takeSamples(PLAN, () => verifySeconds(store));
  await pool.close();
  return [
    toFigure({
      ...rate,
      id: `audit.${id}-single`,
      title: `audit entries, one commit each, ${where}`,
      samples: single,
      floor,
      goals: [atLeast('p50', 3000)],
      ...(note === undefined ? {} : { note }),
    }),
    toFigure({
      ...rate,
      id: `audit.${id}-grouped`,
      title: `audit entries, ${GROUPED_ENTRIES} in a commit, ${where}`,
      samples: grouped,
      floor,
      goals: [atLeast('p50', 20_000)],
    }),
    toFigure({
      id: `audit.${id}-verify`,
      title: `verify a million entries, scaled up, ${where}`,
      unit: 's',
      samples: verified,
      floor: await hashFloor(),
      goals: [atMost('p50', 8)],
    }),
  ];
}

async function append(records: Pick<Store, 'audit'>, entries: number): Promise<void> {
  for (let entry = 0; entry < entries; entry += 1) await records.audit.append(EVENT, new Date());
}

async function appendRate(entries: number, work: () => Promise<void>): Promise<number> {
  return entries / ((await timed(work)) / SECOND);
}

async function insertRate(pool: SqlPool): Promise<Floor> {
  const body = auditBody(EVENT, new Date());
  const insert = async () => {
    for (let entry = 0; entry < SINGLE_ENTRIES; entry += 1)
      await pool.query('insert into floor_entries (body) values ($1)', [body]);
  };
  return {
    title: 'inserts of the same bytes/s',
    samples: await takeSamples(PLAN, () => appendRate(SINGLE_ENTRIES, insert)),
  };
}

/** Seconds that a million entries would take at the speed of those that are there. */
async function verifySeconds(store: Store): Promise<number> {
  let entries = 0;
  const milliseconds = await timed(async () => {
    const check = await verifyAudit(store.audit.entries(), []);
    if (check.kind === 'broken') throw new Error(`the chain is broken: ${check.reason}`);
    entries = check.entries;
  });
  return ((milliseconds / SECOND) * MILLION) / entries;
}

/** Hashing the same bytes without reading them from anywhere. */
async function hashFloor(): Promise<Floor> {
  const body = auditBody(EVENT, new Date());
  const hashes = 20_000;
  const samples = await takeSamples(PLAN, async () => {
    const milliseconds = await timed(async () => {
      let head = '';
      for (let index = 0; index < hashes; index += 1)
        head = createHash('sha256').update(`${head}\n${index}\n${body}`).digest('hex');
    });
    return ((milliseconds / SECOND) * MILLION) / hashes;
  });
  return { title: 'SHA-256 of the same bytes', samples };
}
