import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Sentences that the recogniser knows; it hears nothing else, and so hears these exactly. */
const GRAMMAR = `#JSGF V1.0;
grammar reeve;
public <sentence> = <question> | <job> | <titled> | <answer> | <proof> | stop;
<question> = what is <sum>;
<job> = make a file of the first twenty primes and tell me their sum;
<titled> = tee <number> calculate <sum> done;
<answer> = <sum> equals <number>;
<proof> = proof step <number> calculated <sum>;
<sum> = <number> plus <number>;
<number> = one | two | three | four | five | six | seven | eight | nine | ten;
`;

const NUMBERS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

/** Speech made and recognised on this machine, by programs of Debian: espeak-ng, pocketsphinx, opus-tools. */
export interface LocalSpeech extends AsyncDisposable {
  /** The words as a voice note: OGG with Opus. */
  say(text: string): Promise<Buffer>;
  /** The words of a voice note, or of a WAV file with 16 kHz, in lower case, numbers up to ten as digits; empty when nobody speaks. */
  recognise(note: Uint8Array): Promise<string>;
}

export async function openLocalSpeech(): Promise<LocalSpeech> {
  const folder = await mkdtemp(path.join(tmpdir(), 'reeve-speech-'));
  const grammar = path.join(folder, 'grammar.jsgf');
  await writeFile(grammar, GRAMMAR);
  let files = 0;
  const newFile = (ending: string) => {
    files += 1;
    return path.join(folder, `${files}.${ending}`);
  };
  return {
    async say(text) {
      const [wave, note] = [newFile('wav'), newFile('ogg')];
      await run('espeak-ng', ['-v', 'en-us', '-s', '130', '-w', wave, text]);
      await run('opusenc', ['--quiet', '--bitrate', '24', wave, note]);
      return readFile(note);
    },
    async recognise(bytes) {
      const [note, wave] = [newFile('ogg'), newFile('wav')];
      const isWave = Buffer.from(bytes.subarray(0, 4)).toString() === 'RIFF';
      await writeFile(isWave ? wave : note, bytes);
      if (!isWave) await run('opusdec', ['--quiet', '--rate', '16000', '--force-wav', note, wave]);
      const { stdout } = await run('pocketsphinx_continuous', [
        '-infile',
        wave,
        '-jsgf',
        grammar,
        '-logfn',
        '/dev/null',
      ]);
      return stdout
        .trim()
        .replace(/\s+/g, ' ')
        .replace(/\w+/g, (word) => (NUMBERS.includes(word) ? String(NUMBERS.indexOf(word)) : word));
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** An OpenAI-shaped endpoint on loopback that really listens and really speaks. */
export interface SpeechEndpoint extends AsyncDisposable {
  /** What `REEVE_TRANSCRIBE_URL` and `REEVE_SPEECH_URL` take. */
  readonly url: string;
  readonly key: string;
  /** What it was asked to read out. */
  readonly spoken: { readonly text: string; readonly voice: string }[];
  /** Answers with this status from now on; null for no longer. */
  fail(status: number | null): void;
}

export async function openSpeechEndpoint(speech: LocalSpeech): Promise<SpeechEndpoint> {
  const key = 'sk-speech-endpoint-of-the-test';
  const spoken: { text: string; voice: string }[] = [];
  let failing: number | null = null;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const body = new Uint8Array(Buffer.concat(pieces));
    if (request.headers.authorization !== `Bearer ${key}`) return void response.writeHead(401).end();
    if (failing !== null) return void response.writeHead(failing).end();
    if (request.url === '/v1/audio/transcriptions') {
      const headers = { 'content-type': request.headers['content-type'] ?? '' };
      const file = (await new Response(body, { headers }).formData()).get('file');
      if (!(file instanceof File)) return void response.writeHead(400).end();
      const text = await speech.recognise(await file.bytes());
      return void response.setHeader('content-type', 'application/json').end(JSON.stringify({ text }));
    }
    if (request.url !== '/v1/audio/speech') return void response.writeHead(404).end();
    const { input, voice, response_format: format } = JSON.parse(Buffer.from(body).toString());
    spoken.push({ text: input, voice });
    if (format !== 'opus') return void response.writeHead(400).end();
    response.setHeader('content-type', 'audio/ogg').end(await speech.say(input));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    key,
    spoken,
    fail(status) {
      failing = status;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
