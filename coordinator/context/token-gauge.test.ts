import { describe, expect, it } from 'vitest';
import { createTokenGauge } from './token-gauge.ts';

const reported = (inputTokens: number) => ({ inputTokens, outputTokens: 1, estimated: false });

describe('the token gauge', () => {
  it('corrects estimates by what the model that answered last reports', () => {
    const gauge = createTokenGauge();
    expect(gauge.factor()).toBe(1);
    gauge.observe('a', 1000, reported(700));
    expect(gauge.factor()).toBeCloseTo(0.7);
    gauge.observe('a', 1000, reported(800));
    expect(gauge.factor()).toBeCloseTo(0.73);
    gauge.observe('b', 1000, reported(1400));
    expect(gauge.factor()).toBeCloseTo(1.4);
    gauge.observe('a', 1000, null);
    expect(gauge.factor()).toBeCloseTo(0.73);
  });

  it('learns nothing from estimates, and little from figures that cannot be', () => {
    const gauge = createTokenGauge();
    gauge.observe('a', 1000, { ...reported(5000), estimated: true });
    expect(gauge.factor()).toBe(1);
    gauge.observe('a', 1000, reported(1_000_000));
    expect(gauge.factor()).toBe(2.5);
  });
});
