import { expect, it } from 'vitest';
import { createSlots } from './slots.ts';

it('gives each living pair two ids of its own and takes them back', () => {
  const slots = createSlots({ asRoot: true, firstId: 1000 });
  const [first, second] = [slots.take(), slots.take()];
  expect([first.ids, second.ids]).toEqual([
    { loop: { uid: 1001, group: 1000 }, sandbox: { uid: 1002 } },
    { loop: { uid: 1003, group: 1000 }, sandbox: { uid: 1004 } },
  ]);
  first.release();
  expect(slots.take().ids?.loop.uid).toBe(1001);
  expect(slots.take().ids?.loop.uid).toBe(1005);
});

it('has no ids to give as an ordinary user', () => {
  const slots = createSlots({ asRoot: false, firstId: 1000 });
  expect([slots.take().ids, slots.linkGroup]).toEqual([undefined, undefined]);
});
