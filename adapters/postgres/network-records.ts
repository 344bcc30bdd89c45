import { formatTaskId, type NetworkRecords, type OpenedHost, taskNumberOf } from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface OpenedHostRow {
  readonly task: string;
  readonly host: string;
  readonly port: number;
  readonly approval: string | null;
}

/** Hosts opened to the commands of a task. */
export function createNetworkRecords(sql: SqlQueries): NetworkRecords {
  return {
    async openHost({ task, host, port, approval }, at) {
      await sql.change(
        `insert into opened_hosts (task, host, port, approval, opened_at) values ($1, $2, $3, $4, $5)
         on conflict (task, host, port) do nothing`,
        [taskNumberOf(task), host, port, approval, at],
      );
    },

    async openedHosts(task) {
      const rows = await sql.rows<OpenedHostRow>(
        'select task, host, port, approval from opened_hosts where task = $1 order by host, port',
        [taskNumberOf(task)],
      );
      return rows.map(toOpenedHost);
    },
  };
}

function toOpenedHost(row: OpenedHostRow): OpenedHost {
  return { task: formatTaskId(Number(row.task)), host: row.host, port: row.port, approval: row.approval };
}
