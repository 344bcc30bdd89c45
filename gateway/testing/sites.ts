import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Certificate } from './self-signed.ts';

/** A server on loopback and what it was asked. */
export interface Site {
  readonly port: number;
  readonly asked: IncomingMessage[];
  close(): Promise<void>;
}

export async function openSite(listener: RequestListener): Promise<Site> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    listener(request, response);
  });
  return { ...(await started(server)), asked };
}

/** A server that speaks bytes: `talk` begins when the head of a request has arrived. */
export async function openRawSite(
  talk: (socket: Socket, head: string) => void,
): Promise<Omit<Site, 'asked'> & { readonly heads: string[] }> {
  const heads: string[] = [];
  const server = createTcpServer((socket) => {
    let head = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', function read(piece) {
      head += piece.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', read);
      heads.push(head);
      talk(socket, head);
    });
  });
  return { ...(await started(server)), heads };
}

export async function openTlsSite(certificate: Certificate, listener: RequestListener): Promise<Site> {
  const asked: IncomingMessage[] = [];
  const server = createTlsServer(certificate, (request, response) => {
    asked.push(request);
    listener(request, response);
  });
  return { ...(await started(server)), asked };
}

async function started(server: Server): Promise<Omit<Site, 'asked'>> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
