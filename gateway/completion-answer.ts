import {
  type AnswerChunk,
  type ChatAnswer,
  FAILURES,
  type FailureCode,
  isFailureCode,
  ModelError,
  type TokenUsage,
} from '@reeve/core';

/** What all pieces of one answer share on the wire. */
export interface AnswerHead {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
}

type End = Extract<AnswerChunk, { kind: 'end' }>;

const FINISH_REASONS = {
  stop: 'stop',
  'tool-calls': 'tool_calls',
  length: 'length',
  filtered: 'content_filter',
} as const satisfies Record<End['reason'], string>;

/** A piece of the answer as an event of OpenAI's stream. The last one carries usage and is followed by `[DONE]`. */
export function eventOf(chunk: AnswerChunk, head: AnswerHead, usage: TokenUsage): string {
  switch (chunk.kind) {
    case 'text':
      return event({ ...wireHead(head), choices: [choice({ content: chunk.text }, null)] });
    case 'tool-call': {
      const { index, id, name, arguments: piece } = chunk;
      const call = {
        index,
        ...(id === undefined ? {} : { id, type: 'function' }),
        function: {
          ...(name === undefined ? {} : { name }),
          ...(piece === undefined ? {} : { arguments: piece }),
        },
      };
      return event({ ...wireHead(head), choices: [choice({ tool_calls: [call] }, null)] });
    }
    case 'end': {
      const common = { ...wireHead(head), model: chunk.model };
      const finish = event({ ...common, choices: [choice({}, FINISH_REASONS[chunk.reason])] });
      return `${finish}${event({ ...common, choices: [], usage: wireUsage(usage) })}data: [DONE]\n\n`;
    }
  }
}

/** The event that ends a broken stream: a failure in OpenAI's form, no finish reason, no `[DONE]`. */
export function failureEvent(error: unknown): string {
  const code = failureCodeOf(error);
  const retryable = error instanceof ModelError ? error.retryable : FAILURES[code].retryable;
  return event({ error: { message: FAILURES[code].what, type: 'reeve_failure', code, retryable } });
}

/** The whole answer as one `chat.completion`. */
export function completionOf(answer: ChatAnswer, head: AnswerHead, usage: TokenUsage): object {
  const message = {
    role: 'assistant',
    content: answer.text === '' ? null : answer.text,
    ...(answer.toolCalls.length > 0 ? { tool_calls: answer.toolCalls } : {}),
  };
  return {
    id: head.id,
    object: 'chat.completion',
    created: head.created,
    model: answer.model,
    choices: [{ index: 0, message, finish_reason: FINISH_REASONS[answer.reason] }],
    usage: wireUsage(usage),
  };
}

/** The entry of the failure catalogue for what a model call threw. */
export function failureCodeOf(error: unknown): FailureCode {
  return error instanceof ModelError && isFailureCode(error.code) ? error.code : 'internal';
}

function event(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function wireHead({ id, created }: AnswerHead): object {
  return { id, object: 'chat.completion.chunk', created, model: 'reeve' };
}

function choice(delta: object, finishReason: string | null): object {
  return { index: 0, delta, finish_reason: finishReason };
}

function wireUsage({ inputTokens, outputTokens, estimated }: TokenUsage): object {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(estimated ? { estimated } : {}),
  };
}
