import type { ClientRequest, IncomingMessage } from 'node:http';
import { type ChatRequest, type Model, ModelError, type ModelRole } from '@reeve/core';
import { createParser } from 'eventsource-parser';
import { badAnswer, createCompletionReader } from './completion-reader.ts';
import { failureOfBody, failureOfEvent } from './gateway-failure.ts';

// biome-ignore lint/plugin: an import reads each export, one of which loads all of `fetch`: 18 ms of an executor's start
const { request: httpRequest } = process.getBuiltinModule('node:http');

/** Where the gateway listens: a Unix socket, or an `http:` address without the `/v1`. */
export type GatewayAddress = { readonly socketPath: string } | { readonly url: string };

export type GatewayModelOptions = GatewayAddress & {
  /** The bearer token of the moment; asked for once per call. */
  readonly token: () => string;
  /** For whom the token speaks. The gateway reads the role from the token; a request for another is a bug. */
  readonly role: ModelRole;
  /** A gateway that says nothing for this long counts as hung, in milliseconds. Longer than its own deadline. */
  readonly silenceMs?: number;
};

/** Longer than the gateway's own deadline for a call, retries included, so that its own words arrive first. */
const DEFAULT_SILENCE_MS = 330_000;
const MAX_FAILURE_BYTES = 64 * 1024;

/**
 * The model as the gateway serves it: `POST /v1/chat/completions`, streamed. Light on purpose (node's own HTTP client,
 * no provider library), because it is on the way to an executor's first step. A connection of its own per call: on a
 * Unix socket that costs some 50 µs, and no call can meet a socket that the other side has just closed.
 */
export function createGatewayModel(options: GatewayModelOptions): Model {
  return {
    async *stream(request, signal) {
      signal.throwIfAborted();
      if (request.role !== options.role) throw new Error(`this client speaks for the ${options.role}`);
      const outgoing = open(options, request, signal);
      try {
        const response = await responseTo(outgoing);
        if (response.statusCode !== 200)
          throw failureOfBody(response.statusCode ?? 0, response.headers, await textOf(response));
        for await (const chunk of readAnswer(response)) {
          signal.throwIfAborted();
          yield chunk;
        }
      } catch (error) {
        signal.throwIfAborted();
        throw failureOf(error);
      } finally {
        outgoing.destroy();
      }
    },
  };
}

function open(options: GatewayModelOptions, request: ChatRequest, signal: AbortSignal): ClientRequest {
  const body = Buffer.from(
    JSON.stringify({
      model: 'reeve',
      messages: request.messages,
      ...(request.tools.length > 0 ? { tools: request.tools } : {}),
      max_tokens: request.maxTokens,
      stream: true,
      stream_options: { include_usage: true },
    }),
  );
  const place =
    'socketPath' in options
      ? { socketPath: options.socketPath, servername: '', path: PATH }
      : addressOf(options.url);
  const outgoing = httpRequest({
    ...place,
    method: 'POST',
    agent: false,
    signal,
    headers: {
      authorization: `Bearer ${options.token()}`,
      'content-type': 'application/json',
      'content-length': body.length,
    },
  });
  outgoing.setTimeout(options.silenceMs ?? DEFAULT_SILENCE_MS, () =>
    outgoing.destroy(
      new ModelError('model-timeout', 'the gateway did not answer in time', { retryable: true }),
    ),
  );
  outgoing.end(body);
  return outgoing;
}

const PATH = '/v1/chat/completions';

function addressOf(url: string): { host: string; port: string; path: string } {
  const { hostname, port, pathname } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port || '80',
    path: pathname.replace(/\/$/, '') + PATH,
  };
}

function responseTo(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    // Stays attached: an error after the response must not end the process; the response reports it too.
    outgoing.on('error', reject);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const piece of response as AsyncIterable<string>) {
    text += piece;
    if (text.length > MAX_FAILURE_BYTES) break;
  }
  return text;
}

async function* readAnswer(response: IncomingMessage): ReturnType<Model['stream']> {
  const reader = createCompletionReader('');
  const events: string[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event.data) });
  response.setEncoding('utf8');
  for await (const piece of response as AsyncIterable<string>) {
    parser.feed(piece);
    for (const data of events.splice(0)) {
      if (data === '[DONE]') {
        yield reader.end();
        return;
      }
      const value = parseJson(data);
      const failure = failureOfEvent(value);
      if (failure) throw failure;
      yield* reader.read(value);
    }
  }
  throw cutOff();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badAnswer('a piece of the answer is not JSON');
  }
}

function cutOff(cause?: unknown): ModelError {
  return new ModelError('model-cut-off', 'the gateway broke the answer off', { retryable: true, cause });
}

const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOENT', 'EACCES', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);

function failureOf(error: unknown): unknown {
  if (error instanceof ModelError || !(error instanceof Error)) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (UNREACHABLE.has(code))
    return new ModelError('model-unreachable', `the gateway cannot be reached (${code})`, {
      retryable: true,
      cause: error,
    });
  return code === 'ECONNRESET' || code === 'EPIPE' || error.message === 'aborted' ? cutOff(error) : error;
}
