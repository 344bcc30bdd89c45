/** Bounds of one model call through the gateway. Times in milliseconds. */
export interface GatewayLimits {
  /** Ceiling of `max_tokens`, and its value when the caller names none. */
  readonly maxTokens: number;
  /** Largest request body in bytes. */
  readonly bodyBytes: number;
  /** For a whole call: tries, waits, fallback and streaming. */
  readonly deadlineMs: number;
  /** Tries after the first, at the same model, before its first token. */
  readonly retries: number;
  /** Wait before the first of them; it doubles each time, ± half by jitter. */
  readonly firstWaitMs: number;
  /** A provider that asks for a longer wait than this is not waited for: fallback, or a plain failure. */
  readonly longestWaitMs: number;
}

/** 300 s is past what a long answer of a slow model takes; the waits add up to at most some 2 s by themselves. */
export const DEFAULT_GATEWAY_LIMITS: GatewayLimits = {
  maxTokens: 8192,
  bodyBytes: 16 * 1024 * 1024,
  deadlineMs: 300_000,
  retries: 2,
  firstWaitMs: 400,
  longestWaitMs: 10_000,
};
