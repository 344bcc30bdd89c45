export { emptyDatabase } from './empty-database.ts';
export { copyMigratedDatabase, type FreshDatabase, openFreshDatabase } from './fresh-database.ts';
export { silentLog } from './silent-log.ts';
export { startPostgres, type TestPostgres } from './start-postgres.ts';
export { startRedis, type TestRedis } from './start-redis.ts';
