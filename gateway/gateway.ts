import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { createCompletionHandler } from './completion-handler.ts';
import type { GatewayDeps } from './gateway-deps.ts';
import { createModelCaller } from './model-call.ts';
import { createUsageMeter } from './usage-meter.ts';

export interface GatewayListener {
  /** The port, when it listens on one; useful when 0 was asked for. */
  readonly port: number | null;
  /** Stops listening, ends the open calls, and resolves when all usage is written. */
  close(): Promise<void>;
}

export interface Gateway {
  /** Rejects when the address cannot be had. A Unix socket's file must not exist yet. */
  listen(at: { socketPath: string } | { host: string; port: number }): Promise<GatewayListener>;
}

/**
 * The model proxy: `POST /v1/chat/completions` for any OpenAI client that holds a task or coordinator token, and
 * `GET /healthz`. It chooses the model by the token's role, retries and falls back before the first token, and counts.
 */
export function createGateway(deps: GatewayDeps): Gateway {
  const random = deps.random ?? Math.random;
  const newRequestId = () => `chatcmpl-${random().toString(36).slice(2, 12)}`;
  const meter = createUsageMeter(deps);
  const stopping = new AbortController();
  const callModel = createModelCaller({ ...deps, random });
  const app = new Hono();
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.post(
    '/v1/chat/completions',
    createCompletionHandler({ ...deps, meter, callModel, newRequestId, stopping: stopping.signal }),
  );

  return {
    async listen(at) {
      const server = createAdaptorServer({ fetch: app.fetch });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen('socketPath' in at ? { path: at.socketPath } : at, () => {
          server.off('error', reject);
          resolve();
        });
      });
      const address = server.address();
      return {
        port: address !== null && typeof address === 'object' ? address.port : null,
        async close() {
          stopping.abort(new Error('the gateway is stopping'));
          const closed = new Promise<void>((resolve) => server.close(() => resolve()));
          if ('closeAllConnections' in server) server.closeAllConnections();
          await closed;
          await meter.settled();
        },
      };
    },
  };
}
