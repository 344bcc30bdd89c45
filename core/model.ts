import * as z from 'zod/mini';

/** The slice of OpenAI's chat completions that Reeve speaks: https://platform.openai.com/docs/api-reference/chat */
export const toolCallSchema = z.object({
  id: z.string(),
  type: z._default(z.literal('function'), 'function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

/** An image that is all there. Who answers would fetch an address, and words leave in it past every question. */
const CARRIED_IMAGE = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}$/;

export const contentPartSchema = z.union([
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({
    type: z.literal('image_url'),
    image_url: z.object({
      url: z.string().check(z.regex(CARRIED_IMAGE, 'an image comes as a data: URL, never as an address')),
    }),
  }),
]);

export const chatMessageSchema = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), content: z.string() }),
  z.object({ role: z.literal('user'), content: z.union([z.string(), z.array(contentPartSchema)]) }),
  z.object({
    role: z.literal('assistant'),
    content: z.nullish(z.string()),
    tool_calls: z.optional(z.array(toolCallSchema)),
  }),
  z.object({ role: z.literal('tool'), tool_call_id: z.string(), content: z.string() }),
]);

export const chatToolSchema = z.object({
  type: z.literal('function'),
  function: z.object({
    name: z.string(),
    description: z.optional(z.string()),
    parameters: z.optional(z.record(z.string(), z.unknown())),
  }),
});

export type ToolCall = z.infer<typeof toolCallSchema>;
export type ChatMessage = z.infer<typeof chatMessageSchema>;
export type ChatTool = z.infer<typeof chatToolSchema>;

/** Who asks. The gateway chooses the model by role; a worker cannot choose one for itself. */
export type ModelRole = 'coordinator' | 'executor';

export interface ChatRequest {
  readonly role: ModelRole;
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ChatTool[];
  /** Ceiling of the answer in tokens; always sent. */
  readonly maxTokens: number;
}

export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** True when the provider reported nothing and the figures were estimated from streamed bytes. */
  readonly estimated: boolean;
}

/** One piece of a streamed answer. Tool-call pieces belong together by `index`. */
export type ChatChunk =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'tool-call';
      readonly index: number;
      readonly id?: string;
      readonly name?: string;
      readonly arguments?: string;
    }
  /** What is thought aloud before and between the words: nobody reads it, but it is paid for. */
  | { readonly kind: 'thought'; readonly bytes: number }
  | {
      readonly kind: 'end';
      readonly reason: 'stop' | 'tool-calls' | 'length' | 'filtered';
      readonly usage: TokenUsage | null;
      readonly model: string;
    };

/** What an answer is made of. */
export type AnswerChunk = Exclude<ChatChunk, { kind: 'thought' }>;

/** Why a model call came to nothing. `retryable` means that the same call may succeed later. */
export class ModelError extends Error {
  readonly code:
    | 'model-unreachable'
    | 'model-refused-key'
    | 'model-rate-limited'
    | 'model-failed'
    | 'model-cut-off'
    | 'model-timeout'
    | 'model-bad-answer'
    | 'budget-exhausted';
  readonly retryable: boolean;
  /** Provider's wish before the next try, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** HTTP status of the provider's answer, when there was one. */
  readonly status: number | null;
  constructor(
    code: ModelError['code'],
    message: string,
    options: { retryable: boolean; retryAfterMs?: number | null; status?: number | null; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.name = 'ModelError';
    this.code = code;
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.status = options.status ?? null;
  }
}

/**
 * A chat model. The stream ends with exactly one `end` chunk; a stream that stops without it was cut and throws.
 *
 * @throws {ModelError} before or in mid-stream; an aborted signal throws its reason.
 */
export interface Model {
  stream(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatChunk>;
}

/** A streamed answer, put together. */
export interface ChatAnswer {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  readonly reason: 'stop' | 'tool-calls' | 'length' | 'filtered';
  readonly usage: TokenUsage | null;
  readonly model: string;
}

/**
 * Puts a streamed answer together, calling `onText` with the text so far after each piece, and `onCallNamed` with
 * what a call is named so far, long before its arguments have come. Tool calls are complete or absent: a cut stream
 * throws and never yields half a call.
 */
export async function collectAnswer(
  chunks: AsyncIterable<ChatChunk>,
  onText?: (text: string) => void,
  onCallNamed?: (name: string, index: number) => void,
): Promise<ChatAnswer> {
  let text = '';
  const calls = new Map<number, { id: string; name: string; arguments: string }>();
  for await (const chunk of chunks) {
    if (chunk.kind === 'text') {
      text += chunk.text;
      onText?.(text);
    } else if (chunk.kind === 'tool-call') {
      const call = calls.get(chunk.index) ?? { id: '', name: '', arguments: '' };
      const name = call.name + (chunk.name ?? '');
      calls.set(chunk.index, {
        id: chunk.id ?? call.id,
        name,
        arguments: call.arguments + (chunk.arguments ?? ''),
      });
      if (chunk.name) onCallNamed?.(name, chunk.index);
    } else if (chunk.kind === 'end') {
      return {
        text,
        toolCalls: toolCallsOf(calls),
        reason: chunk.reason,
        usage: chunk.usage,
        model: chunk.model,
      };
    }
  }
  throw new ModelError('model-cut-off', 'the answer broke off in mid-stream', { retryable: true });
}

/** Gives every call an id of its own: missing ids and ids that repeat within one answer are replaced. */
function toolCallsOf(
  calls: ReadonlyMap<number, { id: string; name: string; arguments: string }>,
): ToolCall[] {
  const seen = new Set<string>();
  return [...calls.entries()]
    .sort(([left], [right]) => left - right)
    .map(([index, call]) => {
      const id = call.id === '' || seen.has(call.id) ? `${call.id || 'call'}#${index}` : call.id;
      seen.add(id);
      return { id, type: 'function', function: { name: call.name, arguments: call.arguments } };
    });
}
