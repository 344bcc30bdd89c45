import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { MOST_RECORDING_BYTES } from '@reeve/core';
import { afterEach, describe, expect, it } from 'vitest';
import { type EgressBench, openEgressBench } from '../testing/egress-bench.ts';
import { openSite, type Site } from '../testing/sites.ts';
import { chooseSpeech, type SpeechSettings } from './speech-choice.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Answering = (request: IncomingMessage, response: ServerResponse, tries: number) => void;

interface Bench {
  readonly bench: EgressBench;
  readonly site: Site;
  /** What the provider got, in order. */
  readonly bodies: Buffer[];
}

async function open(
  answering: Answering,
  settings: Partial<SpeechSettings> = {},
  plan?: Parameters<typeof openEgressBench>[0]['plan'],
): Promise<Bench> {
  const bodies: Buffer[] = [];
  const site = await openSite(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    bodies.push(Buffer.concat(pieces));
    answering(request, response, bodies.length);
  });
  const url = `http://127.0.0.1:${site.port}/v1`;
  const bench = await openEgressBench({
    speech: chooseSpeech({
      REEVE_TRANSCRIBE_PROVIDER: undefined,
      REEVE_TRANSCRIBE_URL: url,
      REEVE_TRANSCRIBE_KEY: 'the-hearing-key',
      REEVE_TRANSCRIBE_MODEL: 'ears',
      REEVE_SPEECH_PROVIDER: undefined,
      REEVE_SPEECH_URL: url,
      REEVE_SPEECH_KEY: 'the-speaking-key',
      REEVE_SPEECH_MODEL: 'mouth',
      ...settings,
    }),
    ...(plan ? { plan } : {}),
  });
  closing.push(bench.close, site.close);
  return { bench, site, bodies };
}

async function post(
  { bench }: Bench,
  path: string,
  body: Uint8Array | string,
  headers: Record<string, string> = {},
) {
  const outgoing = httpRequest({
    socketPath: bench.socketPath,
    path,
    method: 'POST',
    headers: {
      authorization: `Bearer ${bench.coordinatorToken()}`,
      'content-type': 'audio/ogg',
      'content-length': Buffer.byteLength(body),
      ...headers,
    },
  });
  // A refused body is not read to its end.
  outgoing.on('error', () => undefined);
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const type = response.headers['content-type'] ?? '';
  return {
    status: response.statusCode,
    type,
    bytes,
    reply: type.includes('json') ? JSON.parse(bytes.toString()) : null,
  };
}

const RECORDING = Buffer.from('OggS and so on');
const NOTE = Buffer.concat([
  Buffer.from('OggS'),
  Buffer.alloc(24),
  Buffer.from('OpusHead'),
  Buffer.alloc(3000, 7),
]);
const says =
  (answer: object): Answering =>
  (_request, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));

const hear = (opened: Bench, body: Uint8Array = RECORDING, headers = {}) =>
  post(opened, '/speech/transcribe', body, headers);
const speak = (opened: Bench, call: object) =>
  post(opened, '/speech/speak', JSON.stringify(call), { 'content-type': 'application/json' });

describe('listening', () => {
  it('sends a form to an OpenAI-compatible address, with the key, and says so in the chain', async () => {
    const usage = { type: 'tokens', input_tokens: 40, output_tokens: 9, total_tokens: 49 };
    const opened = await open(says({ text: ' Make a list.\n', usage }));
    expect((await hear(opened)).reply).toEqual({ kind: 'heard', text: 'Make a list.' });
    const { bench, site, bodies } = opened;
    expect(site.asked[0]?.url).toBe('/v1/audio/transcriptions');
    expect(site.asked[0]?.headers.authorization).toBe('Bearer the-hearing-key');
    const form = await new Response(new Uint8Array(bodies[0] ?? []), {
      headers: { 'content-type': site.asked[0]?.headers['content-type'] ?? '' },
    }).formData();
    expect([form.get('model'), form.get('response_format')]).toEqual(['ears', 'json']);
    const file = form.get('file') as File;
    expect([file.name, file.type, Buffer.from(await file.bytes())]).toEqual([
      'recording.ogg',
      'audio/ogg',
      RECORDING,
    ]);
    expect(bench.audit).toMatchObject([
      {
        event: 'recording-transcribed',
        actor: 'gateway',
        detail: { to: expect.stringContaining('ears at 127.0.0.1'), bytes: RECORDING.length },
      },
    ]);
    expect(bench.budget.settled).toMatchObject([
      { model: 'ears', inputTokens: 40, outputTokens: 9, estimated: false },
    ]);
    expect(bench.budget.standing.size).toBe(0);
    expect(JSON.stringify([bench.audit, bench.logged])).not.toMatch(/the-hearing-key|Make a list/);
  });

  it('speaks OpenRouter’s form, and counts the cost that it names', async () => {
    const opened = await open(says({ text: 'hello', usage: { seconds: 9.2, cost: 0.000508 } }), {
      REEVE_TRANSCRIBE_PROVIDER: 'openrouter',
    });
    expect((await hear(opened, RECORDING, { 'content-type': 'audio/mpeg' })).reply).toEqual({
      kind: 'heard',
      text: 'hello',
    });
    expect(JSON.parse(opened.bodies[0]?.toString() ?? '')).toEqual({
      model: 'ears',
      input_audio: { data: RECORDING.toString('base64'), format: 'mp3' },
    });
    expect(opened.bench.budget.settled).toMatchObject([{ micros: 508, inputTokens: 92, estimated: true }]);
  });

  it.each([
    { input_tokens: 1e9, output_tokens: 1e9, cost: 1e6 },
    { input_tokens: 0, output_tokens: 0, cost: 0 },
    { input_tokens: -5, output_tokens: 'many', seconds: 1e12 },
  ])('counts its own estimate where a provider’s figures cannot be true: %j', async (usage) => {
    const opened = await open(says({ text: 'hello', usage }));
    expect((await hear(opened, new Uint8Array(40_000))).reply).toEqual({ kind: 'heard', text: 'hello' });
    expect(opened.bench.budget.settled).toMatchObject([
      { inputTokens: 200, outputTokens: 100, micros: null, estimated: true },
    ]);
  });

  it('asks a chat model that listens, and prices its tokens', async () => {
    const usage = { prompt_tokens: 100, completion_tokens: 10 };
    const opened = await open(
      says({ choices: [{ message: { content: 'hello' } }], usage }),
      { REEVE_TRANSCRIBE_PROVIDER: 'chat' },
      {
        caps: {
          task: { tokens: null, micros: null },
          day: { tokens: null, micros: null },
          month: { tokens: null, micros: null },
        },
        prices: { ears: { inputPerMillion: 3, outputPerMillion: 6 } },
        timeZone: 'UTC',
      },
    );
    expect((await hear(opened)).reply).toEqual({ kind: 'heard', text: 'hello' });
    const asked = JSON.parse(opened.bodies[0]?.toString() ?? '');
    expect(opened.site.asked[0]?.url).toBe('/v1/chat/completions');
    expect(asked.max_tokens).toBeGreaterThan(0);
    expect(asked.messages[0].content[1]).toEqual({
      type: 'input_audio',
      input_audio: { data: RECORDING.toString('base64'), format: 'ogg' },
    });
    expect(opened.bench.budget.settled).toMatchObject([{ inputTokens: 100, outputTokens: 10, micros: 360 }]);
  });

  it('tries once more what may pass, and counts it once', async () => {
    const opened = await open((_request, response, tries) =>
      tries === 1 ? response.writeHead(503).end() : response.end('{"text":"now"}'),
    );
    expect((await hear(opened)).reply).toEqual({ kind: 'heard', text: 'now' });
    expect(opened.bodies).toHaveLength(2);
    expect(opened.bench.budget.settled).toHaveLength(1);
  });

  it.each([
    ['silence', says({ text: ' \n' }), 'recording-silent', /^$/],
    ['another form', says({ words: 'x' }), 'hearing-failed', /unknown form/],
    ['a page', (_, response) => response.end('<html>'), 'hearing-failed', /unknown form/],
    ['a refused key', (_, response) => response.writeHead(401).end(), 'hearing-failed', /refused the key/],
    ['too many', (_, response) => response.writeHead(429).end(), 'hearing-failed', /too many requests/],
    [
      'another place',
      (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
      'hearing-failed',
      /status 302/,
    ],
    ['nothing', (_, response) => response.destroy(), 'hearing-failed', /did not answer/],
  ] as [string, Answering, string, RegExp][])(
    'that gets %s is a failure in words',
    async (_, answering, code, about) => {
      const opened = await open(answering);
      const { status, reply } = await hear(opened);
      expect([status, reply.kind, reply.failure.code]).toEqual([200, 'failed', code]);
      expect(reply.failure.about ?? '').toMatch(about);
      expect(opened.bench.budget.standing.size).toBe(0);
    },
  );

  it('sends nothing that is empty, of an unknown kind, too large, or over the budget', async () => {
    const opened = await open(says({ text: 'x' }));
    expect((await hear(opened, new Uint8Array())).reply.failure.code).toBe('recording-empty');
    expect((await hear(opened, RECORDING, { 'content-type': 'image/png' })).reply.failure.code).toBe(
      'recording-unknown',
    );
    const large = new Uint8Array(MOST_RECORDING_BYTES + 1);
    expect((await hear(opened, large)).reply.failure.code).toBe('recording-too-large');
    opened.bench.budget.refuseFor({ kind: 'day', of: '2026-11-21' });
    expect((await hear(opened)).reply.failure.code).toBe('speech-budget');
    expect(opened.bodies).toEqual([]);
    expect(opened.bench.audit.map(({ event }) => event)).toEqual(['reservation-refused']);
  });

  it('is for the coordinator alone', async () => {
    const opened = await open(says({ text: 'x' }));
    for (const authorization of [`Bearer ${opened.bench.token()}`, 'Bearer nonsense'])
      expect((await hear(opened, RECORDING, { authorization })).status).toBe(401);
    expect(opened.bodies).toEqual([]);
  });

  it('that is off sends nothing and says so', async () => {
    const opened = await open(says({ text: 'x' }), {
      REEVE_TRANSCRIBE_URL: undefined,
      REEVE_TRANSCRIBE_KEY: undefined,
      REEVE_TRANSCRIBE_MODEL: undefined,
    });
    expect((await hear(opened)).reply).toEqual({ kind: 'failed', failure: { code: 'hearing-off' } });
  });
});

describe('reading out', () => {
  const asNote: Answering = (_request, response) => response.end(NOTE);

  it('asks an OpenAI-compatible address for Opus, and passes it on as it is', async () => {
    const opened = await open(asNote);
    const said = await speak(opened, { text: 'Good morning.', voice: 'nova' });
    expect([said.status, said.type]).toEqual([200, 'audio/ogg']);
    expect(said.bytes.equals(NOTE)).toBe(true);
    expect(opened.site.asked[0]?.url).toBe('/v1/audio/speech');
    expect(opened.site.asked[0]?.headers.authorization).toBe('Bearer the-speaking-key');
    expect(JSON.parse(opened.bodies[0]?.toString() ?? '')).toEqual({
      model: 'mouth',
      input: 'Good morning.',
      voice: 'nova',
      response_format: 'opus',
    });
    expect(opened.bench.audit).toMatchObject([
      { event: 'words-read-out', detail: { characters: 13, voice: 'nova' } },
    ]);
    expect(opened.bench.budget.settled).toMatchObject([{ model: 'mouth', estimated: true }]);
    expect(JSON.stringify([opened.bench.audit, opened.bench.logged])).not.toMatch(
      /speaking-key|Good morning/,
    );
  });

  it('asks ElevenLabs for Opus by the voice’s id', async () => {
    const opened = await open(asNote, { REEVE_SPEECH_PROVIDER: 'elevenlabs' });
    expect((await speak(opened, { text: 'Hi.', voice: 'a/b' })).status).toBe(200);
    expect(opened.site.asked[0]?.url).toBe('/v1/text-to-speech/a%2Fb?output_format=opus_48000_64');
    expect(opened.site.asked[0]?.headers['xi-api-key']).toBe('the-speaking-key');
    expect(JSON.parse(opened.bodies[0]?.toString() ?? '')).toEqual({ text: 'Hi.', model_id: 'mouth' });
  });

  it('takes MP3 for what it is, and nothing else for a voice note', async () => {
    const mp3 = await open((_request, response) => response.end(Buffer.from([0xff, 0xfb, 1, 2])));
    expect((await speak(mp3, { text: 'Hi.', voice: null })).type).toBe('audio/mpeg');
    const page = await open((_request, response) => response.end('<html>'));
    expect((await speak(page, { text: 'Hi.', voice: null })).reply.failure).toMatchObject({
      code: 'speaking-failed',
      about: expect.stringContaining('OGG Opus or MP3'),
    });
  });

  it('says in words why a voice is not had', async () => {
    const opened = await open((_request, response) => response.writeHead(404).end('the-speaking-key'));
    const { reply } = await speak(opened, { text: 'Hi.', voice: 'nobody' });
    expect(reply.failure.about).toContain('does not know the address, the model or the voice');
    expect(JSON.stringify(reply)).not.toContain('the-speaking-key');
  });

  it('refuses calls that are none', async () => {
    const opened = await open(asNote);
    for (const call of [{}, { text: '', voice: null }, { text: 'x'.repeat(4001), voice: null }])
      expect((await speak(opened, call)).status).toBe(400);
    expect(opened.bodies).toEqual([]);
  });
});
