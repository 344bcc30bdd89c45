import { expect, it } from 'vitest';
import type { ConfigRevision } from '../owner-settings.ts';
import type { OpenStore } from './store-fixture.ts';

const NOW = new Date('2026-11-21T09:00:00.000Z');

function draft(changes: Partial<ConfigRevision> & { request: string }): Omit<ConfigRevision, 'id'> {
  return {
    name: 'tone',
    before: null,
    value: 'warm',
    by: 'Ada',
    why: null,
    undoes: null,
    at: NOW,
    ...changes,
  };
}

/** What the owner changed of the settings. */
export function configContract(open: OpenStore): void {
  it('keeps every revision as it was written, the newest first, and the newest of each name', async () => {
    const { store } = await open();
    const first = await store.config.insert(draft({ request: 'a', why: 'winter' }));
    const second = await store.config.insert(draft({ request: 'b', before: 'warm', value: null }));
    const other = await store.config.insert(draft({ request: 'c', name: 'language', value: 'Deutsch' }));
    expect(await store.config.history(2)).toEqual([other, second]);
    expect((await store.config.current()).toSorted((left, right) => left.id - right.id)).toEqual([
      second,
      other,
    ]);
    expect(await store.config.byRequest('a')).toEqual(first);
    expect(await store.config.byRequest('z')).toBeNull();
  });

  it('finds the newest that stands: neither an undo nor undone', async () => {
    const { store } = await open();
    expect(await store.config.newestStanding()).toBeNull();
    const first = await store.config.insert(draft({ request: 'a' }));
    const second = await store.config.insert(draft({ request: 'b' }));
    expect(await store.config.newestStanding()).toEqual(second);
    await store.config.insert(draft({ request: 'c', undoes: second.id }));
    expect(await store.config.newestStanding()).toEqual(first);
    await store.config.insert(draft({ request: 'd', undoes: first.id }));
    expect(await store.config.newestStanding()).toBeNull();
  });

  it('refuses a request that came before, and a second undo of one revision', async () => {
    const { store } = await open();
    const { id } = await store.config.insert(draft({ request: 'a' }));
    await expect(store.config.insert(draft({ request: 'a' }))).rejects.toThrow();
    await store.config.insert(draft({ request: 'b', undoes: id }));
    await expect(store.config.insert(draft({ request: 'c', undoes: id }))).rejects.toThrow();
  });
}

/** Whom the owner has admitted. */
export function peopleContract(open: OpenStore): void {
  it('keeps each person once, with their newest role, until they are removed', async () => {
    const { store } = await open();
    const grace = {
      channel: 'telegram',
      externalId: '7',
      role: 'member',
      name: 'Grace',
      addedBy: 'Ada',
      addedAt: NOW,
    } as const;
    await store.people.put(grace);
    await store.people.put({ ...grace, channel: 'slack' });
    await store.people.put({ ...grace, role: 'owner' });
    expect(await store.people.list()).toEqual([
      { ...grace, channel: 'slack' },
      { ...grace, role: 'owner' },
    ]);
    expect(await store.people.remove('telegram', '7')).toBe(true);
    expect(await store.people.remove('telegram', '7')).toBe(false);
    expect(await store.people.list()).toEqual([{ ...grace, channel: 'slack' }]);
  });
}

/** How far people have come on the tour. */
export function tourContract(open: OpenStore): void {
  it('keeps one tour for each person, which goes on from where it is and from nowhere else', async () => {
    const { store } = await open();
    const { id } = await store.conversations.ensure({ channel: 'http', externalId: 'main' }, 'c1', NOW);
    const tour = {
      channel: 'http',
      person: 'a',
      conversationId: id,
      entry: 'e1',
      step: 'tone',
      task: null,
      firstTask: null,
      at: NOW,
    } as const;
    await store.tours.put({ ...tour, step: 'time-zone' });
    await store.tours.put(tour);
    expect(await store.tours.get('http', 'a')).toEqual(tour);
    expect(await store.tours.get('http', 'b')).toBeNull();
    expect(await store.tours.advance({ ...tour, step: 'time-zone' }, 'answer', NOW)).toBe(false);
    expect(await store.tours.advance({ ...tour, entry: 'e2' }, 'answer', NOW)).toBe(false);
    expect(await store.tours.advance(tour, 'quiet-hours', NOW)).toBe(true);
    expect(await store.tours.advance(tour, 'quiet-hours', NOW)).toBe(false);
    expect(await store.tours.advance({ ...tour, step: 'quiet-hours' }, null, NOW)).toBe(true);
    expect(await store.tours.get('http', 'a')).toEqual({ ...tour, step: null });
  });

  it('knows which tours wait for the end of a task', async () => {
    const { store } = await open();
    const { id } = await store.conversations.ensure({ channel: 'http', externalId: 'main' }, 'c1', NOW);
    const tour = {
      channel: 'http',
      person: 'a',
      conversationId: id,
      entry: 'e1',
      task: null,
      firstTask: null,
      at: NOW,
    };
    const waiting = { ...tour, step: 'result', task: 'T-1', firstTask: 'T-1' } as const;
    await store.tours.put({ ...tour, person: 'b', step: 'first-job' });
    await store.tours.put(waiting);
    expect(await store.tours.waiting()).toEqual([waiting]);
    expect(await store.tours.advance(waiting, 'question', NOW)).toBe(true);
    expect(await store.tours.waiting()).toEqual([]);
  });
}
