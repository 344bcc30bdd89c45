import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createGatewaySpeech } from './gateway-speech.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Answering = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void;

/** A gateway that answers as the test says. */
async function open(answering: Answering) {
  const folder = await mkdtemp(join(tmpdir(), 'reeve-speech-'));
  const socketPath = join(folder, 'gateway.sock');
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    answering(request, Buffer.concat(pieces), response);
  });
  server.listen(socketPath);
  await once(server, 'listening');
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  return createGatewaySpeech({ socketPath, token: () => 'the-token', silenceMs: 300 });
}

const never = new AbortController().signal;
const recording = { bytes: Buffer.from('OggS'), type: 'audio/ogg' };
const json = (response: ServerResponse, body: unknown) =>
  void response.setHeader('content-type', 'application/json').end(JSON.stringify(body));

describe('speech through the gateway', () => {
  it('hears', async () => {
    const speech = await open((request, body, response) =>
      json(response, {
        kind: 'heard',
        text: [
          request.url,
          request.headers.authorization,
          request.headers['content-type'],
          String(body),
        ].join(),
      }),
    );
    expect(await speech.transcribe(recording, never)).toEqual({
      kind: 'ok',
      value: '/speech/transcribe,Bearer the-token,audio/ogg,OggS',
    });
  });

  it('reads out', async () => {
    const speech = await open((request, body, response) =>
      response.setHeader('content-type', 'audio/ogg').end(`${request.url} ${body}`),
    );
    const said = await speech.speak({ text: 'Hi.', voice: null }, never);
    expect(said.kind === 'ok' && [said.value.type, Buffer.from(said.value.bytes).toString()]).toEqual([
      'audio/ogg',
      '/speech/speak {"text":"Hi.","voice":null}',
    ]);
  });

  it('passes failures on', async () => {
    const failure = { code: 'speaking-failed', about: 'the provider refused the key' } as const;
    const speech = await open((_request, _body, response) => json(response, { kind: 'failed', failure }));
    expect(await speech.speak({ text: 'Hi.', voice: null }, never)).toEqual({ kind: 'failed', failure });
    expect(await speech.transcribe(recording, never)).toEqual({ kind: 'failed', failure });
  });

  it.each<[string, Answering]>([
    ['refuses', (_request, _body, response) => void response.writeHead(401).end()],
    ['says nothing', () => undefined],
    ['breaks off', (_request, _body, response) => void response.destroy()],
    ['speaks another language', (_request, _body, response) => json(response, { kind: 'heard' })],
  ])('a gateway that %s is a failure in words', async (_what, answering) => {
    const speech = await open(answering);
    const about = 'the gateway does not answer as it should';
    expect(await speech.transcribe(recording, never)).toEqual({
      kind: 'failed',
      failure: { code: 'hearing-failed', about },
    });
    expect(await speech.speak({ text: 'Hi.', voice: null }, never)).toEqual({
      kind: 'failed',
      failure: { code: 'speaking-failed', about },
    });
  });

  it('ends with its signal', async () => {
    const speech = await open(() => undefined);
    const stopping = new AbortController();
    const heard = speech.transcribe(recording, stopping.signal);
    stopping.abort(new Error('the test stops it'));
    await expect(heard).rejects.toThrow('the test stops it');
  });
});
