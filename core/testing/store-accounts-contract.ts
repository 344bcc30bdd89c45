import { expect, it } from 'vitest';
import { AUDIT_GENESIS, type AuditEvent, auditBody, verifyAudit } from '../audit.ts';
import type { OpenStore } from './store-fixture.ts';
import { collect, later, parallel, SAMPLE_TIME } from './store-samples.ts';

const EVENT: AuditEvent = {
  event: 'approval-decided',
  actor: 'person:Ada',
  subject: 'A7K2',
  detail: { note: 'quote " nul \0 line\n and 💾', amount: 1e21, list: [null, true] },
};

/** The audit chain and the local channel's event log. */
export function accountsContract(open: OpenStore): void {
  it('chains an entry to the one before it', async () => {
    const { store } = await open();
    const first = await store.audit.append(EVENT, SAMPLE_TIME);
    expect(first).toMatchObject({
      sequence: 1,
      body: auditBody(EVENT, SAMPLE_TIME),
      previousHash: AUDIT_GENESIS,
    });
    const second = await store.audit.append(EVENT, later(1));
    expect(second).toMatchObject({ sequence: 2, previousHash: first.hash });
    expect(await collect(store.audit.entries())).toEqual([first, second]);
    expect(await collect(store.audit.entries(2))).toEqual([second]);
    expect(await verifyAudit(store.audit.entries(), [])).toEqual({
      kind: 'intact',
      entries: 2,
      head: second.hash,
    });
  });

  it('stays intact under 100 parallel appends, half of them in transactions', async () => {
    const { store } = await open();
    await parallel(100, (index) => {
      const event = { ...EVENT, subject: `T-${index}` };
      return index % 2 === 0
        ? store.audit.append(event, SAMPLE_TIME)
        : store.transaction((records) => records.audit.append(event, SAMPLE_TIME));
    });
    expect(await verifyAudit(store.audit.entries(), [])).toMatchObject({ kind: 'intact', entries: 100 });
  });

  it('leaves no gap behind a transaction that failed', async () => {
    const { store } = await open();
    await store.audit.append(EVENT, SAMPLE_TIME);
    const failed = store.transaction(async (records) => {
      await records.audit.append(EVENT, SAMPLE_TIME);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    await store.audit.append(EVENT, SAMPLE_TIME);
    expect(await verifyAudit(store.audit.entries(), [])).toMatchObject({ kind: 'intact', entries: 2 });
  });

  it('reads a chain of more than one page', async () => {
    const { store } = await open();
    await store.transaction(async (records) => {
      for (let count = 0; count < 2100; count += 1) await records.audit.append(EVENT, SAMPLE_TIME);
    });
    expect(await verifyAudit(store.audit.entries(), [])).toMatchObject({ kind: 'intact', entries: 2100 });
    expect(await collect(store.audit.entries(2099))).toHaveLength(2);
  });

  it('finds the newest entries about a subject, oldest first', async () => {
    const { store } = await open();
    for (const event of ['a', 'b', 'c']) await store.audit.append({ ...EVENT, event }, SAMPLE_TIME);
    await store.audit.append({ ...EVENT, subject: 'other' }, SAMPLE_TIME);
    const about = await store.audit.about('A7K2', 2);
    expect(about.map(({ sequence }) => sequence)).toEqual([2, 3]);
    expect(await store.audit.about('nobody', 2)).toEqual([]);
  });

  it('numbers events so that a client that was away resumes without a gap', async () => {
    const { events } = await open();
    expect(await events.newest()).toBe(0);
    const first = await events.append(delivery('d1', 'one'));
    const second = await events.append(delivery('d2', 'two'));
    expect(await events.append(delivery('d1', 'one'))).toBe(first);
    expect(await events.newest()).toBe(second);
    const third = await events.append(delivery('d3', 'one'));
    expect(second).toBeGreaterThan(first);
    expect(await events.newest()).toBe(third);
    expect((await events.after(0, null, 10)).map(({ number }) => number)).toEqual([first, second, third]);
    expect(await events.after(first, 'one', 10)).toEqual([
      { number: third, conversationId: 'one', body: '{"id":"d3"}', at: SAMPLE_TIME },
    ]);
    expect(await events.after(0, null, 1)).toHaveLength(1);
    expect(await events.after(third, null, 10)).toEqual([]);
  });

  it('pages a conversation as it stands: a changed card stays where it first was, asides are not shown', async () => {
    const { events } = await open();
    const append = (id: string, more: object) => events.append({ ...delivery(id, 'one'), ...more });
    const said = await append('d1', { words: 'Make a CSV' });
    const card = await append('d2', { key: 'task:T-1' });
    await events.append({ ...delivery('x1', 'two'), key: 'task:T-1' });
    await append('d3', { key: 'title', words: 'Primes', isAside: true });
    const answer = await append('d4', { words: 'The sum is 639' });
    const edit = await append('d5', { key: 'task:T-1' });
    const newest = await events.page('one', { kind: 'newest' }, 10);
    expect(newest.map(({ position, number }) => [position, number])).toEqual([
      [said, said],
      [card, edit],
      [answer, answer],
    ]);
    const older = await events.page('one', { kind: 'before', position: answer }, 1);
    expect(older.map(({ number }) => number)).toEqual([edit]);
    const newer = await events.page('one', { kind: 'after', position: said }, 1);
    expect(newer.map(({ position }) => position)).toEqual([card]);
    expect(await events.page('none', { kind: 'newest' }, 10)).toEqual([]);
  });

  it('finds events whose words hold every part in any case, newest first, and takes parts as they are', async () => {
    const { events } = await open();
    const append = (id: string, words: string) => events.append({ ...delivery(id, 'one'), words });
    const first = await append('d1', 'Ünder 100% of the ROAD');
    const second = await append('d2', 'on the road, 100 times\0\ud800');
    const numbers = async (...parts: string[]) =>
      (await events.find(parts, 10, null)).map(({ number }) => number);
    expect(await numbers('road')).toEqual([second, first]);
    expect(await numbers('ROAD', '100%')).toEqual([first]);
    expect(await numbers('r_ad')).toEqual([]);
    expect((await events.find(['road'], 10, ['two', 'one'])).map(({ number }) => number)).toEqual([
      second,
      first,
    ]);
    expect(await events.find(['road'], 10, ['two'])).toEqual([]);
    expect(await events.find(['road'], 10, [])).toEqual([]);
    expect(await numbers('\\')).toEqual([]);
  });

  it('sums conversations up: their newest title, their first words, when they were last heard of', async () => {
    const { events } = await open();
    await events.append({ ...delivery('d1', 'one'), words: 'Make a CSV' });
    for (const [id, words] of [
      ['d2', 'Numbers'],
      ['d3', 'Primes'],
    ] as const)
      await events.append({ ...delivery(id, 'one'), key: 'title', words, isAside: true });
    await events.append({ ...delivery('d4', 'two'), key: 'task:T-1' });
    const summaries = await events.summaries(['one', 'two', 'none']);
    expect(summaries).toHaveLength(2);
    expect(summaries).toEqual(
      expect.arrayContaining([
        { conversationId: 'one', title: 'Primes', opening: 'Make a CSV', lastAt: SAMPLE_TIME },
        { conversationId: 'two', title: null, opening: null, lastAt: SAMPLE_TIME },
      ]),
    );
  });

  it('stores one of 20 parallel copies of an event, and numbers 20 different ones apart', async () => {
    const { events } = await open();
    const copies = await parallel(20, () => events.append(delivery('d1', 'one')));
    expect(new Set(copies).size).toBe(1);
    const different = await parallel(20, (index) => events.append(delivery(`e${index}`, 'one')));
    expect(new Set(different).size).toBe(20);
    expect(await events.after(0, null, 100)).toHaveLength(21);
  });
}

function delivery(deliveryId: string, conversationId: string) {
  return { deliveryId, conversationId, body: JSON.stringify({ id: deliveryId }), at: SAMPLE_TIME };
}
