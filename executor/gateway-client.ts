import {
  type EgressCall,
  type EgressReply,
  egressReplySchema,
  type SearchCall,
  type SearchReply,
  searchReplySchema,
} from '@reeve/core';
import { readText } from './link-transport.ts';
import { Agent, httpRequest } from './node-http.ts';

/** The worker's way to the web: the gateway makes the request and sees all of it. */
export interface GatewayClient {
  /** Rejects when the gateway cannot be reached or refuses the token. */
  fetch(call: EgressCall, signal: AbortSignal): Promise<EgressReply>;
  /** Rejects as `fetch` does. */
  search(call: SearchCall, signal: AbortSignal): Promise<SearchReply>;
}

export function createGatewayClient(options: { socketPath: string; token: () => string }): GatewayClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });

  async function post(path: string, call: object, signal: AbortSignal): Promise<unknown> {
    const body = JSON.stringify(call);
    const response = await new Promise<Parameters<typeof readText>[0]>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${options.token()}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      };
      httpRequest({ socketPath: options.socketPath, agent, method: 'POST', path, headers, signal }, resolve)
        .on('error', reject)
        .end(body);
    });
    const text = await readText(response);
    if (response.statusCode !== 200)
      throw new Error(`the gateway answered ${response.statusCode}: ${text.slice(0, 500)}`);
    return JSON.parse(text);
  }

  return {
    fetch: async (call, signal) => egressReplySchema.parse(await post('/request', call, signal)),
    search: async (call, signal) => searchReplySchema.parse(await post('/search', call, signal)),
  };
}
