import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Model, searchCallSchema } from '@reeve/core';
import { Hono } from 'hono';
import { createCompletionHandler } from './completion-handler.ts';
import { createCoordinatorModel } from './coordinator-model.ts';
import { closedRanges } from './egress/address-class.ts';
import { createEgress } from './egress/egress.ts';
import { DEFAULT_EGRESS_LIMITS } from './egress/egress-limits.ts';
import { createSystemNetwork } from './egress/network.ts';
import { createRefusalLog } from './egress/refusal-log.ts';
import type { GatewayDeps } from './gateway-deps.ts';
import { createGitDoor } from './git/git-door.ts';
import { DEFAULT_GIT_LIMITS } from './git/git-limits.ts';
import { createModelCaller } from './model-call.ts';
import { createModelDesk } from './model-desk.ts';
import { createSearchDesk } from './search/search-desk.ts';
import { createSearchProvider } from './search/search-provider.ts';
import { createSettling } from './settling.ts';
import type { SpeechChoice } from './speech/speech-choice.ts';
import { createSpeechDesk } from './speech/speech-desk.ts';
import { createSpeechHandlers } from './speech/speech-handlers.ts';
import { createTaskCallHandler } from './task-call-handler.ts';
import { createUsageMeter } from './usage-meter.ts';

export interface GatewayListener {
  /** The port, when it listens on one; useful when 0 was asked for. */
  readonly port: number | null;
  /** Stops listening, ends the open calls, and resolves when all usage is written. */
  close(): Promise<void>;
}

export interface Gateway {
  /** The models for a coordinator in the same process; only while the gateway listens. */
  readonly coordinatorModel: Model;
  /**
   * Rejects when the address cannot be had. A Unix socket's file must not exist yet. A tenant has one gateway: what an
   * earlier one had begun and not settled counts as unknown from here on.
   */
  listen(at: { socketPath: string } | { host: string; port: number }): Promise<GatewayListener>;
}

const SILENT: SpeechChoice = {
  hearing: { kind: 'off', describe: 'off' },
  speaking: { kind: 'off', describe: 'off' },
};

/**
 * The one door out. `POST /v1/chat/completions` for any OpenAI client that holds a task or coordinator token: chooses the
 * model by the token's role, reserves its budget, retries and falls back before the first token, and counts.
 * `POST /request` makes one web request for a task under its permit, `POST /search` asks the search provider, `CONNECT`
 * tunnels to hosts that were opened to the task, `/git/<host>/<repository>` speaks Git for it. `POST /speech/…` listens
 * and reads out for the coordinator. `GET /healthz`.
 */
export function createGateway(deps: GatewayDeps): Gateway {
  const random = deps.random ?? Math.random;
  const newRequestId = () => `chatcmpl-${random().toString(36).slice(2, 12)}`;
  const stopping = new AbortController();
  const settling = createSettling({ ...deps, stopping: stopping.signal });
  const meter = createUsageMeter({ ...deps, plan: deps.budget, settling });
  const callModel = createModelCaller({ ...deps, random });
  const models = createModelDesk({ ...deps, meter, callModel, newRequestId, stopping: stopping.signal });
  const shared = {
    ...deps,
    stopping: stopping.signal,
    limits: deps.egressLimits ?? DEFAULT_EGRESS_LIMITS,
    network: deps.network ?? createSystemNetwork(),
    privateHosts: deps.privateHosts ?? [],
    closedRanges: closedRanges(deps.closedRanges ?? []),
  };
  const refusals = createRefusalLog(shared);
  const egress = createEgress({ ...shared, refusals });
  const provider = deps.search?.kind === 'on' ? createSearchProvider(deps.search, shared) : undefined;
  const searches = createSearchDesk({ ...shared, refusals, provider });
  const git = createGitDoor({ ...shared, refusals, gitLimits: deps.gitLimits ?? DEFAULT_GIT_LIMITS });
  const desk = createSpeechDesk({ ...shared, settling, speech: deps.speech ?? SILENT, plan: deps.budget });
  const speech = createSpeechHandlers({ ...shared, desk });
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(egress.refuseProxying);
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.post('/v1/chat/completions', createCompletionHandler({ ...deps, desk: models }));
  app.post('/request', egress.handleRequest);
  app.all('/git/*', async ({ env }) => {
    await git.handle(env.incoming, env.outgoing);
    return RESPONSE_ALREADY_SENT;
  });
  app.post('/search', createTaskCallHandler(deps, searchCallSchema, searches.search));
  app.post('/speech/transcribe', speech.transcribe);
  app.post('/speech/speak', speech.speak);

  return {
    coordinatorModel: createCoordinatorModel({ desk: models, limits: deps.limits }),
    async listen(at) {
      const open = await deps.store.permits.abandonOpenUses(
        'Reeve stopped while it was under way.',
        deps.clock.now(),
      );
      if (open > 0)
        deps.log.warn({ open }, 'effects that were under way at the last stop have an unknown outcome');
      await deps.store.budget.abandonOpen();
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
          egress.closeTunnels();
          await closed;
          await Promise.all([settling.settled(), egress.settled(), git.settled()]);
          await refusals.settled();
        },
      };
    },
  };
}
