import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { completionEvents } from './completion-events.ts';
import { answerFor, completionRequestSchema } from './model-script.ts';

/** When one completion came and went, on the clock of `performance.now()` and in milliseconds. */
export interface Exchange {
  readonly requestedAt: number;
  readonly firstByteAt: number;
  readonly endedAt: number;
}

export interface ModelServer extends AsyncDisposable {
  readonly baseUrl: string;
  /**
   * The exchange of a request that was answered.
   *
   * @throws {Error} when there was none.
   */
  exchange(key: string): Exchange;
}

/**
 * From a request to the first word, sooner than any hosted model's; it is subtracted from every figure. With a model that
 * answers in no time, Reeve would have to do at once what it never does at once.
 */
const THINKING_MS = 150;

/** An OpenAI-compatible server on loopback that says what `answerFor` says and keeps time. */
export async function openModelServer(): Promise<ModelServer> {
  const exchanges = new Map<string, Exchange>();
  const server = createServer((request, response) => {
    const requestedAt = performance.now();
    serve(request, response)
      .then(({ key, firstByteAt }) =>
        exchanges.set(key, { requestedAt, firstByteAt, endedAt: performance.now() }),
      )
      .catch((error: unknown) => response.writeHead(400).end(String(error)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    exchange(key) {
      const found = exchanges.get(key);
      if (!found)
        throw new Error(`the model was not asked for “${key}”, but for ${[...exchanges.keys()].slice(-3)}`);
      return found;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
): Promise<{ key: string; firstByteAt: number }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const asked = completionRequestSchema.parse(JSON.parse(Buffer.concat(chunks).toString()));
  const answer = answerFor(asked);
  await delay(THINKING_MS);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const firstByteAt = performance.now();
  for (const event of completionEvents(answer)) response.write(event);
  response.end();
  return { key: answer.key, firstByteAt };
}
