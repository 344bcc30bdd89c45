import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A model that takes its time: it streams the words that it is given, one after the other. */
export interface SlowModelServer extends AsyncDisposable {
  /** For `OPENAI_BASE_URL`. */
  readonly url: string;
  /** When the last word of an answer went out, on the clock of `performance.now()`; null before. */
  lastWordAt(): number | null;
  /** When a reader hung up in mid-answer; null while none has. */
  hungUpAt(): number | null;
}

/** @param everyMs between two words. */
export async function startSlowModelServer(
  words: readonly string[],
  everyMs: number,
): Promise<SlowModelServer> {
  let lastWordAt: number | null = null;
  let hungUpAt: number | null = null;

  async function stream(response: ServerResponse): Promise<void> {
    let isGone = false;
    response.once('close', () => {
      isGone = true;
      if (!response.writableEnded) hungUpAt = performance.now();
    });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const word of words) {
      if (isGone) return;
      response.write(chunk({ content: word }, null));
      lastWordAt = performance.now();
      await pause(everyMs);
    }
    response.write(chunk({}, 'stop'));
    response.end('data: [DONE]\n\n');
  }

  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      stream(response).catch((error: unknown) => response.destroy(error as Error));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    lastWordAt: () => lastWordAt,
    hungUpAt: () => hungUpAt,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function chunk(delta: object, finishReason: string | null): string {
  const body = {
    id: 'slow',
    object: 'chat.completion.chunk',
    created: 0,
    model: 'slow',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  };
  return `data: ${JSON.stringify(body)}\n\n`;
}
