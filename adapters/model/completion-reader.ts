import { type ChatChunk, ModelError, type TokenUsage } from '@reeve/core';
import * as z from 'zod/mini';

const text = z.nullish(z.string());
const wireCallSchema = z.object({
  index: z.nullish(z.int().check(z.minimum(0))),
  id: text,
  function: z.nullish(z.object({ name: text, arguments: text })),
});
// Providers name what a model thinks as they like, and in whatever form it comes it spoils no answer.
const thought = z.catch(text, null);
const wireThoughtSchema = z.object({ text: thought, summary: thought, data: thought });
const wireDeltaSchema = z.object({
  content: text,
  refusal: text,
  reasoning_content: thought,
  reasoning: thought,
  reasoning_details: z.catch(z.nullish(z.array(wireThoughtSchema)), null),
  tool_calls: z.nullish(z.array(wireCallSchema)),
});
const wireUsageSchema = z.object({
  prompt_tokens: z.number().check(z.minimum(0)),
  completion_tokens: z.number().check(z.minimum(0)),
  estimated: z.optional(z.boolean()),
});

/** The parts of a streamed `chat.completion.chunk` that count; everything else is ignored. */
const wireChunkSchema = z.object({
  model: text,
  choices: z.nullish(z.array(z.object({ delta: z.nullish(wireDeltaSchema), finish_reason: text }))),
  // Figures that are no figures spoil no answer: it counts as one without any.
  usage: z.catch(z.nullish(wireUsageSchema), null),
});

type WireChunk = z.output<typeof wireChunkSchema>;
type WireDelta = NonNullable<NonNullable<WireChunk['choices']>[number]['delta']>;
type WireToolCall = NonNullable<WireDelta['tool_calls']>[number];
type EndReason = Extract<ChatChunk, { kind: 'end' }>['reason'];

/** Characters of one answer, tool arguments and thoughts included; a provider that streams more has gone wrong. */
const MAX_ANSWER_CHARACTERS = 4_000_000;
const MAX_TOOL_CALLS = 128;

const END_REASONS: Readonly<Record<string, EndReason>> = {
  stop: 'stop',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  length: 'length',
  content_filter: 'filtered',
};

/** Turns the wire chunks of one streamed answer into `ChatChunk`s and judges whether it was whole. */
export interface CompletionReader {
  /** @throws {ModelError} `model-bad-answer` for a chunk that is not one, or too much of it. */
  read(wireChunk: unknown): ChatChunk[];
  /**
   * The `end` chunk, once the stream is over.
   *
   * @throws {ModelError} `model-cut-off` without a finish reason or with a tool call cut by the length limit;
   * `model-bad-answer` when nothing was said or a call has no name.
   */
  end(): Extract<ChatChunk, { kind: 'end' }>;
}

/** `model` stands in the `end` chunk unless the provider names the model that answered. */
export function createCompletionReader(model: string): CompletionReader {
  let answeredBy = model;
  let finish: EndReason | null = null;
  let usage: TokenUsage | null = null;
  let characters = 0;
  let hasText = false;
  const calls = new Map<number, { name: string; arguments: string }>();

  function readToolCall(wire: WireToolCall, position: number): ChatChunk {
    const index = wire.index ?? position;
    const call = calls.get(index) ?? { name: '', arguments: '' };
    const { name, arguments: piece } = wire.function ?? {};
    calls.set(index, { name: call.name + (name ?? ''), arguments: call.arguments + (piece ?? '') });
    if (calls.size > MAX_TOOL_CALLS) throw badAnswer(`more than ${MAX_TOOL_CALLS} tool calls`);
    characters += (name?.length ?? 0) + (piece?.length ?? 0);
    return {
      kind: 'tool-call',
      index,
      ...(wire.id ? { id: wire.id } : {}),
      ...(name ? { name } : {}),
      ...(piece ? { arguments: piece } : {}),
    };
  }

  function readDelta(delta: WireDelta): ChatChunk[] {
    const chunks: ChatChunk[] = [];
    const thoughts = thoughtsOf(delta);
    if (thoughts !== '') {
      characters += thoughts.length;
      chunks.push({ kind: 'thought', bytes: Buffer.byteLength(thoughts) });
    }
    const text = (delta.content ?? '') + (delta.refusal ?? '');
    if (text !== '') {
      hasText ||= text.trim() !== '';
      characters += text.length;
      chunks.push({ kind: 'text', text });
    }
    for (const [position, wire] of (delta.tool_calls ?? []).entries())
      chunks.push(readToolCall(wire, position));
    if (characters > MAX_ANSWER_CHARACTERS) throw badAnswer('the answer is far too long');
    return chunks;
  }

  return {
    read(value) {
      const parsed = wireChunkSchema.safeParse(value);
      if (!parsed.success) throw badAnswer('a piece of the answer has the wrong form');
      const chunk = parsed.data;
      if (chunk.model) answeredBy = chunk.model;
      if (chunk.usage) {
        const { prompt_tokens: inputTokens, completion_tokens: outputTokens, estimated } = chunk.usage;
        usage = { inputTokens, outputTokens, estimated: estimated ?? false };
      }
      const choice = chunk.choices?.[0];
      if (choice?.finish_reason) finish = END_REASONS[choice.finish_reason] ?? 'stop';
      return choice?.delta ? readDelta(choice.delta) : [];
    },
    end() {
      if (finish === null)
        throw new ModelError('model-cut-off', 'the answer broke off in mid-stream', { retryable: true });
      if (!hasText && calls.size === 0) throw badAnswer('the answer was empty');
      for (const call of calls.values()) {
        if (call.name === '') throw badAnswer('a tool call has no name');
        if ((finish === 'length' || finish === 'filtered') && !isJson(call.arguments))
          throw new ModelError('model-cut-off', 'a tool call was cut off by the length limit', {
            retryable: true,
          });
      }
      return { kind: 'end', reason: reasonOf(finish, calls.size), usage, model: answeredBy };
    },
  };
}

/** Some providers send the same thoughts under two names: the longest counts. */
function thoughtsOf({ reasoning_content, reasoning, reasoning_details }: WireDelta): string {
  const details = (reasoning_details ?? []).map(({ text, summary, data }) => text ?? summary ?? data ?? '');
  const forms = [reasoning_content ?? '', reasoning ?? '', details.join('')];
  return forms.reduce((longest, form) => (form.length > longest.length ? form : longest));
}

/** Providers disagree on the reason of an answer with calls (`stop` is common); what was streamed decides. */
function reasonOf(finish: EndReason, callCount: number): EndReason {
  if (finish === 'stop' && callCount > 0) return 'tool-calls';
  return finish === 'tool-calls' && callCount === 0 ? 'stop' : finish;
}

/** A `model-bad-answer`; another try may go better. */
export function badAnswer(message: string): ModelError {
  return new ModelError('model-bad-answer', message, { retryable: true });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
