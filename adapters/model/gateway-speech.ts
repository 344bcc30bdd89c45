import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { type Failure, type Outcome, type Speech, speechReplySchema } from '@reeve/core';

export interface GatewaySpeechOptions {
  /** The gateway's Unix socket. */
  readonly socketPath: string;
  /** The coordinator's bearer token of the moment; asked for once per call. */
  readonly token: () => string;
  /** A gateway that says nothing for this long counts as hung, in milliseconds. Longer than its own deadline. */
  readonly silenceMs?: number;
}

/** Two tries of two minutes each, and the time between them. */
const DEFAULT_SILENCE_MS = 270_000;
/** Of an answer: five minutes that are read out have some 3 MB. */
const MOST_ANSWER_BYTES = 25_000_000;

/**
 * Listening and reading out as the gateway serves them to the coordinator. A gateway that refuses or cannot be reached is
 * a failure in words, too.
 */
export function createGatewaySpeech(options: GatewaySpeechOptions): Speech {
  return {
    async transcribe({ bytes, type }, signal) {
      const answer = await post(options, { path: '/speech/transcribe', type, body: bytes }, signal);
      const reply = replyOf(answer);
      if (reply?.kind === 'heard') return { kind: 'ok', value: reply.text };
      return { kind: 'failed', failure: reply?.failure ?? { code: 'hearing-failed', about: NO_GATEWAY } };
    },
    async speak(words, signal) {
      const body = Buffer.from(JSON.stringify(words));
      const answer = await post(options, { path: '/speech/speak', type: 'application/json', body }, signal);
      if (answer?.status === 200 && answer.type.startsWith('audio/'))
        return { kind: 'ok', value: { bytes: answer.bytes, type: answer.type } };
      const reply = replyOf(answer);
      const failure: Failure =
        reply?.kind === 'failed' ? reply.failure : { code: 'speaking-failed', about: NO_GATEWAY };
      return { kind: 'failed', failure };
    },
  };
}

const NO_GATEWAY = 'the gateway does not answer as it should';

interface GatewayAnswer {
  readonly status: number;
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Null when there is none; an aborted signal rejects with its reason. */
async function post(
  { socketPath, token, silenceMs = DEFAULT_SILENCE_MS }: GatewaySpeechOptions,
  { path, type, body }: { readonly path: string; readonly type: string; readonly body: Uint8Array },
  signal: AbortSignal,
): Promise<GatewayAnswer | null> {
  signal.throwIfAborted();
  const headers = {
    authorization: `Bearer ${token()}`,
    'content-type': type,
    'content-length': body.length,
  };
  const outgoing = httpRequest({ socketPath, path, method: 'POST', agent: false, signal, headers });
  outgoing.setTimeout(silenceMs, () => outgoing.destroy(new Error('the gateway did not answer in time')));
  try {
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    // The response reports later errors too; without a listener this one would end the process.
    outgoing.on('error', () => response.destroy());
    const bytes = await bytesOf(response);
    return { status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', bytes };
  } catch {
    // Why there is no answer (refused, reset, timeout) makes no difference to the caller; the gateway logs its part.
    signal.throwIfAborted();
    return null;
  } finally {
    outgoing.destroy();
  }
}

async function bytesOf(response: IncomingMessage): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    if (length > MOST_ANSWER_BYTES) throw new Error('the answer is too large');
  }
  return Buffer.concat(pieces);
}

type Reply = { readonly kind: 'heard'; readonly text: string } | Extract<Outcome<never>, { kind: 'failed' }>;

function replyOf(answer: GatewayAnswer | null): Reply | null {
  if (answer === null || answer.status !== 200 || !answer.type.includes('json')) return null;
  const parsed = speechReplySchema.safeParse(JSON.parse(Buffer.from(answer.bytes).toString('utf8')));
  return parsed.success ? parsed.data : null;
}
