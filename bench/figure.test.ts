import { describe, expect, it } from 'vitest';
import { atLeast, atMost, toFigure } from './figure.ts';

const times = { id: 'x', title: 'a time', unit: 'ms', samples: [7, 8, 9] };
const floor = { title: 'the least', samples: [3, 4, 5] };

describe('toFigure', () => {
  it('judges every goal', () => {
    expect(toFigure({ ...times, goals: [atMost('p50', 8), atMost('p99', 9)] }).met).toBe(true);
    expect(toFigure({ ...times, goals: [atMost('p50', 8), atMost('p99', 8.9)] }).met).toBe(false);
  });

  it('judges what is above the floor by the medians', () => {
    expect(toFigure({ ...times, floor, goals: [atMost('p50 over floor', 4)] })).toMatchObject({
      floor: { p50: 4 },
      goal: 'p50 over floor ≤4',
      met: true,
    });
    expect(toFigure({ ...times, floor, goals: [atMost('p50 over floor', 3.9)] }).met).toBe(false);
  });

  it('takes the slow end of a rate', () => {
    const rate = toFigure({ ...times, isRate: true, goals: [atLeast('p99', 7.5)] });
    expect(rate).toMatchObject({ p99: 7, met: false });
  });

  it('has no verdict without a goal', () => {
    expect(toFigure(times)).toMatchObject({ goal: null, met: null, floor: null });
  });
});
