import { setImmediate as breathe } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPgliteSession } from './pglite-session.ts';
import { completed, joinBytes, queryMessage } from './wire.ts';

/** A thread that runs `begin`, `commit` and marks, and takes its time. */
function createThread(wait: () => Promise<void>) {
  const ran: string[] = [];
  let isIdle = true;
  let atOnce = 0;
  let most = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    ran,
    most: () => most,
    execute(batch: Uint8Array, isAhead: boolean): Promise<Uint8Array | null> {
      atOnce += 1;
      most = Math.max(most, atOnce);
      const answer = last.then(async () => {
        await wait();
        atOnce -= 1;
        if (isAhead && !isIdle) return null;
        const text = new TextDecoder().decode(batch);
        const sql = /(?:begin|commit|mark [\d.]+)/.exec(text)?.[0] ?? '';
        if (sql === 'begin') isIdle = false;
        if (sql === 'commit') isIdle = true;
        ran.push(sql);
        const answer = completed('OK', isIdle ? 'I' : 'T');
        return text.includes('search_path') ? joinBytes([completed('SET', 'I'), answer]) : answer;
      });
      last = answer;
      return answer;
    },
  };
}

/** A client that asks one thing after the other. */
async function say(
  stream: ReturnType<ReturnType<typeof createPgliteSession>['openConnection']>,
  sqls: readonly string[],
) {
  const replies = stream[Symbol.asyncIterator]();
  stream.write(new Uint8Array(8));
  await replies.next();
  for (const sql of sqls) {
    stream.write(queryMessage(sql));
    await replies.next();
  }
}

describe('many connections on one session', () => {
  it('send ahead, and yet nobody gets into another one’s transaction', async () => {
    const clients = fc.array(
      fc.record({ statements: fc.integer({ min: 1, max: 5 }), inTransaction: fc.boolean() }),
      { minLength: 2, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(clients, fc.scheduler(), async (plans, scheduler) => {
        const thread = createThread(() => scheduler.schedule(Promise.resolve()));
        const session = createPgliteSession({ execute: thread.execute, idleTransactionMs: 10_000 });
        const all = plans.map(({ statements, inTransaction }, client) => {
          const marks = Array.from({ length: statements }, (_, n) => `mark ${client}.${n}`);
          return say(session.openConnection('public'), inTransaction ? ['begin', ...marks, 'commit'] : marks);
        });
        await scheduler.waitFor(Promise.all(all));
        let owner: string | null = null;
        const seen: string[] = [];
        for (const sql of thread.ran) {
          const client = /^mark (\d+)/.exec(sql)?.[1];
          if (sql === 'begin') owner = '';
          else if (sql === 'commit') owner = null;
          else if (client !== undefined) {
            seen.push(sql);
            if (owner === '') owner = client;
            if (owner !== null) expect(client).toBe(owner);
          }
        }
        const expected = plans.flatMap(({ statements }, client) =>
          Array.from({ length: statements }, (_, n) => `mark ${client}.${n}`),
        );
        expect(seen.toSorted()).toEqual(expected.toSorted());
        for (const client of plans.keys()) {
          const own = seen.filter((sql) => sql.startsWith(`mark ${client}.`));
          expect(own).toEqual(expected.filter((sql) => sql.startsWith(`mark ${client}.`)));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('run in order of arrival, several of them at the thread at once', async () => {
    const thread = createThread(() => breathe());
    const session = createPgliteSession({ execute: thread.execute, idleTransactionMs: 10_000 });
    await Promise.all(
      Array.from({ length: 20 }, (_, client) => say(session.openConnection('public'), [`mark ${client}.0`])),
    );
    expect(thread.ran).toEqual(Array.from({ length: 20 }, (_, client) => `mark ${client}.0`));
    expect(thread.most()).toBe(8);
  });

  it('run those first that need no other search path, and make no one wait for more than eight of them', async () => {
    const thread = createThread(() => breathe());
    const session = createPgliteSession({ execute: thread.execute, idleTransactionMs: 10_000 });
    const paths = ['public', 'public', 'bullmq', ...Array.from({ length: 17 }, () => 'public')];
    await Promise.all(paths.map((path, client) => say(session.openConnection(path), [`mark ${client}.0`])));
    const before = Array.from({ length: 8 }, (_, n) => 3 + n);
    const after = Array.from({ length: 9 }, (_, n) => 11 + n);
    expect(thread.ran).toEqual([0, 1, ...before, 2, ...after].map((client) => `mark ${client}.0`));
  });
});
