import { setTimeout as delay } from 'node:timers/promises';
import { type ChatChunk, type ChatRequest, type Model, ModelError } from '../model.ts';

/** One thing that a scripted call does, in order. */
export type ScriptStep =
  | ChatChunk
  /** Waits, in milliseconds; an abort ends the wait with its reason. */
  | { readonly kind: 'wait'; readonly milliseconds: number }
  /** Never says anything more; only an abort ends it. */
  | { readonly kind: 'hang' }
  /** Throws: a provider's failure, an error status, a bug. */
  | { readonly kind: 'throw'; readonly error: Error }
  /** Ends the stream without an `end` chunk. */
  | { readonly kind: 'cut' };

/** What one call plays: fixed, or made from its request. */
export type ScriptedCall = readonly ScriptStep[] | ((request: ChatRequest) => readonly ScriptStep[]);

export interface ScriptedModel extends Model {
  /** Every request so far, in order. */
  readonly requests: readonly ChatRequest[];
  /** Calls that were left before their end: by an abort, or by a reader that stopped. */
  readonly abandoned: number;
}

/**
 * Plays an exact sequence, one entry of the script for each call; a call beyond the script fails the test with a plain
 * error. Nothing is corrected: malformed sequences come out as they are written.
 */
export function createScriptedModel(script: readonly ScriptedCall[]): ScriptedModel {
  const requests: ChatRequest[] = [];
  let abandoned = 0;
  return {
    requests,
    get abandoned() {
      return abandoned;
    },
    async *stream(request, signal) {
      signal.throwIfAborted();
      const entry = script[requests.length];
      requests.push(request);
      if (!entry) throw new Error(`the script has no call number ${requests.length}`);
      let isOver = false;
      try {
        for (const step of typeof entry === 'function' ? entry(request) : entry) {
          if (step.kind === 'cut') break;
          const chunk = await play(step, signal);
          if (chunk) yield chunk;
        }
        isOver = true;
      } finally {
        if (!isOver) abandoned += 1;
      }
    },
  };
}

async function play(
  step: Exclude<ScriptStep, { kind: 'cut' }>,
  signal: AbortSignal,
): Promise<ChatChunk | null> {
  switch (step.kind) {
    case 'wait':
      await delay(step.milliseconds, undefined, { signal }).catch((error: unknown) => {
        signal.throwIfAborted();
        throw error;
      });
      return null;
    case 'hang':
      return new Promise((_resolve, reject) => {
        const leave = () => reject(signal.reason);
        if (signal.aborted) leave();
        else signal.addEventListener('abort', leave, { once: true });
      });
    case 'throw':
      throw step.error;
    default:
      signal.throwIfAborted();
      return step;
  }
}

const END_USAGE = { inputTokens: 10, outputTokens: 5, estimated: false } as const;

/** A call that answers with text, in the given pieces. */
export function says(...pieces: readonly string[]): ScriptStep[] {
  return [
    ...pieces.map((text): ScriptStep => ({ kind: 'text', text })),
    { kind: 'end', reason: 'stop', usage: END_USAGE, model: 'scripted' },
  ];
}

/** A call that answers with tool calls. Arguments given as text are sent as they are, valid JSON or not. */
export function callsTools(
  ...calls: readonly { readonly name: string; readonly arguments: object | string; readonly id?: string }[]
): ScriptStep[] {
  return [
    ...calls.map(
      (call, index): ScriptStep => ({
        kind: 'tool-call',
        index,
        id: call.id ?? `call_${index + 1}`,
        name: call.name,
        arguments: typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
      }),
    ),
    { kind: 'end', reason: 'tool-calls', usage: END_USAGE, model: 'scripted' },
  ];
}

/** A call that fails as a provider does. */
export function fails(
  code: ModelError['code'],
  options: { retryable?: boolean; retryAfterMs?: number; status?: number } = {},
): ScriptStep[] {
  const error = new ModelError(code, `scripted ${code}`, { retryable: true, ...options });
  return [{ kind: 'throw', error }];
}
