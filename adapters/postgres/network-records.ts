import {
  formatTaskId,
  type NetworkRecords,
  type OpenedHost,
  type OpenedRepository,
  taskNumberOf,
} from '@reeve/core';
import type { SqlQueries } from './sql-queries.ts';

interface OpenedHostRow {
  readonly task: string;
  readonly host: string;
  readonly port: number;
  readonly approval: string | null;
}

interface OpenedRepositoryRow {
  readonly task: string;
  readonly repository: string;
  readonly approval: string | null;
}

/** Hosts and repositories opened to the commands of a task. */
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

    async openRepository({ task, repository, approval }, at) {
      await sql.change(
        `insert into opened_repositories (task, repository, approval, opened_at) values ($1, $2, $3, $4)
         on conflict (task, repository) do nothing`,
        [taskNumberOf(task), repository, approval, at],
      );
    },

    async openedRepositories(task) {
      const rows = await sql.rows<OpenedRepositoryRow>(
        'select task, repository, approval from opened_repositories where task = $1 order by repository',
        [taskNumberOf(task)],
      );
      return rows.map(toOpenedRepository);
    },
  };
}

function toOpenedHost(row: OpenedHostRow): OpenedHost {
  return { task: formatTaskId(Number(row.task)), host: row.host, port: row.port, approval: row.approval };
}

function toOpenedRepository({ task, repository, approval }: OpenedRepositoryRow): OpenedRepository {
  return { task: formatTaskId(Number(task)), repository, approval };
}
