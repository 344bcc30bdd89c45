import type { Update } from '@grammyjs/types';
import { createUpdateBox, MIGRATIONS_DIRECTORY, migrate } from '@reeve/postgres';
import { openFreshDatabase } from '@reeve/postgres/testing';
import { describe, expect, it, vi } from 'vitest';
import { ANN, openChannelBench } from './testing/channel-bench.ts';

const TOTAL = 100_000;
/** As many as one poll hands out, less the repeated ones. */
const BATCH = 90;
const TENTH = BATCH / 10;
const until = (look: () => boolean) => vi.waitUntil(look, { timeout: 60_000, interval: 5 });

function numberedUpdate(number: number): Update {
  const message = {
    message_id: 1000 + number,
    date: 1,
    chat: { id: ANN, type: 'private', first_name: 'Ann' },
    from: { id: ANN, is_bot: false, first_name: 'Ann' },
    text: `/m ${number}`,
  } as const;
  return { update_id: 900_000_000 + number, message };
}

/** A repeatable source of numbers from 0 up to 1. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

describe('the ledger of updates', () => {
  it(`counts each of ${TOTAL} once, a tenth of them repeated and a tenth out of order, over restarts`, async () => {
    const database = await openFreshDatabase();
    await using opened = new AsyncDisposableStack();
    opened.defer(() => database.close());
    await migrate(database, MIGRATIONS_DIRECTORY);
    await using bench = await openChannelBench({ box: createUpdateBox({ pool: database }) });
    const random = createRandom(42);
    const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)];
    await bench.start();
    let before: readonly Update[] = [];
    let restarts = 0;
    for (let first = 0; first < TOTAL; first += BATCH) {
      const size = Math.min(BATCH, TOTAL - first);
      const fresh = Array.from({ length: size }, (_, index) => numberedUpdate(first + index));
      const batch = [...fresh];
      for (let count = 0; count < TENTH; count += 1) {
        const again = pick(before.length > 0 && random() < 0.5 ? before : fresh);
        if (again) batch.splice(Math.floor(random() * batch.length), 0, again);
        const [from, to] = [Math.floor(random() * batch.length), Math.floor(random() * batch.length)];
        batch.splice(to, 0, ...batch.splice(from, 1));
      }
      bench.peer.hand(batch);
      if (random() < 0.01) {
        await bench.stop();
        await bench.start();
        restarts += 1;
      }
      await until(() => bench.peer.unconfirmed() === 0);
      before = fresh;
    }
    await until(() => bench.received.length >= TOTAL);
    const texts = new Set(bench.received.map(({ text }) => text));
    expect([bench.received.length, texts.size]).toEqual([TOTAL, TOTAL]);
    // What was handled when a process ended and not yet marked comes once more, and the coordinator knows it.
    expect(restarts).toBeGreaterThan(0);
    expect(bench.repeats()).toBeLessThanOrEqual(restarts * BATCH);
    await vi.waitUntil(async () => (await bench.box.pending('telegram')).length === 0, 10_000);
  }, 900_000);
});
