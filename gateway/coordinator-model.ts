import { FAILURES, type Model, ModelError } from '@reeve/core';
import type { GatewayLimits } from './limits.ts';
import type { ModelDesk } from './model-desk.ts';

export interface CoordinatorModelDeps {
  readonly desk: ModelDesk;
  readonly limits: Pick<GatewayLimits, 'maxTokens'>;
}

/**
 * The gateway for a coordinator in the same process: reserved, chosen, tried again and counted like a call that comes over
 * the wire, and failing in the same words, without the wire: HTTP, JSON and a token in the coordinator's own hands took 3
 * to 4 ms of each first word.
 */
export function createCoordinatorModel({ desk, limits }: CoordinatorModelDeps): Model {
  return {
    async *stream(request, signal) {
      signal.throwIfAborted();
      if (request.role !== 'coordinator') throw new Error('this door is the coordinator’s');
      const maxTokens = Math.min(request.maxTokens, limits.maxTokens);
      try {
        const { call, pieces } = await desk.open({
          request: { ...request, maxTokens },
          task: null,
          gone: signal,
        });
        for await (const piece of pieces) {
          signal.throwIfAborted();
          yield piece.kind === 'end' ? { ...piece, usage: call.meter.usage() } : piece;
        }
      } catch (error) {
        signal.throwIfAborted();
        throw inTheCataloguesWords(error);
      }
    },
  };
}

/** What the coordinator may repeat in chat and log: the catalogue's words, never the provider's. */
function inTheCataloguesWords(error: unknown): ModelError {
  if (!(error instanceof ModelError))
    return new ModelError('model-failed', FAILURES.internal.what, { retryable: FAILURES.internal.retryable });
  const { code, retryable, retryAfterMs, status } = error;
  return new ModelError(code, FAILURES[code].what, { retryable, retryAfterMs, status });
}
