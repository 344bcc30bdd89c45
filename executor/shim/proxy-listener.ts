import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { maxTunnels } from './protocol.ts';
import { joinSocket, type TunnelStream } from './tunnel-streams.ts';

const address = { host: '127.0.0.1', port: 3128 };
const url = `http://${address.host}:${address.port}`;
/** What a command starts on the sandbox's own loopback is its own affair and reaches nothing else. */
const ownLoopback = 'localhost,127.0.0.1,::1';

/**
 * Git asks the gateway, by way of the loop, wherever a repository is named by https, ssh or its short form; over plain
 * http too, but for the sandbox's own loopback. The longest beginning that fits counts.
 */
const rewrites: readonly (readonly [begins: string, becomes: string])[] = [
  ['https://', `${url}/git/`],
  ['ssh://', `${url}/git/`],
  ['ssh://git@', `${url}/git/`],
  ['git://', `${url}/git/`],
  ['git@', `${url}/git/`],
  ['http://', `${url}/git/http:`],
  ['http://localhost', 'http://localhost'],
  ['http://127.0.0.1', 'http://127.0.0.1'],
];

const gitEnvironment: Readonly<Record<string, string>> = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_COUNT: String(rewrites.length),
  ...Object.fromEntries(
    rewrites.flatMap(([begins, becomes], index) => [
      [`GIT_CONFIG_KEY_${index}`, `url.${becomes}.insteadOf`],
      [`GIT_CONFIG_VALUE_${index}`, begins],
    ]),
  ),
};

/** Programs read the one or the other; Node heeds them only when told. */
export const proxyEnvironment: Readonly<Record<string, string>> = {
  HTTP_PROXY: url,
  HTTPS_PROXY: url,
  http_proxy: url,
  https_proxy: url,
  NO_PROXY: ownLoopback,
  no_proxy: ownLoopback,
  NODE_USE_ENV_PROXY: '1',
  ...gitEnvironment,
};

const busyText = `No more than ${maxTunnels} connections at a time leave this sandbox.\n`;
const busyAnswer = [
  'HTTP/1.1 503 Service Unavailable',
  'Content-Type: text/plain; charset=utf-8',
  `Content-Length: ${busyText.length}`,
  'Connection: close',
  '',
  busyText,
].join('\r\n');

/** Listens on the sandbox's loopback, before any command runs, and hands each connection to the loop as it is. */
export async function listenForCommands(open: () => TunnelStream | undefined): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    const stream = open();
    if (stream !== undefined) {
      void joinSocket(stream, socket);
      return;
    }
    socket.on('error', () => socket.destroy()).end(busyAnswer);
    socket.resume();
  });
  server.listen(address);
  await once(server, 'listening');
}
