import type { Clock, Log } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { createSettling } from './settling.ts';

/** A database that can go away, and a clock whose waits end when the test says so. */
function open() {
  const stop = new AbortController();
  const waits: { milliseconds: number; end: () => void }[] = [];
  const clock: Clock = {
    now: () => new Date(0),
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        waits.push({ milliseconds, end: resolve });
        if (signal?.aborted) reject(signal.reason);
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
  };
  const logged: string[] = [];
  const write = (_fields: object, message: string) => void logged.push(message);
  const log: Log = { debug: () => undefined, info: write, warn: write, error: write };
  const database = { isAway: false };
  const written: string[] = [];
  const settling = createSettling({ clock, log, stopping: stop.signal });
  return {
    settling,
    database,
    written,
    logged,
    waits,
    stop: () => stop.abort(new Error('the gateway is stopping')),
    call: (name: string) =>
      settling.write(
        async () => {
          if (database.isAway || name === 'never') throw new Error('the database is away');
          written.push(name);
        },
        { call: name },
      ),
    /** Ends the wait before the next round, and resolves when that round is over. */
    async round() {
      const before = waits.length;
      waits.at(-1)?.end();
      await expect.poll(() => waits.length).toBe(before + 1);
    },
  };
}

describe('what a call came to', () => {
  it('is written at once while the database is there', async () => {
    const { settling, call, written, waits, logged } = open();
    await call('a');
    await settling.settled();
    expect([written, waits, logged]).toEqual([['a'], [], []]);
  });

  it('is tried again with growing waits until the database takes it, in order and once', async () => {
    const { settling, call, database, written, waits, round } = open();
    database.isAway = true;
    await Promise.all([call('a'), call('b')]);
    for (let times = 0; times < 7; times += 1) await round();
    expect(waits.map(({ milliseconds }) => milliseconds)).toEqual([
      100, 200, 400, 800, 1600, 3200, 5000, 5000,
    ]);
    database.isAway = false;
    waits.at(-1)?.end();
    await settling.settled();
    expect(written).toEqual(['a', 'b']);
  });

  it('is tried as soon as somebody finds the database there', async () => {
    const { settling, call, database, written } = open();
    database.isAway = true;
    await call('a');
    database.isAway = false;
    settling.tryNow();
    await settling.settled();
    expect(written).toEqual(['a']);
  });

  it('holds nothing up that can be written, though it can never be itself', async () => {
    const { call, database, written, round } = open();
    database.isAway = true;
    await Promise.all([call('never'), call('b')]);
    database.isAway = false;
    await round();
    await call('c');
    expect(written).toEqual(['b', 'c']);
  });

  it('is tried once more when the gateway stops, and then left to the log', async () => {
    const { settling, call, database, written, logged, stop } = open();
    database.isAway = true;
    await Promise.all([call('a'), call('never')]);
    database.isAway = false;
    stop();
    await settling.settled();
    expect(written).toEqual(['a']);
    expect(logged.at(-1)).toBe('a call could not be settled; all that it reserved counts');
  });
});
