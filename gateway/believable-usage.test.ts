import { imageSlack, type TokenUsage } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { believableUsage, brokenUsage } from './believable-usage.ts';

const reports = (inputTokens: number, outputTokens: number): TokenUsage => ({
  inputTokens,
  outputTokens,
  estimated: false,
});

describe('what a provider reports', () => {
  const asked = { inputTokens: 1000, outputTokens: 4096 };

  it.each([
    ['the usual', 800, 200],
    ['twice the estimate', 2000, 200],
    ['hidden reasoning', 900, 30_000],
    ['an answer shorter than its bytes say', 900, 50],
  ])('counts when it can be true: %s', (_name, input, output) => {
    expect(believableUsage(reports(input, output), asked, 600)).toEqual(reports(input, output));
  });

  it.each([
    ['nothing in', 0, 200],
    ['nothing out', 800, 0],
    ['less than nothing', -5, 200],
    ['a fraction', 800.5, 200],
    ['no number', Number.NaN, 200],
    ['without end', 800, Number.POSITIVE_INFINITY],
    ['a sliver of the prompt', 100, 200],
    ['a sliver of the answer', 800, 20],
    ['far more than was sent', 1e9, 200],
    ['far more than was allowed', 800, 1e7],
  ])('is replaced by the estimate when it cannot be: %s', (_name, input, output) => {
    expect(believableUsage(reports(input, output), asked, 600)).toEqual({
      inputTokens: 1000,
      outputTokens: 200,
      estimated: true,
    });
  });

  it('counts what images come to with the dearest provider, and no more', () => {
    const slack = imageSlack({
      messages: [
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }] },
      ],
    });
    const seeing = { inputTokens: 2100, outputTokens: 100 };
    expect(believableUsage(reports(48_169, 20), seeing, 60, slack)).toEqual(reports(48_169, 20));
    expect(believableUsage(reports(148_169, 20), seeing, 60, slack)).toMatchObject({ estimated: true });
  });

  it('is estimated when nothing is reported', () => {
    expect(believableUsage(null, asked, 0)).toEqual({ inputTokens: 1000, outputTokens: 0, estimated: true });
  });
});

describe('a call that broke off', () => {
  const asked = { inputTokens: 1000, outputTokens: 4096 };

  it.each([
    ['what was seen', 9000, 1000, 3000],
    ['its time, where less was seen', 30, 5000, 1000],
    ['no more time than max_tokens lasts', 30, 300_000, 4096],
    ['all that was seen, however much', 90_000, 1000, 30_000],
  ])('counts %s', (_name, bytes, elapsedMs, outputTokens) => {
    expect(brokenUsage(asked, bytes, elapsedMs)).toEqual({
      inputTokens: 1000,
      outputTokens,
      estimated: true,
    });
  });
});
