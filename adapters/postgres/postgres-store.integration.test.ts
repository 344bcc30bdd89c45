import { type AuditEvent, StoreUnavailable, verifyAudit } from '@reeve/core';
import { type StoreFixture, storeContract } from '@reeve/core/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEventLog } from './event-log.ts';
import { createGatewayStore } from './gateway-store.ts';
import { DEFAULT_POSTGRES_DEADLINES, openPostgres } from './open-postgres.ts';
import { createPostgresStore } from './postgres-store.ts';
import type { SqlPool } from './sql-pool.ts';
import { emptyDatabase } from './testing/empty-database.ts';
import { openFreshDatabase, silentLog, startPostgres, type TestPostgres } from './testing/index.ts';

const NOW = new Date('2026-11-21T09:00:00.000Z');
const EVENT: AuditEvent = { event: 'task-started', actor: 'coordinator', subject: 'T-1', detail: {} };

describe('on PGlite', () => {
  let pool: SqlPool;
  beforeAll(async () => {
    pool = await openFreshDatabase();
  });
  afterAll(() => pool.close());
  storeContract('PGlite', () => openFixture(pool));
  describe('audit chain', () => auditTampering(() => pool));
});

describe('on Postgres', () => {
  let server: TestPostgres;
  let pool: SqlPool;
  const openPool = (): SqlPool =>
    openPostgres({
      connectionString: server.connectionString,
      deadlines: DEFAULT_POSTGRES_DEADLINES,
      log: silentLog,
      maxConnections: 20,
    });
  beforeAll(async () => {
    server = await startPostgres();
    pool = openPool();
  });
  afterAll(async () => {
    await pool.close();
    await server.stop();
  });
  storeContract('Postgres', () => openFixture(pool));
  describe('audit chain', () => auditTampering(() => pool));

  it('throws StoreUnavailable while the server is away, and works again when it is back', async () => {
    await emptyDatabase(pool);
    const store = createPostgresStore({ pool });
    await server.crash();
    await expect(store.tasks.live()).rejects.toThrow(StoreUnavailable);
    await expect(store.transaction((records) => records.tasks.live())).rejects.toThrow(StoreUnavailable);
    await expect(store.takeOver('first', NOW)).rejects.toThrow(StoreUnavailable);
    await server.start();
    expect(await store.tasks.live()).toEqual([]);
    expect(await store.takeOver('first', NOW)).toBe(1);
  });

  it('throws StoreUnavailable to the loser of a deadlock', async () => {
    await emptyDatabase(pool);
    const store = createPostgresStore({ pool });
    const chat = { channel: 'http', externalId: '1' };
    const conversation = await store.conversations.ensure(chat, 'c1', NOW);
    const entry = { conversationId: conversation.id, chat, sender: { externalId: '1', name: 'Ada' } };
    const rest = { lane: 'turn', text: 'x', attachments: [], receivedAt: NOW } as const;
    for (const id of ['a', 'b']) await store.inbox.accept({ ...entry, ...rest, id, updateId: id }, null);
    const bothHold = createBarrier(2);
    const race = await Promise.allSettled(
      [
        ['a', 'b'],
        ['b', 'a'],
      ].map(([first = '', second = '']) =>
        store.transaction(async (records) => {
          await records.inbox.lowerTries(first);
          await bothHold();
          await records.inbox.lowerTries(second);
        }),
      ),
    );
    const [loser] = race.filter((outcome) => outcome.status === 'rejected');
    expect(race.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    expect(loser?.reason).toBeInstanceOf(StoreUnavailable);
  });

  it('takes its pool with it when it closes', async () => {
    const store = createPostgresStore({ pool: openPool() });
    await store.close();
    await expect(store.tasks.live()).rejects.toThrow(StoreUnavailable);
  });
});

async function openFixture(pool: SqlPool): Promise<StoreFixture> {
  await emptyDatabase(pool);
  return {
    store: createPostgresStore({ pool }),
    rival: createPostgresStore({ pool }),
    gateway: createGatewayStore({ pool }),
    events: createEventLog({ pool }),
    dispose: () => Promise.resolve(),
  };
}

function auditTampering(poolOf: () => SqlPool): void {
  beforeEach(async () => {
    await emptyDatabase(poolOf());
    const { audit } = createPostgresStore({ pool: poolOf() });
    for (let count = 0; count < 5; count += 1) await audit.append(EVENT, NOW);
  });

  it.each([
    `update audit_entries set body = 'x' where sequence = 3`,
    'delete from audit_entries where sequence = 5',
    'truncate audit_entries',
    'delete from audit_head',
    'truncate audit_head',
  ])('refuses: %s', async (statement) => {
    const pool = poolOf();
    await expect(pool.query(statement)).rejects.toThrow('append-only');
    const { audit } = createPostgresStore({ pool });
    expect(await verifyAudit(audit.entries(), [])).toMatchObject({ kind: 'intact', entries: 5 });
  });

  it.each([
    [`update audit_entries set body = replace(body, 'T-1', 'T-2') where sequence = 3`, 3, 'was changed'],
    ['delete from audit_entries where sequence = 2', 2, 'is missing'],
    [`update audit_entries set previous_hash = hash where sequence = 4`, 4, 'does not follow'],
  ])('finds what somebody with more rights did: %s', async (statement, sequence, reason) => {
    const pool = poolOf();
    await pool.query(`alter table audit_entries disable trigger user; ${statement}`);
    const { audit } = createPostgresStore({ pool });
    expect(await verifyAudit(audit.entries(), [])).toEqual({
      kind: 'broken',
      sequence,
      reason: expect.stringContaining(reason),
    });
  });
}

/** A function that resolves for everybody once this many wait for it. */
function createBarrier(count: number): () => Promise<void> {
  const gate = Promise.withResolvers<void>();
  let waiting = 0;
  return () => {
    waiting += 1;
    if (waiting === count) gate.resolve();
    return gate.promise;
  };
}
