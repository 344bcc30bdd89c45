import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the provider does with one request; it may do anything a socket allows. */
export type Misbehaviour = (response: ServerResponse, body: string, request: IncomingMessage) => void;

/** A provider whose every byte the test decides. Requests beyond the script get the last entry again. */
export interface RawProvider {
  readonly baseUrl: string;
  readonly bodies: string[];
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

export async function openRawProvider(script: readonly Misbehaviour[]): Promise<RawProvider> {
  const bodies: string[] = [];
  const requests: IncomingMessage[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    for await (const piece of request) body += piece;
    const turn = script[Math.min(bodies.length, script.length - 1)];
    bodies.push(body);
    requests.push(request);
    turn?.(response, body, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    bodies,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An event of OpenAI's stream with one choice. */
export function piece(delta: object, finishReason: string | null = null): string {
  return event({ model: 'raw-1', choices: [{ index: 0, delta, finish_reason: finishReason }] });
}

export function event(value: unknown): string {
  return `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;
}

export const DONE = event('[DONE]');
export const USAGE = event({
  model: 'raw-1',
  choices: [],
  usage: { prompt_tokens: 7, completion_tokens: 3 },
});

/** A well-formed stream of these pieces. */
export function streams(...pieces: readonly (string | Uint8Array)[]): Misbehaviour {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const each of pieces) response.write(each);
    response.end();
  };
}

/** Sends these pieces and then drops the connection. */
export function cutsAfter(...pieces: readonly (string | Uint8Array)[]): Misbehaviour {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(pieces.length === 0 ? ': nothing yet\n\n' : '');
    for (const each of pieces) response.write(each);
    setTimeout(() => response.destroy(), 10);
  };
}

/** Sends these pieces and then nothing more, without closing. */
export function hangsAfter(...pieces: readonly string[]): Misbehaviour {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    for (const each of pieces) response.write(each);
  };
}

/** An HTTP status with a body. */
export function refuses(
  status: number,
  body: unknown = {},
  headers: Record<string, string> = {},
): Misbehaviour {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** A whole good answer. */
export const SAYS_HELLO = streams(
  piece({ role: 'assistant', content: 'hel' }),
  piece({ content: 'lo there' }),
  piece({}, 'stop'),
  USAGE,
  DONE,
);

/** A whole good call of `clock`. */
export const CALLS_CLOCK = streams(
  piece({
    role: 'assistant',
    content: null,
    tool_calls: [{ index: 0, id: 'call_a', type: 'function', function: { name: 'clock', arguments: '' } }],
  }),
  piece({ tool_calls: [{ index: 0, function: { arguments: '{"time_zone":' } }] }),
  piece({ tool_calls: [{ index: 0, function: { arguments: '"Europe/Paris"}' } }] }),
  piece({}, 'tool_calls'),
  USAGE,
  DONE,
);
