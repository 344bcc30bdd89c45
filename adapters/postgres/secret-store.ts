import { type SealedSecret, type SecretRecords, type SecretStore, secretNameSchema } from '@reeve/core';
import { z } from 'zod';
import { createAuditRecords } from './audit-records.ts';
import type { SqlPool } from './sql-pool.ts';
import { createSqlQueries, type SqlQueries, withStoreErrors } from './sql-queries.ts';

const rowSchema = z.strictObject({
  name: secretNameSchema,
  version: z.number().int().positive(),
  hosts: z.array(z.string()).min(1),
  key_version: z.number().int().positive(),
  wrapped_key: z.base64(),
  sealed_value: z.base64(),
  created_at: z.date(),
});

/**
 * The gateway's secrets on a migrated database, sealed.
 *
 * @throws {StoreUnavailable} from every method when the database is away or out of time.
 */
export function createSecretStore({ pool }: { readonly pool: SqlPool }): SecretStore {
  const { versions, forHost, all } = createSecretRecords(createSqlQueries(pool));
  return {
    versions,
    forHost,
    all,
    transaction: (work) =>
      withStoreErrors(() =>
        pool.transaction(async (tx) => {
          const sql = createSqlQueries(tx);
          // Writers count versions from what they read; readers are not kept waiting.
          await sql.change('lock table secrets in share row exclusive mode');
          return work({ secrets: createSecretRecords(sql), audit: createAuditRecords(sql) });
        }),
      ),
  };
}

function createSecretRecords(sql: SqlQueries): SecretRecords {
  return {
    async versions(name) {
      const rows = await sql.rows('select * from secrets where name = $1 order by version desc', [name]);
      return rows.map(toSecret);
    },

    async forHost(host, names) {
      const rows = await sql.rows(
        `select * from secrets
          where name = any($2) or $1 in (select json_array_elements_text(hosts))
          order by name, version desc`,
        [host, names],
      );
      return rows.map(toSecret);
    },

    async all() {
      return (await sql.rows('select * from secrets order by name, version desc')).map(toSecret);
    },

    async insert({ name, version, hosts, keyVersion, wrappedKey, sealedValue, createdAt }) {
      await sql.change('insert into secrets values ($1, $2, $3, $4, $5, $6, $7)', [
        name,
        version,
        JSON.stringify(hosts),
        keyVersion,
        wrappedKey,
        sealedValue,
        createdAt,
      ]);
    },

    async rewrap({ name, version, keyVersion, wrappedKey }) {
      await sql.change(
        'update secrets set key_version = $3, wrapped_key = $4 where name = $1 and version = $2',
        [name, version, keyVersion, wrappedKey],
      );
    },

    async forgetBefore(name, version) {
      await sql.change('delete from secrets where name = $1 and version < $2', [name, version]);
    },

    remove: async (name) => (await sql.change('delete from secrets where name = $1', [name])) > 0,
  };
}

function toSecret(row: object): SealedSecret {
  const parsed = rowSchema.parse(row);
  return {
    name: parsed.name,
    version: parsed.version,
    hosts: parsed.hosts,
    keyVersion: parsed.key_version,
    wrappedKey: parsed.wrapped_key,
    sealedValue: parsed.sealed_value,
    createdAt: parsed.created_at,
  };
}
