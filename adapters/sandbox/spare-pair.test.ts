import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createSparePair, type Ground } from './spare-pair.ts';

const ground: Ground = {
  limits: { memoryBytes: 1, scratchBytes: 2, processes: 3, cpuPercent: 4 },
  doors: ['1:2', '1:3'],
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function site(failing: readonly number[] = []) {
  const built: number[] = [];
  const killed: number[] = [];
  const over = new Set<number>();
  const spare = createSparePair(async () => {
    const number = built.push(built.length);
    if (failing.includes(number)) throw new Error('the disk is full');
    const executor = {
      id: `pair-${number}`,
      ended: new Promise<never>(() => undefined),
      kill: async () => void killed.push(number),
      logs: () => '',
    };
    return { number, executor, isOver: () => over.has(number) };
  });
  return { spare, built, killed, over };
}

const aWhile = () => vi.advanceTimersByTimeAsync(1000);

it('builds one ahead, later, and gives it once', async () => {
  const { spare, built } = site();
  spare.prepare(ground);
  spare.prepare(ground);
  expect(built).toHaveLength(0);
  await aWhile();
  expect(built).toHaveLength(1);
  expect((await spare.take({ ...ground })).number).toBe(1);
  expect((await spare.take(ground)).number).toBe(2);
});

it.each([
  ['limits', { ...ground, limits: { ...ground.limits, processes: 5 } }],
  ['doors', { ...ground, doors: ['1:2', '1:4'] }],
])('gives none that stands on other %s', async (_what, other) => {
  const { spare, killed } = site();
  spare.prepare(ground);
  await aWhile();
  expect((await spare.take(other)).number).toBe(2);
  expect(killed).toEqual([1]);
});

it('gives none that has ended', async () => {
  const { spare, over } = site();
  spare.prepare(ground);
  await aWhile();
  over.add(1);
  expect((await spare.take(ground)).number).toBe(2);
});

it('tries again when none could be built ahead, and says what stands in the way then', async () => {
  const { spare } = site([1, 3]);
  spare.prepare(ground);
  await aWhile();
  expect((await spare.take(ground)).number).toBe(2);
  await expect(spare.take(ground)).rejects.toThrow('the disk is full');
});

it('leaves none behind, and builds none any more', async () => {
  const { spare, built, killed } = site();
  spare.prepare(ground);
  await aWhile();
  await spare.close();
  expect(killed).toEqual([1]);
  spare.prepare(ground);
  await spare.close();
  await aWhile();
  expect(built).toHaveLength(1);
});

it('builds none for a launch that got through while it was closed', async () => {
  const { spare, built } = site();
  await spare.close();
  spare.prepare(ground);
  await aWhile();
  expect(built).toHaveLength(0);
});
