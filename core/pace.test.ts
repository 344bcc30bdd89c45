import { expect, it } from 'vitest';
import { createPace } from './pace.ts';

it('lets a burst through at once, makes the next wait, and refuses who would wait too long', async () => {
  let time = 0;
  const slept: number[] = [];
  const clock = {
    now: () => new Date(time),
    async sleep(milliseconds: number) {
      slept.push(Math.round(milliseconds));
    },
  };
  const pace = createPace({ burst: 3, perSecond: 10, patienceMs: 200 }, clock);
  const took = async (times: number) => await Promise.all(Array.from({ length: times }, () => pace.take()));
  expect(await took(6)).toEqual([true, true, true, true, true, false]);
  expect(slept).toEqual([100, 200]);
  time += 1000;
  expect(await took(4)).toEqual([true, true, true, true]);
  time -= 5000;
  expect(await pace.take()).toBe(true);
  expect(await pace.take()).toBe(false);
});
