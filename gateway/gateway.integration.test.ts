import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { type ChatRequest, collectAnswer, type Model, ModelError } from '@reeve/core';
import {
  callsTools,
  createScriptedModel,
  fails,
  modelContract,
  type ScriptedCall,
  says,
} from '@reeve/core/testing';
import { createGatewayModel } from '@reeve/model/gateway';
import { afterEach, describe, expect, it } from 'vitest';
import { type GatewayBench, openGatewayBench } from './testing/gateway-bench.ts';

const TALK: ChatRequest = {
  role: 'coordinator',
  messages: [{ role: 'user', content: 'hello' }],
  tools: [],
  maxTokens: 100,
};
const TOOLS = [{ type: 'function', function: { name: 'clock' } }] as const;
const never = new AbortController().signal;

const benches: GatewayBench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.close();
});

/** How a coordinator reaches the gateway. */
const DOORS = ['over the wire', 'in the same process'] as const;
type Door = (typeof DOORS)[number];

function doorOf(bench: GatewayBench, door: Door): Model {
  if (door === 'in the same process') return bench.coordinatorModel;
  const { socketPath } = bench;
  return createGatewayModel({ socketPath, token: () => bench.coordinatorToken(), role: 'coordinator' });
}

async function open(options: Parameters<typeof openGatewayBench>[0], door: Door = 'over the wire') {
  const bench = await openGatewayBench(options);
  benches.push(bench);
  return { bench, model: doorOf(bench, door) };
}

/** A raw request, to see what stands on the wire. */
async function post(
  { socketPath }: GatewayBench,
  body: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  const outgoing = httpRequest({ socketPath, path: '/v1/chat/completions', method: 'POST', headers });
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  let text = '';
  for await (const piece of response) text += piece;
  return { status: response.statusCode, headers: response.headers, text };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' });
const wire = (extra: object = {}) =>
  JSON.stringify({ model: 'any', messages: [{ role: 'user', content: 'hello' }], ...extra });

const answering: ScriptedCall = (request) =>
  request.tools.length > 0
    ? callsTools(
        { name: 'clock', arguments: { time_zone: 'Europe/Paris' } },
        { name: 'clock', arguments: {} },
      )
    : says('well, ', 'hello ', 'there');

for (const door of DOORS)
  modelContract(`gateway, ${door}`, async () => {
    const bench = await openGatewayBench({ coordinator: createScriptedModel(Array(20).fill(answering)) });
    return {
      model: doorOf(bench, door),
      talk: TALK,
      work: { ...TALK, tools: TOOLS },
      dispose: () => bench.close(),
    };
  });

describe('who may call', () => {
  it.each([
    ['no token', () => ({})],
    ['nonsense', () => bearer('abc')],
    ['a forged token', (bench: GatewayBench) => bearer(`${bench.coordinatorToken()}x`)],
    ['an expired token', (bench: GatewayBench) => bearer(bench.coordinatorToken(-1))],
    ['a task that another attempt holds', (bench: GatewayBench) => bearer(bench.taskToken('T-1', 2))],
    ['a task that is unknown', (bench: GatewayBench) => bearer(bench.taskToken('T-9', 1))],
  ])('refuses %s and calls no model', async (_name, headers) => {
    const upstream = createScriptedModel([answering]);
    const { bench } = await open({ coordinator: upstream });
    const answer = await post(bench, wire(), headers(bench));
    expect(answer.status).toBe(401);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(answer.text)).toMatchObject({
      code: 'token-missing',
      error: { code: 'token-missing' },
    });
    expect(upstream.requests).toEqual([]);
  });

  it.each(['content-length', 'chunked'])(
    'answers whose task is in other hands before the body is whole, by %s',
    async (framing) => {
      const { bench } = await open({ coordinator: createScriptedModel([]) });
      const { socketPath } = bench;
      const headers = {
        ...bearer(bench.taskToken('T-1', 2)),
        ...(framing === 'chunked' ? {} : { 'content-length': '1000' }),
      };
      const outgoing = httpRequest({ socketPath, path: '/v1/chat/completions', method: 'POST', headers });
      outgoing.on('error', () => undefined).write('{"messages":');
      const [response] = await once(outgoing, 'response');
      outgoing.destroy();
      expect(response.statusCode).toBe(401);
    },
  );

  it('takes the role from the token, whatever the request says', async () => {
    const forCoordinator = createScriptedModel([answering]);
    const forExecutor = createScriptedModel([answering]);
    const { bench } = await open({ coordinator: forCoordinator, executor: forExecutor });
    await post(bench, wire({ role: 'coordinator' }), bearer(bench.taskToken('T-1', 1)));
    expect(forExecutor.requests[0]?.role).toBe('executor');
    expect(forCoordinator.requests).toEqual([]);
    await expect
      .poll(() => bench.usage)
      .toMatchObject([{ task: 'T-1', role: 'executor', model: 'scripted' }]);
  });

  it('tells a client with a refused token so', async () => {
    const { bench } = await open({ coordinator: createScriptedModel([]) });
    const { socketPath } = bench;
    const model = createGatewayModel({ socketPath, token: () => 'stale', role: 'executor' });
    const failure = collectAnswer(model.stream({ ...TALK, role: 'executor' }, never));
    await expect(failure).rejects.toMatchObject({ code: 'model-refused-key', retryable: false, status: 401 });
  });
});

describe('what goes to the model', () => {
  const seeing = (url: string) =>
    wire({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] });

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://10.0.0.5:8080/admin',
    'https://example.org/x.png?d=private-words',
    'file:///etc/passwd',
    'data:text/html;base64,AAAA',
    'data:image/png;base64,AAAA https://example.org/',
  ])('is no image that somebody would fetch: %s', async (url) => {
    const upstream = createScriptedModel([answering]);
    const { bench } = await open({ coordinator: upstream });
    const answer = await post(bench, seeing(url), bearer(bench.taskToken('T-1', 1)));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'request-malformed' });
    expect(upstream.requests).toEqual([]);
  });

  it('is an image that the request carries', async () => {
    const upstream = createScriptedModel([answering]);
    const { bench } = await open({ coordinator: upstream });
    const url = `data:image/png;base64,${'AAAA'.repeat(500_000)}`;
    expect((await post(bench, seeing(url), bearer(bench.taskToken('T-1', 1)))).status).toBe(200);
    expect(upstream.requests[0]?.messages).toMatchObject([{ content: [{ image_url: { url } }] }]);
  });

  it.each([
    [{}, 8192],
    [{ max_tokens: 50 }, 50],
    [{ max_completion_tokens: 60 }, 60],
    [{ max_tokens: 1_000_000 }, 8192],
  ])('always has a ceiling: %j → %i tokens', async (extra, expected) => {
    const upstream = createScriptedModel([answering]);
    const { bench } = await open({ coordinator: upstream });
    await post(bench, wire(extra), bearer(bench.coordinatorToken()));
    expect(upstream.requests[0]?.maxTokens).toBe(expected);
  });

  it('understands other clients: developer messages, text in parts, unknown fields', async () => {
    const upstream = createScriptedModel([answering]);
    const { bench } = await open({ coordinator: upstream });
    const messages = [
      {
        role: 'developer',
        content: [
          { type: 'text', text: 'be ' },
          { type: 'text', text: 'brief' },
        ],
      },
      { role: 'user', content: [{ type: 'text', text: 'hello' }], name: 'ann' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'done' }] },
    ];
    const body = JSON.stringify({ model: 'gpt', temperature: 2, seed: 1, messages, metadata: {} });
    expect((await post(bench, body, bearer(bench.coordinatorToken()))).status).toBe(200);
    expect(upstream.requests[0]?.messages).toEqual([
      { role: 'system', content: 'be brief' },
      { role: 'user', content: [{ type: 'text', text: 'hello' }] },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: 'done' },
    ]);
  });

  it.each([
    ['no JSON', 'hello', 'expected form: the body is not a JSON object.'],
    ['a list', '[]', 'expected form: the body is not a JSON object.'],
    ['no messages', '{}', 'expected form: messages: expected array, received undefined.'],
    ['an empty list of messages', '{"messages":[]}'],
    ['an unknown role', '{"messages":[{"role":"king","content":"x"}]}'],
    ['a negative ceiling', '{"messages":[{"role":"user","content":"x"}],"max_tokens":-1}'],
    ['a body that is too large', JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(3000) }] })],
  ])('refuses %s', async (_name, body, about = '') => {
    const upstream = createScriptedModel([]);
    const { bench } = await open({ coordinator: upstream, limits: { bodyBytes: 2000 } });
    const answer = await post(bench, body, bearer(bench.coordinatorToken()));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({
      code: 'request-malformed',
      detail: expect.stringContaining(about),
    });
    expect(upstream.requests).toEqual([]);
  });
});

describe('answers', () => {
  it('come as one JSON document when not streamed', async () => {
    const { bench } = await open({ coordinator: createScriptedModel([answering]) });
    const answer = await post(bench, wire(), bearer(bench.coordinatorToken()));
    expect(JSON.parse(answer.text)).toMatchObject({
      object: 'chat.completion',
      model: 'scripted',
      choices: [
        { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'well, hello there' } },
      ],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    });
  });

  it('come as OpenAI’s event stream when streamed', async () => {
    const { bench } = await open({ coordinator: createScriptedModel([answering]) });
    const answer = await post(bench, wire({ stream: true }), bearer(bench.coordinatorToken()));
    expect(answer.headers['content-type']).toMatch('text/event-stream');
    const events = answer.text.split('\n\n').filter((event) => event !== '');
    expect(events.at(-1)).toBe('data: [DONE]');
    const pieces = events.slice(0, -1).map((event) => JSON.parse(event.slice('data: '.length)));
    expect(pieces.map((piece) => piece.choices[0]?.delta.content ?? '').join('')).toBe('well, hello there');
    expect(pieces.at(-2).choices[0].finish_reason).toBe('stop');
    expect(pieces.at(-1).usage.total_tokens).toBe(15);
  });

  it('arrive piece by piece, before the model has finished', async () => {
    const { model } = await open({
      coordinator: createScriptedModel([[{ kind: 'text', text: 'first' }, { kind: 'hang' }]]),
    });
    for await (const chunk of model.stream(TALK, never)) {
      expect(chunk).toEqual({ kind: 'text', text: 'first' });
      break;
    }
  });

  it('are counted by the provider’s figures, or by an estimate that is marked', async () => {
    const { bench, model } = await open({
      coordinator: createScriptedModel([
        says('hello'),
        [
          { kind: 'text', text: 'x'.repeat(400) },
          { kind: 'end', reason: 'stop', usage: null, model: 'bare' },
        ],
      ]),
    });
    await collectAnswer(model.stream(TALK, never));
    const estimated = await collectAnswer(model.stream(TALK, never));
    expect(estimated.usage).toMatchObject({ outputTokens: 134, estimated: true });
    await expect
      .poll(() => bench.usage)
      .toMatchObject([
        {
          task: null,
          role: 'coordinator',
          model: 'scripted',
          inputTokens: 10,
          outputTokens: 5,
          estimated: false,
        },
        { model: 'bare', outputTokens: 134, estimated: true },
      ]);
  });
});

describe.each(DOORS)('when the model fails, %s', (door) => {
  it('tries again before the first token, then answers', async () => {
    const upstream = createScriptedModel([
      fails('model-failed', { status: 500 }),
      fails('model-rate-limited', { status: 429, retryAfterMs: 20 }),
      says('at last'),
    ]);
    const { model } = await open({ coordinator: upstream }, door);
    expect((await collectAnswer(model.stream(TALK, never))).text).toBe('at last');
    expect(upstream.requests).toHaveLength(3);
  });

  it('falls back when the tries are used up, with one decision in the log', async () => {
    const upstream = createScriptedModel(Array(3).fill(fails('model-failed')));
    const { bench, model } = await open(
      {
        coordinator: upstream,
        fallback: createScriptedModel([says('from the other')]),
      },
      door,
    );
    expect((await collectAnswer(model.stream(TALK, never))).text).toBe('from the other');
    expect(bench.logged.filter((line) => line.includes('"decision":"fallback"'))).toEqual([
      expect.stringContaining('model-failed'),
    ]);
  });

  it('does not wait for a provider that wants too long a wait', async () => {
    const upstream = createScriptedModel([fails('model-rate-limited', { retryAfterMs: 60_000 })]);
    const { model } = await open({ coordinator: upstream }, door);
    const failure = collectAnswer(model.stream(TALK, never));
    await expect(failure).rejects.toMatchObject({ code: 'model-rate-limited', retryAfterMs: 60_000 });
  });

  it.each([
    ['model-unreachable', 502],
    ['model-refused-key', 502],
    ['model-timeout', 504],
    ['model-bad-answer', 502],
  ] as const)('tells %s in the catalogue’s words', async (code, status) => {
    const { bench, model } = await open(
      {
        coordinator: createScriptedModel(Array(2).fill(fails(code, { retryable: false }))),
      },
      door,
    );
    const failure: unknown = await collectAnswer(model.stream(TALK, never)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, retryable: false });
    expect(String(failure)).not.toContain('scripted');
    const answer = await post(bench, wire(), bearer(bench.coordinatorToken()));
    expect(JSON.parse(answer.text)).toMatchObject({ code, status });
    expect(answer.text).not.toContain('scripted');
  });

  it('ends a stream that breaks off with a failure, and never falls back in mid-answer', async () => {
    const fallback = createScriptedModel([]);
    const { bench, model } = await open(
      {
        coordinator: createScriptedModel(
          Array(2).fill([{ kind: 'text', text: 'half' }, ...fails('model-cut-off')]),
        ),
        fallback,
      },
      door,
    );
    await expect(collectAnswer(model.stream(TALK, never))).rejects.toMatchObject({ code: 'model-cut-off' });
    const { text } = await post(bench, wire({ stream: true }), bearer(bench.coordinatorToken()));
    expect(text).toContain('"code":"model-cut-off"');
    expect(text).not.toContain('[DONE]');
    expect(text).not.toMatch(/"finish_reason":"/);
    expect(fallback.requests).toEqual([]);
    await expect.poll(() => bench.usage).toMatchObject([{ estimated: true }, { estimated: true }]);
  });

  it('takes a stream without an end for cut', async () => {
    const { model } = await open(
      {
        coordinator: createScriptedModel([[{ kind: 'text', text: 'half' }, { kind: 'cut' }]]),
      },
      door,
    );
    await expect(collectAnswer(model.stream(TALK, never))).rejects.toMatchObject({ code: 'model-cut-off' });
  });

  it('ends a call that runs past its deadline', async () => {
    const { model } = await open(
      {
        coordinator: createScriptedModel([
          [{ kind: 'hang' }],
          [{ kind: 'text', text: 'a' }, { kind: 'hang' }],
        ]),
        limits: { deadlineMs: 60 },
      },
      door,
    );
    await expect(collectAnswer(model.stream(TALK, never))).rejects.toMatchObject({ code: 'model-timeout' });
    await expect(collectAnswer(model.stream(TALK, never))).rejects.toMatchObject({ code: 'model-timeout' });
  });

  it('tells a bug as a failure of its own, without its words', async () => {
    const { bench } = await open(
      {
        coordinator: createScriptedModel([[{ kind: 'throw', error: new TypeError('secret detail') }]]),
      },
      door,
    );
    const answer = await post(bench, wire(), bearer(bench.coordinatorToken()));
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret detail');
  });

  it('keeps keys out of the log', async () => {
    const key = 'sk-proj-canary1234567890';
    const error = new ModelError('model-refused-key', `Incorrect API key provided: ${key}`, {
      retryable: false,
    });
    const { bench, model } = await open(
      { coordinator: createScriptedModel([[{ kind: 'throw', error }]]) },
      door,
    );
    await expect(collectAnswer(model.stream(TALK, never))).rejects.toMatchObject({
      code: 'model-refused-key',
    });
    expect(bench.logged.join('\n')).toContain('[key]');
    expect(bench.logged.join('\n')).not.toContain('canary');
  });
});

describe.each(DOORS)('when the caller goes away, %s', (door) => {
  it.each([
    ['before the first token', [{ kind: 'hang' }]],
    ['in mid-stream', [{ kind: 'text', text: 'one' }, { kind: 'hang' }]],
  ] as const)('ends the provider’s call %s', async (_name, script) => {
    const upstream = createScriptedModel([script]);
    const { bench, model } = await open({ coordinator: upstream }, door);
    const stop = new AbortController();
    const reason = new Error('stopped');
    const failure = expect(
      collectAnswer(model.stream(TALK, stop.signal), () => stop.abort(reason)),
    ).rejects.toBe(reason);
    await expect.poll(() => upstream.requests.length).toBe(1);
    stop.abort(reason);
    await failure;
    await expect.poll(() => upstream.abandoned).toBe(1);
    expect(bench.logged.filter((line) => line.includes('"err"'))).toEqual([]);
  });
});

describe('the listener', () => {
  it('says that it is well', async () => {
    const { bench } = await open({ coordinator: createScriptedModel([]) });
    const outgoing = httpRequest({ socketPath: bench.socketPath, path: '/healthz' }).end();
    const [response] = await once(outgoing, 'response');
    response.resume();
    expect(response.statusCode).toBe(200);
  });

  it.each(DOORS)('ends open calls when it closes, %s', async (door) => {
    const upstream = createScriptedModel([[{ kind: 'hang' }]]);
    const bench = await openGatewayBench({ coordinator: upstream });
    const model = doorOf(bench, door);
    const failure = expect(collectAnswer(model.stream(TALK, never))).rejects.toBeInstanceOf(ModelError);
    await expect.poll(() => upstream.requests.length).toBe(1);
    await bench.close();
    await failure;
    expect(upstream.abandoned).toBe(1);
  });

  it('is missed plainly by a client when it is not there', async () => {
    const model = createGatewayModel({
      socketPath: '/nonexistent/gateway.sock',
      token: () => 'x',
      role: 'coordinator',
    });
    await expect(collectAnswer(model.stream(TALK, never))).rejects.toMatchObject({
      code: 'model-unreachable',
      retryable: true,
    });
  });
});
