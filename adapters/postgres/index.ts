export {
  DatabaseUnavailableError,
  isSerializationFailure,
  isUniqueViolation,
  retrySerialization,
  type UnavailableReason,
} from './database-error.ts';
export { createEventLog } from './event-log.ts';
export { createGatewayStore } from './gateway-store.ts';
export { type HomeHeld, type HomeHolder, type HomeLock, lockHome, readHomeHolder } from './home-lock.ts';
export { type MigrationOutcome, migrate } from './migrate.ts';
export {
  DEFAULT_PGLITE_DEADLINES,
  openPglite,
  type PgliteDeadlines,
  type PgliteOptions,
  type PglitePool,
} from './open-pglite.ts';
export {
  DEFAULT_POSTGRES_DEADLINES,
  openPostgres,
  type PostgresDeadlines,
  type PostgresOptions,
} from './open-postgres.ts';
export { createPostgresStore, MIGRATIONS_DIRECTORY } from './postgres-store.ts';
export { createSecretStore } from './secret-store.ts';
export type { SqlClient, SqlQueryable, SqlResult } from './sql-client.ts';
export type { NotificationHandler } from './sql-listener.ts';
export type { SqlPool, TransactionOptions } from './sql-pool.ts';
export { createUpdateBox } from './update-box.ts';
