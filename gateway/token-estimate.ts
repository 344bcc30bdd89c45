import type { ChatChunk, ChatMessage, ChatRequest, TokenUsage } from '@reeve/core';

/**
 * Where estimates come from: the UTF-8 bytes of the request as JSON, tools included, and of the answer, at 3 bytes a
 * token. Tokenizers of today's models make 3.5 to 4.5 bytes of English or code into one token, some 3 of JSON and of
 * most other scripts; 3 errs on the dear side. An image counts as a flat number, whatever its bytes: providers charge
 * by its size in pixels, at most some 1,600 tokens.
 */
const BYTES_PER_TOKEN = 3;
const IMAGE_TOKENS = 2000;

/** How far a provider's figure may lie from the estimate: tokens of 24 bytes on average do not exist. */
const LEAST_SHARE = 1 / 8;
/** What the JSON around a short prompt adds to its estimate and not to the provider's figure. */
const FRAMING_TOKENS = 64;
/** Nor are there more tokens than bytes; a provider's own instructions come on top. */
const MOST_PER_BYTE = 2;
const PROVIDER_EXTRA = 10_000;
/** Hidden reasoning is charged as output; some providers do not hold it to `max_tokens`. */
const REASONING_EXTRA = 65_536;

/** What a request may come to, at most, in tokens. */
export interface RequestEstimate {
  readonly inputTokens: number;
  /** `max_tokens`, which is always set. */
  readonly outputTokens: number;
}

export function estimateRequest({ messages, tools, maxTokens }: ChatRequest): RequestEstimate {
  const parts = messages.map((message) => withoutImages(message));
  const images = parts.reduce((sum, part) => sum + part.images, 0);
  const text = JSON.stringify({ messages: parts.map(({ text }) => text), tools });
  return { inputTokens: tokensOf(Buffer.byteLength(text)) + images * IMAGE_TOKENS, outputTokens: maxTokens };
}

/** Only where the wire form has images: text that is named like one stays text. */
function withoutImages(message: ChatMessage): { readonly text: ChatMessage; readonly images: number } {
  if (message.role !== 'user' || typeof message.content === 'string') return { text: message, images: 0 };
  const content = message.content.filter((part) => part.type === 'text');
  return { text: { ...message, content }, images: message.content.length - content.length };
}

function tokensOf(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

export function bytesOf(chunk: Exclude<ChatChunk, { kind: 'end' }>): number {
  return chunk.kind === 'text'
    ? Buffer.byteLength(chunk.text)
    : Buffer.byteLength((chunk.name ?? '') + (chunk.arguments ?? ''));
}

/**
 * The provider's figures where they can be true; else the estimate, marked as one. Zero, negative, fractional and
 * absurdly small or large figures cannot be: a provider that lies can neither hide a call from the budget nor use it up.
 */
export function believableUsage(
  reported: TokenUsage | null,
  request: RequestEstimate,
  outputBytes: number,
): TokenUsage {
  const estimate = {
    inputTokens: request.inputTokens,
    outputTokens: tokensOf(outputBytes),
    estimated: true,
  };
  if (!reported) return estimate;
  const leastInput = Math.max(1, LEAST_SHARE * (estimate.inputTokens - FRAMING_TOKENS));
  const mostInput = MOST_PER_BYTE * BYTES_PER_TOKEN * request.inputTokens + PROVIDER_EXTRA;
  const mostOutput = Math.max(request.outputTokens, outputBytes) * MOST_PER_BYTE + REASONING_EXTRA;
  const canBeTrue =
    isBetween(reported.inputTokens, leastInput, mostInput) &&
    isBetween(reported.outputTokens, LEAST_SHARE * estimate.outputTokens, mostOutput);
  return canBeTrue ? reported : estimate;
}

function isBetween(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}
