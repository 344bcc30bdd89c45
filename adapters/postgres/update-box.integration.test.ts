import type { UpdateBox } from '@reeve/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from './migrate.ts';
import { MIGRATIONS_DIRECTORY } from './postgres-store.ts';
import type { SqlPool } from './sql-pool.ts';
import { openFreshDatabase } from './testing/index.ts';
import { createUpdateBox } from './update-box.ts';

const AT = new Date('2026-11-21T09:00:00.000Z');
const LATER = new Date('2026-11-22T09:00:00.000Z');

describe('the box of channel updates', () => {
  let pool: SqlPool;
  let box: UpdateBox;
  beforeAll(async () => {
    pool = await openFreshDatabase();
    await migrate(pool, MIGRATIONS_DIRECTORY);
  });
  beforeEach(async () => {
    await pool.query('delete from channel_updates');
    box = createUpdateBox({ pool });
  });
  afterAll(() => pool.close());

  it('keeps what is new, once, in order, until it is handled', async () => {
    const first = { updateId: 8_110_043_001, body: '{"a":1}' };
    const second = { updateId: 8_110_043_002, body: '{"b":"😀\\u0000"}' };
    expect(await box.store('telegram', [second, first, first], AT)).toEqual([first, second]);
    expect(await box.store('telegram', [first], AT)).toEqual([]);
    expect(await box.store('slack', [first], AT)).toEqual([first]);
    await box.markHandled('telegram', [first.updateId], AT);
    expect(await box.pending('telegram')).toEqual([second]);
    expect(await box.store('telegram', [first], LATER)).toEqual([]);
  });

  it('forgets what was handled long ago, and nothing else', async () => {
    const updates = [1, 2, 3].map((updateId) => ({ updateId, body: '{}' }));
    await box.store('telegram', updates, AT);
    await box.markHandled('telegram', [1], AT);
    await box.markHandled('telegram', [2], LATER);
    await box.forget('telegram', LATER);
    expect(await box.store('telegram', updates, LATER)).toEqual([updates[0]]);
    expect(await box.pending('telegram')).toEqual([updates[0], updates[2]]);
  });
});
