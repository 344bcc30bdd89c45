import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentile, takeSamples } from './measure.ts';

describe('percentile', () => {
  it('is a measured value by nearest rank', () => {
    const samples = [50, 15, 40, 20, 35];
    expect(percentile(samples, 0.5)).toBe(35);
    expect(percentile(samples, 0.3)).toBe(20);
    expect(percentile(samples, 0.99)).toBe(50);
    expect(percentile(samples, 0.01)).toBe(15);
  });

  it('has the wanted share of the samples at or below it, and no smaller sample has', () => {
    const fraction = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fraction, (samples, wanted) => {
        const value = percentile(samples, wanted);
        const share = (limit: number) => samples.filter((sample) => sample <= limit).length / samples.length;
        expect(share(value)).toBeGreaterThanOrEqual(wanted);
        expect(share(value - 1)).toBeLessThan(wanted);
      }),
    );
  });

  it('refuses to invent one', () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
  });
});

describe('takeSamples', () => {
  it('throws the warm-up away and keeps the order', async () => {
    expect(await takeSamples({ warmUp: 2, samples: 3 }, async (index) => index * 10)).toEqual([20, 30, 40]);
  });
});
