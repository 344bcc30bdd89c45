import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

/** Sends each caller as many bytes as its first line asks for, and then ends. Ends with its stdin. */
const PIECE = Buffer.alloc(256 * 1024, 'x');

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', (line) => {
    let left = Number(line.toString());
    const send = () => {
      while (left > 0) {
        const piece = PIECE.subarray(0, left);
        left -= piece.length;
        if (!socket.write(piece)) return;
      }
      socket.off('drain', send).end();
    };
    socket.on('drain', send);
    send();
  });
}).listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdin.on('end', () => process.exit(0)).resume();
process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
