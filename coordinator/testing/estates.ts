import { type FreshDatabase, openFreshDatabase } from '@reeve/postgres/testing';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type Estate, openEstate } from './house.ts';

/**
 * One database for a file of tests, and on it an empty estate for each test, closed behind it. `name` keeps the queues
 * of files apart. The function that comes back opens a further estate within a test, which empties the database.
 */
export function estateForEach(
  name: string,
  take: (estate: Estate, database: FreshDatabase) => void,
): () => Promise<Estate> {
  let database: FreshDatabase;
  let estate: Estate;
  let opened = 0;
  async function open(): Promise<Estate> {
    opened += 1;
    estate = await openEstate(database, `${name}-${opened}`);
    take(estate, database);
    return estate;
  }
  beforeAll(async () => {
    database = await openFreshDatabase();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await open();
  });
  afterEach(() => estate.close());
  return open;
}
