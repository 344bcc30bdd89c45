import { LLMock } from '@copilotkit/aimock';
import { type ChatRequest, collectAnswer, ModelError } from '@reeve/core';
import { createScriptedModel, says } from '@reeve/core/testing';
import { createOpenAiModel } from '@reeve/model';
import { createGatewayModel } from '@reeve/model/gateway';
import {
  MISBEHAVIOURS,
  type Misbehaviour,
  openRawProvider,
  piece,
  refuses,
  SAYS_HELLO,
} from '@reeve/model/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { GatewayLimits } from './index.ts';
import { openGatewayBench } from './testing/gateway-bench.ts';

const WORK: ChatRequest = {
  role: 'coordinator',
  messages: [{ role: 'user', content: 'what time is it?' }],
  tools: [{ type: 'function', function: { name: 'clock', parameters: { type: 'object', properties: {} } } }],
  maxTokens: 100,
};
const never = new AbortController().signal;
const KEY = 'sk-test-canary-0123456789';
/** Four tries of a provider that never begins, and the waits between them, with room to spare. */
const DEADLINE_MS = 4000;
const TIMEOUTS = { firstByteMs: 200, idleMs: 100, totalMs: 1500 };

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Client → gateway → OpenAI adapter → provider, as in production. */
async function open(
  baseUrl: string,
  fallback?: ReturnType<typeof createScriptedModel>,
  limits: Partial<GatewayLimits> = {},
) {
  const bench = await openGatewayBench({
    coordinator: createOpenAiModel({ baseUrl, apiKey: KEY, model: 'gpt-x', timeouts: TIMEOUTS }),
    ...(fallback ? { fallback } : {}),
    limits: { deadlineMs: DEADLINE_MS, ...limits },
  });
  closing.push(bench.close);
  const { socketPath } = bench;
  const model = createGatewayModel({
    socketPath,
    token: () => bench.coordinatorToken(),
    role: 'coordinator',
  });
  return { bench, model };
}

async function openRaw(script: readonly Misbehaviour[]): Promise<string> {
  const provider = await openRawProvider(script);
  closing.push(provider.close);
  return provider.baseUrl;
}

describe('a provider that misbehaves', () => {
  it.each(MISBEHAVIOURS)('$name: ends as a plain failure in time', async ({ act, failure }) => {
    const { bench, model } = await open(await openRaw([act]));
    const error = await collectAnswer(model.stream(WORK, never)).then(
      (answer) => answer,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ code: failure.code });
    expect(bench.logged.join('\n')).not.toContain('canary');
  });

  it.each(MISBEHAVIOURS)(
    '$name: ends as the fallback’s answer, or as a failure once text was out',
    async ({ act }) => {
      const fallback = createScriptedModel([says('from the fallback')]);
      const { model } = await open(await openRaw([act]), fallback);
      let text = '';
      const outcome = await collectAnswer(model.stream(WORK, never), (sofar) => {
        text = sofar;
      }).catch((reason: unknown) => reason);
      if (outcome instanceof ModelError) expect(fallback.requests).toEqual([]);
      else expect(text).toBe('from the fallback');
    },
  );

  it('is asked again after a 429, and its answer counts', async () => {
    const baseUrl = await openRaw([refuses(429, {}, { 'retry-after-ms': '30' }), refuses(503), SAYS_HELLO]);
    const { bench, model } = await open(baseUrl);
    expect((await collectAnswer(model.stream(WORK, never))).text).toBe('hello there');
    await expect.poll(() => bench.usage).toMatchObject([{ model: 'raw-1', inputTokens: 7, outputTokens: 3 }]);
  });
});

it('hangs up on the provider when the caller leaves', async () => {
  const hungUp = Promise.withResolvers<void>();
  const baseUrl = await openRaw([
    (response) => {
      response.on('close', hungUp.resolve);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(piece({ content: 'on and ' }));
    },
  ]);
  const { model } = await open(baseUrl);
  const stop = new AbortController();
  const reason = new Error('enough');
  const reading = collectAnswer(model.stream(WORK, stop.signal), () => stop.abort(reason));
  await expect(reading).rejects.toBe(reason);
  await hungUp.promise;
});

describe('an OpenAI-compatible server that others wrote', () => {
  async function openMock(teach: (mock: LLMock) => void): Promise<LLMock> {
    const mock = new LLMock({ port: 0 });
    teach(mock);
    await mock.start();
    closing.push(() => mock.stop());
    return mock;
  }

  it('streams text, with usage', async () => {
    const mock = await openMock((each) =>
      each.onMessage('what time', { content: 'It is late, that is all I know.' }),
    );
    const { bench, model } = await open(`${mock.url}/v1`);
    const pieces: string[] = [];
    const answer = await collectAnswer(model.stream(WORK, never), (text) => pieces.push(text));
    expect(answer.text).toBe('It is late, that is all I know.');
    expect(pieces.length).toBeGreaterThan(1);
    expect(answer.usage).toMatchObject({ estimated: false });
    await expect.poll(() => bench.usage.length).toBe(1);
  });

  it('streams tool calls, and gets their results', async () => {
    const mock = await openMock((each) => {
      each.on(
        { userMessage: 'what time', hasToolResult: false },
        { toolCalls: [{ name: 'clock', arguments: '{"time_zone":"Europe/Paris"}' }] },
      );
      each.on({ hasToolResult: true }, { content: 'It is noon in Paris.' });
    });
    const { model } = await open(`${mock.url}/v1`);
    const first = await collectAnswer(model.stream(WORK, never));
    const [call] = first.toolCalls;
    expect(call?.function).toEqual({ name: 'clock', arguments: '{"time_zone":"Europe/Paris"}' });
    const messages: ChatRequest['messages'] = [
      ...WORK.messages,
      { role: 'assistant', content: first.text, tool_calls: [...first.toolCalls] },
      { role: 'tool', tool_call_id: call?.id ?? '', content: 'noon' },
    ];
    expect((await collectAnswer(model.stream({ ...WORK, messages }, never))).text).toBe(
      'It is noon in Paris.',
    );
  });

  it('is asked again after one 429', async () => {
    const mock = await openMock((each) => {
      each.onMessage('what time', { content: 'Now it works.' });
      each.nextRequestError(429, { message: 'slow down', type: 'rate_limit_error' });
    });
    const { model } = await open(`${mock.url}/v1`, undefined, { longestWaitMs: 2000 });
    expect((await collectAnswer(model.stream(WORK, never))).text).toBe('Now it works.');
    expect(mock.getRequests()).toHaveLength(2);
  });

  it('is left when the caller leaves', async () => {
    const mock = await openMock((each) =>
      each.onMessage('what time', { content: 'slow '.repeat(200) }, { latency: 50, chunkSize: 5 }),
    );
    const { model } = await open(`${mock.url}/v1`);
    const stop = new AbortController();
    const reason = new Error('enough');
    const reading = collectAnswer(model.stream(WORK, stop.signal), () => stop.abort(reason));
    await expect(reading).rejects.toBe(reason);
  });
});
