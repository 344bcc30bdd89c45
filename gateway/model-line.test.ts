import type { ChatRequest, Model } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { lineFor, type ModelSet } from './model-line.ts';

const named = (name: string) => ({ name, model: {} as Model });
const SET: ModelSet = {
  coordinator: named('chat'),
  executor: named('work'),
  fallback: named('spare'),
  vision: named('eyes'),
};
const IMAGE = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } } as const;

function request(role: ChatRequest['role'], hasImage: boolean): ChatRequest {
  const content = hasImage ? [{ type: 'text' as const, text: 'what is this?' }, IMAGE] : 'hello';
  return { role, messages: [{ role: 'user', content }], tools: [], maxTokens: 10 };
}

function namesFor(set: ModelSet, asked: ChatRequest): (string | null)[] {
  const { own, fallback } = lineFor(set, asked);
  return [own.name, fallback?.name ?? null];
}

describe('who answers', () => {
  it('is the role’s own model, then the fallback', () => {
    expect(namesFor(SET, request('coordinator', false))).toEqual(['chat', 'spare']);
    expect(namesFor(SET, request('executor', false))).toEqual(['work', 'spare']);
  });

  it('is the model that sees, alone, as soon as there is an image', () => {
    expect(namesFor(SET, request('coordinator', true))).toEqual(['eyes', null]);
    expect(namesFor(SET, request('executor', true))).toEqual(['eyes', null]);
  });

  it('is the role’s own model for images too when none that sees is set', () => {
    expect(namesFor({ ...SET, vision: null }, request('coordinator', true))).toEqual(['chat', 'spare']);
  });
});
