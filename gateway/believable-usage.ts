import {
  BYTES_PER_TOKEN,
  type ChatChunk,
  type RequestEstimate,
  type TokenUsage,
  tokensOfBytes,
} from '@reeve/core';

/** How far a provider's figure may lie from the estimate: tokens of 24 bytes on average do not exist. */
const LEAST_SHARE = 1 / 8;
/** What the JSON around a short prompt adds to its estimate and not to the provider's figure. */
const FRAMING_TOKENS = 64;
/** Nor are there more tokens than bytes; a provider's own instructions come on top. */
const MOST_PER_BYTE = 2;
const PROVIDER_EXTRA = 10_000;
/** Hidden reasoning is charged as output; some providers do not hold it to `max_tokens`. */
const REASONING_EXTRA = 65_536;

/** What a fast model makes in a second, seen or not. */
const TOKENS_PER_SECOND = 200;

export function bytesOf(chunk: Exclude<ChatChunk, { kind: 'end' }>): number {
  switch (chunk.kind) {
    case 'text':
      return Buffer.byteLength(chunk.text);
    case 'tool-call':
      return Buffer.byteLength((chunk.name ?? '') + (chunk.arguments ?? ''));
    case 'thought':
      return chunk.bytes;
  }
}

/**
 * What a call counts as that ended before its provider said what it came to. Some providers show nothing of what a model
 * thinks, and all of them work on while their answer is not read: so it counts as what a fast model makes in its time, up
 * to `max_tokens`, unless more than that was seen.
 */
export function brokenUsage(request: RequestEstimate, outputBytes: number, elapsedMs: number): TokenUsage {
  const unseen = Math.min(request.outputTokens, Math.ceil((elapsedMs / 1000) * TOKENS_PER_SECOND));
  return {
    inputTokens: request.inputTokens,
    outputTokens: Math.max(tokensOfBytes(outputBytes), unseen),
    estimated: true,
  };
}

/**
 * The provider's figures where they can be true; else the estimate, marked as one. Zero, negative, fractional and
 * absurdly small or large figures cannot be: a provider that lies can neither hide a call from the budget nor use it up.
 * `imageSlack`: what the request's images may come to beyond the estimate.
 */
export function believableUsage(
  reported: TokenUsage | null,
  request: RequestEstimate,
  outputBytes: number,
  imageSlack = 0,
): TokenUsage {
  const estimate = {
    inputTokens: request.inputTokens,
    outputTokens: tokensOfBytes(outputBytes),
    estimated: true,
  };
  if (!reported) return estimate;
  const leastInput = Math.max(1, LEAST_SHARE * (estimate.inputTokens - FRAMING_TOKENS));
  const mostInput = MOST_PER_BYTE * BYTES_PER_TOKEN * request.inputTokens + PROVIDER_EXTRA + imageSlack;
  const mostOutput = Math.max(request.outputTokens, outputBytes) * MOST_PER_BYTE + REASONING_EXTRA;
  const canBeTrue =
    isBetween(reported.inputTokens, leastInput, mostInput) &&
    isBetween(reported.outputTokens, LEAST_SHARE * estimate.outputTokens, mostOutput);
  return canBeTrue ? reported : estimate;
}

function isBetween(value: number, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= most;
}
