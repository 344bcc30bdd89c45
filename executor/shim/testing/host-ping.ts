import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface PingFigures {
  readonly count: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

const everyMs = 10;

/** Asks an HTTP server of this process again and again while `work` runs: what people would wait for an answer. */
export async function pingDuring(work: () => Promise<unknown>): Promise<PingFigures> {
  const server = createServer((_request, response) => response.end('pong'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const taken: number[] = [];
  let working = true;
  const done = work().finally(() => {
    working = false;
  });
  while (working) {
    const startedAt = performance.now();
    await new Promise<void>((resolve, reject) => {
      get({ port, host: '127.0.0.1', agent: false }, (response) => response.resume().on('end', resolve)).on(
        'error',
        reject,
      );
    });
    taken.push(performance.now() - startedAt);
    await sleep(everyMs);
  }
  server.close();
  await done;
  taken.sort((left, right) => left - right);
  const at = (part: number): number =>
    Math.round((taken[Math.floor(part * (taken.length - 1))] ?? 0) * 10) / 10;
  return { count: taken.length, p50: at(0.5), p99: at(0.99), worst: at(1) };
}
