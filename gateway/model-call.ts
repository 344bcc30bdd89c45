import {
  type AnswerChunk,
  type ChatChunk,
  type ChatRequest,
  type Clock,
  type Log,
  type Model,
  ModelError,
} from '@reeve/core';
import type { Call } from './call.ts';
import type { GatewayLimits } from './limits.ts';
import type { ModelLine } from './model-line.ts';
import { failureFields } from './refusal.ts';

/** An answer whose first piece is there: from here on no other model can take over. */
export interface OpenAnswer {
  readonly first: AnswerChunk;
  readonly rest: AsyncIterator<AnswerChunk>;
  /** The role's own model, or the fallback. */
  readonly by: 'own' | 'fallback';
}

/**
 * Calls the line's own model, tries again what may succeed later, and then the fallback model; all of that only before the
 * first token, because two halves of two answers make no answer. What a model thinks is counted here, of every try, and
 * goes no further.
 *
 * Own code instead of a retry library: what is retried is the opening of a stream that must stay open, the wait comes
 * from the provider, and the last resort is another model.
 *
 * @throws {ModelError} of the last try; an aborted signal throws its reason.
 */
export type ModelCaller = (request: ChatRequest, line: ModelLine, call: CountedCall) => Promise<OpenAnswer>;

type CountedCall = Pick<Call, 'signal' | 'meter'>;

export interface ModelCallerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: GatewayLimits;
  /** Jitter, 0 to 1. */
  readonly random: () => number;
}

export function createModelCaller(deps: ModelCallerDeps): ModelCaller {
  const { clock, log, limits } = deps;

  async function openWithRetries(model: Model, request: ChatRequest, call: CountedCall): Promise<OpenAnswer> {
    const { signal } = call;
    for (let tries = 0; ; tries += 1) {
      try {
        return await openAnswer(model, request, call);
      } catch (error) {
        signal.throwIfAborted();
        const wait = error instanceof ModelError ? waitBefore(error, tries, deps) : null;
        if (wait === null) throw error;
        log.debug(
          { ...failureFields(error), role: request.role, tries, wait },
          'a model call is tried again',
        );
        await clock.sleep(wait, signal);
      }
    }
  }

  return async (request, { own, fallback }, call) => {
    try {
      return await openWithRetries(own.model, request, call);
    } catch (error) {
      call.signal.throwIfAborted();
      if (!(error instanceof ModelError) || !fallback) throw error;
      log.warn(
        { ...failureFields(error), role: request.role, decision: 'fallback', retries: limits.retries },
        'the model failed before its first token; the fallback model takes over',
      );
      return { ...(await openWithRetries(fallback.model, request, call)), by: 'fallback' };
    }
  };
}

/** Milliseconds to wait before the next try; null when there should be none. */
function waitBefore(error: ModelError, tries: number, { limits, random }: ModelCallerDeps): number | null {
  if (!error.retryable || tries >= limits.retries) return null;
  const backoff = limits.firstWaitMs * 2 ** tries * (0.5 + random());
  if (error.retryAfterMs === null) return backoff;
  return error.retryAfterMs > limits.longestWaitMs ? null : Math.max(backoff, error.retryAfterMs);
}

async function openAnswer(
  model: Model,
  request: ChatRequest,
  { signal, meter }: CountedCall,
): Promise<OpenAnswer> {
  const rest = withoutThoughts(model.stream(request, signal), meter);
  const { done, value } = await rest.next();
  if (done) throw new ModelError('model-cut-off', 'the answer ended before it began', { retryable: true });
  return { first: value, rest, by: 'own' };
}

async function* withoutThoughts(
  chunks: AsyncIterable<ChatChunk>,
  meter: Call['meter'],
): AsyncGenerator<AnswerChunk, void> {
  for await (const chunk of chunks) {
    if (chunk.kind === 'thought') meter.count(chunk);
    else yield chunk;
  }
}
