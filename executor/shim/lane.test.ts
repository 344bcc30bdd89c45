import { expect, it } from 'vitest';
import { createLane } from './lane.ts';

it('lets one through at a time, in order, and passes over those who left', async () => {
  const lane = createLane();
  const order: string[] = [];
  const first = await lane.enter();
  const leaving = new AbortController();
  const second = lane.enter(leaving.signal);
  const third = lane.enter().then((turn) => {
    order.push('third');
    return turn;
  });
  leaving.abort();
  expect(await second).toBeUndefined();
  order.push('first leaves');
  first?.[Symbol.dispose]();
  (await third)?.[Symbol.dispose]();
  expect(order).toEqual(['first leaves', 'third']);
  expect(await lane.enter(AbortSignal.abort())).toBeUndefined();
  expect(await lane.enter()).toBeDefined();
});
