import { type ChatRequest, collectAnswer, ModelError } from '@reeve/core';
import { modelContract } from '@reeve/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { createOpenAiModel, type OpenAiModelOptions } from './openai-model.ts';
import {
  CALLS_CLOCK,
  DONE,
  MISBEHAVIOURS,
  type Misbehaviour,
  openRawProvider,
  piece,
  type RawProvider,
  refuses,
  SAYS_HELLO,
  streams,
} from './testing/index.ts';

const KEY = 'sk-test-canary-0123456789';
const TIMEOUTS = { firstByteMs: 300, idleMs: 150, totalMs: 2000 };
const TALK: ChatRequest = {
  role: 'coordinator',
  messages: [{ role: 'user', content: 'hello' }],
  tools: [],
  maxTokens: 100,
};
const WORK: ChatRequest = { ...TALK, tools: [{ type: 'function', function: { name: 'clock' } }] };
const never = new AbortController().signal;

const providers: RawProvider[] = [];
afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.close();
});

async function open(script: readonly Misbehaviour[], options: Partial<OpenAiModelOptions> = {}) {
  const provider = await openRawProvider(script);
  providers.push(provider);
  const model = createOpenAiModel({
    baseUrl: provider.baseUrl,
    apiKey: KEY,
    model: 'gpt-x',
    timeouts: TIMEOUTS,
    ...options,
  });
  return { provider, model };
}

modelContract('OpenAI-compatible endpoint', async () => {
  const provider = await openRawProvider([
    (response, body, request) =>
      (body.includes('"tools"') ? CALLS_CLOCK : SAYS_HELLO)(response, body, request),
  ]);
  return {
    model: createOpenAiModel({ baseUrl: provider.baseUrl, apiKey: KEY, model: 'gpt-x', timeouts: TIMEOUTS }),
    talk: TALK,
    work: WORK,
    dispose: () => provider.close(),
  };
});

describe('what is sent', () => {
  it('asks for a stream with usage, and always with a ceiling', async () => {
    const { provider, model } = await open([SAYS_HELLO], { defaultHeaders: { 'x-title': 'Reeve' } });
    await collectAnswer(model.stream(WORK, never));
    expect(JSON.parse(provider.bodies[0] ?? '')).toEqual({
      model: 'gpt-x',
      messages: TALK.messages,
      tools: WORK.tools,
      max_tokens: 100,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(provider.requests[0]?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'x-title': 'Reeve',
    });
  });

  it('is sent once, whatever comes back', async () => {
    const { provider, model } = await open([refuses(500)]);
    await expect(collectAnswer(model.stream(TALK, never))).rejects.toThrow(ModelError);
    expect(provider.bodies).toHaveLength(1);
  });
});

describe('answers', () => {
  it.each([
    ['less than nothing', { prompt_tokens: -7, completion_tokens: 3 }],
    ['no figures', { prompt_tokens: null, completion_tokens: 'many' }],
    ['nonsense', 'free'],
  ])('are whole, and count as without usage, when the provider reports %s', async (_name, usage) => {
    const lie = `data: ${JSON.stringify({ model: 'raw-1', choices: [], usage })}\n\n`;
    const { model } = await open([streams(piece({ content: 'hello' }), piece({}, 'stop'), lie, DONE)]);
    expect(await collectAnswer(model.stream(TALK, never))).toMatchObject({ text: 'hello', usage: null });
  });

  it('puts tool calls together, with usage and the model that answered', async () => {
    const { model } = await open([CALLS_CLOCK]);
    expect(await collectAnswer(model.stream(WORK, never))).toEqual({
      text: '',
      toolCalls: [
        {
          id: 'call_a',
          type: 'function',
          function: { name: 'clock', arguments: '{"time_zone":"Europe/Paris"}' },
        },
      ],
      reason: 'tool-calls',
      usage: { inputTokens: 7, outputTokens: 3, estimated: false },
      model: 'raw-1',
    });
  });

  it.each([
    ['reasoning_content', { reasoning_content: 'grüße' }, 7],
    ['reasoning', { reasoning: 'hm' }, 2],
    ['details', { reasoning_details: [{ type: 'reasoning.text', text: 'so' }, { summary: 'sum' }] }, 5],
    ['sealed details', { reasoning_details: [{ type: 'reasoning.encrypted', data: 'c2VhbGVk' }] }, 8],
    ['two forms of the same', { reasoning: 'twice', reasoning_details: [{ text: 'twice' }] }, 5],
  ])('say how much is thought aloud, as %s, and no more of it', async (_name, delta, bytes) => {
    const { model } = await open([streams(piece(delta), piece({ content: 'hello' }), piece({}, 'stop'))]);
    const chunks = await Array.fromAsync(model.stream(TALK, never));
    expect(chunks.slice(0, 2)).toEqual([
      { kind: 'thought', bytes },
      { kind: 'text', text: 'hello' },
    ]);
  });

  it('are whole though thoughts come in a form of their own', async () => {
    const odd = { content: 'hello', reasoning: { deep: true }, reasoning_details: 'deep' };
    const { model } = await open([streams(piece(odd), piece({}, 'stop'))]);
    expect((await collectAnswer(model.stream(TALK, never))).text).toBe('hello');
  });

  it('reads characters that are split between two pieces of the wire', async () => {
    const bytes = Buffer.from(piece({ content: 'grüße 🙂' }));
    const { model } = await open([
      streams(...Array.from(bytes, (byte) => Uint8Array.of(byte)), piece({}, 'stop')),
    ]);
    expect((await collectAnswer(model.stream(TALK, never))).text).toBe('grüße 🙂');
  });

  it('keeps waiting while a provider sends comments', async () => {
    const comments: Misbehaviour = (response, body, request) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let count = 0;
      const timer = setInterval(() => {
        if (count++ < 5) return void response.write(': PROCESSING\n\n');
        clearInterval(timer);
        response.end(piece({ content: 'late but well' }) + piece({}, 'stop'));
      }, 80);
      request.on('close', () => body === '' && clearInterval(timer));
    };
    const { model } = await open([comments]);
    expect((await collectAnswer(model.stream(TALK, never))).text).toBe('late but well');
  });

  it.each([
    ['stop', [{ index: 0, id: 'a', function: { name: 'clock', arguments: '{}' } }], 'tool-calls'],
    ['tool_calls', undefined, 'stop'],
    ['something new', undefined, 'stop'],
  ])('finish reason “%s” is corrected by what was streamed', async (finish, calls, expected) => {
    const delta = calls ? { tool_calls: calls } : { content: 'hi' };
    const { model } = await open([streams(piece(delta), piece({}, finish), DONE)]);
    expect((await collectAnswer(model.stream(WORK, never))).reason).toBe(expected);
  });
});

describe('failures', () => {
  it.each(MISBEHAVIOURS)('$name', async ({ act, failure: expected }) => {
    const { model } = await open([act]);
    const failure = await collectAnswer(model.stream(WORK, never)).then(
      (answer) => answer,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ModelError);
    expect(failure).toMatchObject(expected);
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('canary');
  });

  it('keeps a key of no known form out of its words', async () => {
    const apiKey = 'Zx9Canary77Qw';
    const { model } = await open([refuses(401, { error: { message: `bad key ${apiKey}!` } })], { apiKey });
    const failure = collectAnswer(model.stream(TALK, never));
    await expect(failure).rejects.toThrow('bad key [key]!');
  });

  it('nobody listens there', async () => {
    const { provider, model } = await open([SAYS_HELLO]);
    await provider.close();
    providers.pop();
    await expect(collectAnswer(model.stream(TALK, never))).rejects.toMatchObject({
      code: 'model-unreachable',
      retryable: true,
    });
  });

  it('a trickle that never ends', async () => {
    const trickle: Misbehaviour = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => response.write(piece({ content: '.' })), 20);
      response.on('close', () => clearInterval(timer));
    };
    const { model } = await open([trickle], { timeouts: { ...TIMEOUTS, totalMs: 400 } });
    await expect(collectAnswer(model.stream(TALK, never))).rejects.toMatchObject({ code: 'model-timeout' });
  });
});
