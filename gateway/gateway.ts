import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { createCompletionHandler } from './completion-handler.ts';
import { createEgress } from './egress/egress.ts';
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
  /**
   * Rejects when the address cannot be had. A Unix socket's file must not exist yet. A tenant has one gateway: what an
   * earlier one had begun and not settled counts as unknown from here on.
   */
  listen(at: { socketPath: string } | { host: string; port: number }): Promise<GatewayListener>;
}

/**
 * The one door out. `POST /v1/chat/completions` for any OpenAI client that holds a task or coordinator token: chooses the
 * model by the token's role, reserves its budget, retries and falls back before the first token, and counts. `POST /request` makes one web
 * request for a task under its permit, `CONNECT` tunnels to hosts that were opened to the task. `GET /healthz`.
 */
export function createGateway(deps: GatewayDeps): Gateway {
  const random = deps.random ?? Math.random;
  const newRequestId = () => `chatcmpl-${random().toString(36).slice(2, 12)}`;
  const meter = createUsageMeter({ ...deps, plan: deps.budget });
  const stopping = new AbortController();
  const callModel = createModelCaller({ ...deps, random });
  const egress = createEgress({ ...deps, stopping: stopping.signal });
  const app = new Hono();
  app.use(egress.refuseProxying);
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.post(
    '/v1/chat/completions',
    createCompletionHandler({ ...deps, meter, callModel, newRequestId, stopping: stopping.signal }),
  );
  app.post('/request', egress.handleRequest);

  return {
    async listen(at) {
      const open = await deps.store.permits.abandonOpenUses(
        'Reeve stopped while it was under way.',
        deps.clock.now(),
      );
      if (open > 0)
        deps.log.warn({ open }, 'effects that were under way at the last stop have an unknown outcome');
      const server = createAdaptorServer({ fetch: app.fetch });
      server.on('connect', egress.handleConnect);
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
          await Promise.all([meter.settled(), egress.settled()]);
        },
      };
    },
  };
}
