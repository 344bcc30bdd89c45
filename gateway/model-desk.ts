import { type AnswerChunk, type ChatRequest, type Log, ModelError, type TaskId } from '@reeve/core';
import { type Call, startCall } from './call.ts';
import type { GatewayDeps } from './gateway-deps.ts';
import type { ModelCaller, OpenAnswer } from './model-call.ts';
import { lineFor } from './model-line.ts';
import { failureFields, logFailure } from './refusal.ts';
import type { UsageMeter } from './usage-meter.ts';

/** A call whose answer has begun. Who opened it reads `pieces` to their end or returns them; either ends the call. */
export interface OpenCall {
  readonly call: Call;
  /** Counted as they pass. Throws a `model-cut-off` when they stop before their end. */
  readonly pieces: AsyncGenerator<AnswerChunk, void>;
}

/** Calls models for whoever may, counts them, and ends them with who asked. */
export interface ModelDesk {
  /**
   * Opens one call: its budget reserved, its first piece there. What goes wrong is in the log.
   *
   * @throws {ModelError} of a cap without room or of the last try; any other error is a bug.
   */
  open(asked: Asked): Promise<OpenCall>;
}

interface Asked {
  readonly request: ChatRequest;
  /** The task that pays; null for the coordinator. */
  readonly task: TaskId | null;
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

export interface ModelDeskDeps extends GatewayDeps {
  readonly meter: UsageMeter;
  readonly callModel: ModelCaller;
  readonly newRequestId: () => string;
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal;
}

export function createModelDesk(deps: ModelDeskDeps): ModelDesk {
  const { clock, limits, stopping, log } = deps;

  async function begin({ request, task, gone }: Asked, id: string) {
    const line = lineFor(deps.models(), request);
    try {
      const waits = AbortSignal.any([gone, stopping]);
      const meter = await deps.meter.begin({ task, request, line, gone: waits });
      return {
        line,
        call: startCall({ meter, clock, deadlineMs: limits.deadlineMs, id, gone: [gone, stopping] }),
      };
    } catch (error) {
      logFailure(error, { call: id, role: request.role, isGone: gone.aborted || stopping.aborted }, log);
      throw error;
    }
  }

  return {
    async open(asked) {
      const { request } = asked;
      const id = deps.newRequestId();
      const { line, call } = await begin(asked, id);
      try {
        const answer = await deps.callModel(request, line, call);
        return { call, pieces: piecesOf(answer, call, log) };
      } catch (error) {
        call.end(mayHaveWorked(error) ? 'broken' : 'failed');
        logFailure(error, { call: id, role: request.role, isGone: call.isGone() }, log);
        throw error;
      }
    },
  };
}

/** After a deadline, a cut or an answer that is none. Prompts can bring these about, and then they must not be free. */
const WORKED: ReadonlySet<ModelError['code']> = new Set([
  'model-timeout',
  'model-cut-off',
  'model-bad-answer',
]);

function mayHaveWorked(error: unknown): boolean {
  return error instanceof ModelError && error.status === null && WORKED.has(error.code);
}

/** The pieces of an answer, counted; ends the call when they end, in whichever way. */
async function* piecesOf(
  { first, rest, by }: OpenAnswer,
  call: Call,
  log: Log,
): AsyncGenerator<AnswerChunk, void> {
  let how: 'answered' | 'broken' = 'broken';
  call.meter.answeredBy(by);
  try {
    let piece: AnswerChunk = first;
    for (;;) {
      call.meter.count(piece);
      if (piece.kind === 'end') {
        how = 'answered';
        // Before the caller learns of the end, so that its next call finds this one settled.
        call.end(how);
      }
      yield piece;
      if (how === 'answered') return;
      const next = await rest.next();
      if (next.done)
        throw new ModelError('model-cut-off', 'the answer broke off in mid-stream', { retryable: true });
      piece = next.value;
    }
  } catch (error) {
    if (!call.isGone()) log.warn({ call: call.id, ...failureFields(error) }, 'an answer broke off');
    throw error;
  } finally {
    call.end(how);
    await rest.return?.();
  }
}
