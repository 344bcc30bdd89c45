import { type GatewayStore, taskNumberOf } from '@reeve/core';
import { createAuditRecords } from './audit-records.ts';
import { createBudgetRecords } from './budget-records.ts';
import { createNetworkRecords } from './network-records.ts';
import { createPermitRecords } from './permit-records.ts';
import type { SqlPool } from './sql-pool.ts';
import { createSqlQueries } from './sql-queries.ts';

/** The gateway's few rights on the database. */
export function createGatewayStore({ pool }: { readonly pool: SqlPool }): GatewayStore {
  const sql = createSqlQueries(pool);
  return {
    budget: createBudgetRecords(sql),
    permits: createPermitRecords(sql),
    network: createNetworkRecords(sql),
    audit: createAuditRecords(sql),
    async isCurrentAttempt(task, attempt) {
      const current = await sql.row(
        `select 1 as held from tasks
         where number = $1 and attempt = $2 and state in ('running', 'waiting') and lease_until is not null`,
        [taskNumberOf(task), attempt],
      );
      return current !== undefined;
    },
  };
}
