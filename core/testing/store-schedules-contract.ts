import { expect, it } from 'vitest';
import { moveSchedule, type NewSchedule, type Schedule, type ScheduleEvent } from '../schedule.ts';
import type { Store } from '../store.ts';
import { wishedSchedule } from './sample-schedule.ts';
import type { OpenStore } from './store-fixture.ts';

const NOW = new Date('2026-11-21T09:00:00.000Z');
const inMinutes = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);

async function wish(store: Store, request: string, more: Partial<NewSchedule> = {}): Promise<NewSchedule> {
  const { id } = await store.conversations.ensure({ channel: 'http', externalId: 'main' }, 'c1', NOW);
  return wishedSchedule({
    conversationId: id,
    timeZone: 'Europe/Paris',
    request,
    nextAt: inMinutes(10),
    createdAt: NOW,
    ...more,
  });
}

function moved(schedule: Schedule, event: ScheduleEvent): Schedule {
  const move = moveSchedule(schedule, event);
  if (move.kind === 'refused') throw new Error(move.reason);
  return move.schedule;
}

/** Jobs that start by themselves. */
export function schedulesContract(open: OpenStore): void {
  it('keeps a schedule as it was made, once for each request', async () => {
    const { store } = await open();
    const given = await wish(store, 'a');
    const first = await store.schedules.create(given);
    expect(first).toEqual({
      ...given,
      id: 'S-1',
      state: 'active',
      lastAt: null,
      lastTask: null,
      skips: 0,
      version: 1,
    });
    expect(await store.schedules.create({ ...given, goal: 'another' })).toEqual(first);
    const once = { kind: 'once', at: inMinutes(5) } as const;
    const second = await store.schedules.create(await wish(store, 'b', { rule: once }));
    expect(await store.schedules.get('S-2')).toEqual(second);
    expect(second.rule).toEqual(once);
    expect(await store.schedules.get('S-3')).toBeNull();
    expect(await store.schedules.standing()).toEqual([first, second]);
  });

  it('tells what is due and what comes next, of active ones only', async () => {
    const { store } = await open();
    const at = async (request: string, minutes: number) =>
      store.schedules.create(await wish(store, request, { nextAt: inMinutes(minutes) }));
    const [late, soon, paused, ended] = [
      await at('a', 20),
      await at('b', 5),
      await at('c', 1),
      await at('d', 2),
    ];
    await store.schedules.update(moved(paused, { kind: 'paused' }));
    await store.schedules.update(moved(ended, { kind: 'ended' }));
    expect(await store.schedules.upcoming(5)).toEqual([soon, late]);
    expect(await store.schedules.upcoming(1)).toEqual([soon]);
    expect(await store.schedules.due(inMinutes(4), 5)).toEqual([]);
    expect(await store.schedules.due(inMinutes(5), 5)).toEqual([soon]);
    expect(await store.schedules.due(inMinutes(60), 1)).toEqual([soon]);
    expect((await store.schedules.standing()).map(({ id }) => id)).toEqual(['S-1', 'S-2', 'S-3']);
  });

  it('takes one of two moves of the same version', async () => {
    const { store } = await open();
    const schedule = await store.schedules.create(await wish(store, 'a'));
    const skipped = moved(schedule, { kind: 'skipped', next: inMinutes(30) });
    expect(await store.schedules.update(skipped)).toBe(true);
    expect(await store.schedules.update(moved(schedule, { kind: 'ended' }))).toBe(false);
    expect(await store.schedules.get('S-1')).toEqual(skipped);
    expect(skipped).toMatchObject({ skips: 1, nextAt: inMinutes(30), version: 2 });
  });

  it('goes on counting after the last number when somebody takes over', async () => {
    const { store } = await open();
    const lost = await wish(store, 'a');
    await store
      .transaction(async (records) => {
        await records.schedules.create(lost);
        throw new Error('killed');
      })
      .catch(() => undefined);
    await store.takeOver('next', NOW);
    expect((await store.schedules.create(await wish(store, 'b'))).id).toBe('S-1');
  });
}
