import { describe, expect, it } from 'vitest';
import { chooseModels } from './model-choice.ts';

describe('chooseModels', () => {
  it('rehearses when nothing is set', () => {
    expect(chooseModels({})).toEqual({
      coordinator: { kind: 'rehearsal' },
      executor: { kind: 'rehearsal' },
      fallback: null,
      vision: null,
      describe: 'rehearsal (no model is configured)',
    });
  });

  it('rehearses when only a model’s name is set: a name without an endpoint reaches nothing', () => {
    expect(chooseModels({ REEVE_MODEL_COORDINATOR: 'gpt-x' }).coordinator).toEqual({ kind: 'rehearsal' });
  });

  it('takes OpenAI itself for a key alone', () => {
    const { coordinator, executor } = chooseModels({ OPENAI_API_KEY: 'k' });
    expect(coordinator).toEqual({
      kind: 'openai',
      baseUrl: 'https://api.openai.com/v1',
      apiKey: 'k',
      model: 'gpt-5-mini',
    });
    expect(executor).toEqual(coordinator);
  });

  it('takes a local server without a key', () => {
    const { coordinator } = chooseModels({
      OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1/',
      REEVE_MODEL_EXECUTOR: 'qwen',
    });
    expect(coordinator).toEqual({
      kind: 'openai',
      baseUrl: 'http://127.0.0.1:11434/v1',
      apiKey: '',
      model: 'qwen',
    });
  });

  it('takes OpenRouter, with names as it spells them', () => {
    expect(chooseModels({ OPENROUTER_API_KEY: 'r' }).executor).toEqual({
      kind: 'openai',
      baseUrl: 'https://openrouter.ai/api/v1',
      apiKey: 'r',
      model: 'openai/gpt-5-mini',
    });
  });

  it('prefers an OpenAI endpoint to OpenRouter', () => {
    const both = { OPENAI_BASE_URL: 'http://localhost:1/v1', OPENAI_API_KEY: 'k', OPENROUTER_API_KEY: 'r' };
    expect(chooseModels(both).coordinator).toMatchObject({ baseUrl: 'http://localhost:1/v1', apiKey: 'k' });
  });

  it('names a model per role and a fallback, and never the key', () => {
    const choice = chooseModels({
      OPENAI_API_KEY: 'secret-key',
      REEVE_MODEL_COORDINATOR: 'fast',
      REEVE_MODEL_EXECUTOR: 'deep',
      REEVE_MODEL_FALLBACK: 'spare',
      REEVE_MODEL_VISION: 'eyes',
    });
    expect(choice).toMatchObject({
      coordinator: { model: 'fast' },
      executor: { model: 'deep' },
      fallback: { model: 'spare' },
      vision: { model: 'eyes' },
    });
    expect(choice.describe).toBe('fast, tasks deep, fallback spare, images eyes at api.openai.com');
  });
});
