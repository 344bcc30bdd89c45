import type { ChatChunk, ChatRequest, Clock, GatewayStore, Log, TaskId, TokenUsage } from '@reeve/core';

/** Counts what calls cost. */
export interface UsageMeter {
  /** Starts counting one call. */
  begin(request: ChatRequest, task: TaskId | null): CallMeter;
  /** Resolves when everything counted so far is in the database or in the log. */
  settled(): Promise<void>;
}

export interface CallMeter {
  count(chunk: ChatChunk): void;
  /** The provider's figures once it has given them, until then an estimate. */
  usage(): TokenUsage;
  /** Writes the call's record, whether it ended well or not; once. */
  settle(): void;
}

/** Rough for English and code; an estimate is marked as one. */
const BYTES_PER_TOKEN = 4;

export function createUsageMeter(deps: { store: GatewayStore; clock: Clock; log: Log }): UsageMeter {
  const pending = new Set<Promise<void>>();

  function record(request: ChatRequest, task: TaskId | null, model: string, usage: TokenUsage): void {
    const { role } = request;
    const writing = deps.store.usage
      .record({ task, role, model, ...usage, at: deps.clock.now() })
      .catch((error: unknown) => {
        deps.log.error({ err: error, task, role, model, ...usage }, 'usage could not be recorded');
      })
      .finally(() => pending.delete(writing));
    pending.add(writing);
  }

  return {
    begin(request, task) {
      const inputTokens = estimate(JSON.stringify([request.messages, request.tools]));
      let outputBytes = 0;
      let end: Extract<ChatChunk, { kind: 'end' }> | null = null;
      let isSettled = false;
      const usage = (): TokenUsage =>
        end?.usage ?? {
          inputTokens,
          outputTokens: Math.ceil(outputBytes / BYTES_PER_TOKEN),
          estimated: true,
        };
      return {
        count(chunk) {
          if (chunk.kind === 'end') end = chunk;
          else outputBytes += bytesOf(chunk);
        },
        usage,
        settle() {
          if (isSettled) return;
          isSettled = true;
          record(request, task, end?.model || 'unknown', usage());
        },
      };
    },
    async settled() {
      while (pending.size > 0) await Promise.all(pending);
    },
  };
}

function bytesOf(chunk: Exclude<ChatChunk, { kind: 'end' }>): number {
  return chunk.kind === 'text'
    ? Buffer.byteLength(chunk.text)
    : Buffer.byteLength((chunk.name ?? '') + (chunk.arguments ?? ''));
}

function estimate(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}
