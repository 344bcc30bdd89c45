import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';

/** A server of this machine: a TCP port on 127.0.0.1, or a Unix socket. */
export type Target = { readonly port: number } | { readonly socketPath: string };

export interface LoopbackAnswer {
  readonly status: number;
  readonly text: string;
}

/** Plain HTTP on one kept connection, which costs less than `fetch` and so blurs a figure less. */
export interface Loopback extends Disposable {
  send(method: string, path: string, body?: string): Promise<LoopbackAnswer>;
  /** A response whose body stays open. */
  open(method: string, path: string, body?: string): Promise<IncomingMessage>;
}

export function createLoopback(target: Target, token: string): Loopback {
  const agent = new Agent({ keepAlive: true });
  const address = 'port' in target ? { host: '127.0.0.1', port: target.port } : target;

  function start(method: string, path: string, body?: string): Promise<IncomingMessage> {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    return new Promise((resolve, reject) => {
      httpRequest({ ...address, agent, method, path, headers }, resolve)
        .on('error', reject)
        .end(body);
    });
  }

  return {
    async send(method, path, body) {
      const response = await start(method, path, body);
      let text = '';
      response.setEncoding('utf8');
      for await (const chunk of response as AsyncIterable<string>) text += chunk;
      return { status: response.statusCode ?? 0, text };
    },
    open: start,
    [Symbol.dispose]: () => agent.destroy(),
  };
}
