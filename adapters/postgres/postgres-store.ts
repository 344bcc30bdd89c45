import { fileURLToPath } from 'node:url';
import type { Records, Store } from '@reeve/core';
import { createApprovalRecords } from './approval-records.ts';
import { createAuditRecords } from './audit-records.ts';
import { createBudgetRecords } from './budget-records.ts';
import { createConfigRecords } from './config-records.ts';
import { createConversationRecords } from './conversation-records.ts';
import { createFileRecords } from './file-records.ts';
import { createGrantRecords } from './grant-records.ts';
import { createInboxRecords } from './inbox-records.ts';
import { createMessageRecords } from './message-records.ts';
import { createNetworkRecords } from './network-records.ts';
import { createOutboxRecords, releaseSending } from './outbox-records.ts';
import { createPeopleRecords } from './people-records.ts';
import { createPermitRecords } from './permit-records.ts';
import { closeScheduleGap, createScheduleRecords } from './schedule-records.ts';
import type { SqlPool } from './sql-pool.ts';
import { createSqlQueries, type SqlQueries, withStoreErrors } from './sql-queries.ts';
import { createStepRecords } from './step-records.ts';
import { createSummaryRecords } from './summary-records.ts';
import { closeNumberGap, createTaskRecords } from './task-records.ts';
import { createTourRecords } from './tour-records.ts';
import { createTurnRecords } from './turn-records.ts';
import { createUsageRecords } from './usage-records.ts';

/** The numbered files that `migrate` brings a database up to; the store needs all of them. */
export const MIGRATIONS_DIRECTORY = fileURLToPath(new URL('./migrations', import.meta.url));

/**
 * The coordinator's store on a migrated database. It takes the pool over: `close` closes it.
 *
 * A deadlock or serialization failure throws `StoreUnavailable`, as an outage does: nothing was done, and doing it
 * again may succeed.
 */
export function createPostgresStore({ pool }: { readonly pool: SqlPool }): Store {
  let epoch: number | null = null;
  const heldEpoch = (): number | null => epoch;
  return {
    ...createRecords(createSqlQueries(pool), heldEpoch),

    async takeOver(holder, at) {
      const taken = await withStoreErrors(() =>
        pool.transaction(async (tx) => {
          const sql = createSqlQueries(tx);
          const lease = await sql.row<{ epoch: string }>(
            'update coordinator_lease set epoch = epoch + 1, holder = $1, taken_at = $2 returning epoch',
            [holder, at],
          );
          await releaseSending(sql);
          await closeNumberGap(sql);
          await closeScheduleGap(sql);
          return Number(lease?.epoch);
        }),
      );
      epoch = taken;
      return taken;
    },

    transaction(work) {
      return withStoreErrors(() =>
        pool.transaction(
          (tx) => work(createRecords(createSqlQueries(tx), heldEpoch)),
          epoch === null ? {} : { first: `select hold_epoch(${epoch})` },
        ),
      );
    },

    close: () => pool.close(),
  };
}

function createRecords(sql: SqlQueries, heldEpoch: () => number | null): Records {
  return {
    inbox: createInboxRecords(sql, heldEpoch),
    conversations: createConversationRecords(sql),
    messages: createMessageRecords(sql),
    summaries: createSummaryRecords(sql),
    turns: createTurnRecords(sql),
    outbox: createOutboxRecords(sql, heldEpoch),
    tasks: createTaskRecords(sql, heldEpoch),
    steps: createStepRecords(sql),
    approvals: createApprovalRecords(sql),
    grants: createGrantRecords(sql),
    network: createNetworkRecords(sql),
    permits: createPermitRecords(sql),
    files: createFileRecords(sql),
    audit: createAuditRecords(sql),
    usage: createUsageRecords(sql),
    budget: createBudgetRecords(sql),
    config: createConfigRecords(sql),
    people: createPeopleRecords(sql),
    tours: createTourRecords(sql),
    schedules: createScheduleRecords(sql),
  };
}
