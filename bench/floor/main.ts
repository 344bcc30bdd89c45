import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The cheapest server that could do what Reeve's do: answers any POST with `{}`, and sends its body to whoever
 * listens to GET /v1/events. On a loopback port, and on the Unix socket of its first argument. Ends with its stdin.
 */
const [, , socketPath] = process.argv;
const listeners = new Set<ServerResponse>();

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    listeners.add(response);
    response.on('close', () => listeners.delete(response));
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  if (body !== '') for (const listener of listeners) listener.write(`data: ${body}\n\n`);
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
}

const onRequest = (request: IncomingMessage, response: ServerResponse) => void serve(request, response);
const face = createServer(onRequest).listen(0, '127.0.0.1');
const link = createServer(onRequest).listen(socketPath);
await Promise.all([once(face, 'listening'), once(link, 'listening')]);
process.stdin.on('end', () => process.exit(0)).resume();
process.stdout.write(`${(face.address() as AddressInfo).port}\n`);
