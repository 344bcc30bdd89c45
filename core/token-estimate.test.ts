import { describe, expect, it } from 'vitest';
import type { ChatRequest } from './model.ts';
import { estimateRequest } from './token-estimate.ts';

const request = (content: string): ChatRequest => ({
  role: 'executor',
  messages: [{ role: 'user', content }],
  tools: [],
  maxTokens: 4096,
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
