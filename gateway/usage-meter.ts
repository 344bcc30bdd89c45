import type { ChatChunk, Clock, GatewayStore, Log, ModelRole, TaskId, TokenUsage } from '@reeve/core';

/** Counts what calls cost. */
export interface UsageMeter {
  /** Starts counting one call; `requestBytes` is the size of its body, for the estimate. */
  begin(call: { role: ModelRole; task: TaskId | null; requestBytes: number }): CallMeter;
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

  function record(role: ModelRole, task: TaskId | null, model: string, usage: TokenUsage): void {
    const writing = deps.store.usage
      .record({ task, role, model, ...usage, at: deps.clock.now() })
      .catch((error: unknown) => {
        deps.log.error({ err: error, task, role, model, ...usage }, 'usage could not be recorded');
      })
      .finally(() => pending.delete(writing));
    pending.add(writing);
  }

  return {
    begin({ role, task, requestBytes }) {
      let outputBytes = 0;
      let end: Extract<ChatChunk, { kind: 'end' }> | null = null;
      let isSettled = false;
      const usage = (): TokenUsage =>
        end?.usage ?? {
          inputTokens: Math.ceil(requestBytes / BYTES_PER_TOKEN),
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
          record(role, task, end?.model || 'unknown', usage());
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
