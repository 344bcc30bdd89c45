import type { ChatRequest, TokenUsage } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { believableUsage, estimateRequest } from './token-estimate.ts';

const request = (content: string): ChatRequest => ({
  role: 'executor',
  messages: [{ role: 'user', content }],
  tools: [],
  maxTokens: 4096,
});
const reports = (inputTokens: number, outputTokens: number): TokenUsage => ({
  inputTokens,
  outputTokens,
  estimated: false,
});

describe('the estimate of a request', () => {
  it('is a third of its bytes, tools included, and all of max_tokens', () => {
    const plain = estimateRequest(request('x'.repeat(3000)));
    expect(plain.inputTokens).toBeGreaterThan(1000);
    expect(plain.inputTokens).toBeLessThan(1030);
    expect(plain.outputTokens).toBe(4096);
    const tools = [{ type: 'function', function: { name: 'clock', description: 'y'.repeat(3000) } }] as const;
    expect(estimateRequest({ ...request(''), tools }).inputTokens).toBeGreaterThan(1000);
  });

  it('counts an image flat, and text that is named like one as text', () => {
    const url = `data:image/png;base64,${'A'.repeat(3_000_000)}`;
    const image: ChatRequest['messages'][number] = {
      role: 'user',
      content: [
        { type: 'text', text: 'look' },
        { type: 'image_url', image_url: { url } },
      ],
    };
    expect(estimateRequest({ ...request(''), messages: [image] }).inputTokens).toBeLessThan(2100);
    const tools = [
      { type: 'function', function: { name: 'f', parameters: { image_url: 'z'.repeat(30_000) } } },
    ];
    const hidden = estimateRequest({ ...request(''), tools: tools as ChatRequest['tools'] });
    expect(hidden.inputTokens).toBeGreaterThan(10_000);
  });
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

  it('is estimated when nothing is reported', () => {
    expect(believableUsage(null, asked, 0)).toEqual({ inputTokens: 1000, outputTokens: 0, estimated: true });
  });
});
