import { ModelError } from '@reeve/core';

/** What the provider's client throws for an HTTP status or an error event; described here to not load its module. */
interface ProviderFailure extends Error {
  readonly status?: number | undefined;
  readonly headers?: Headers | undefined;
  readonly error?: unknown;
  readonly code?: string | number | null | undefined;
}

const MAX_DETAIL = 300;

/** Status to code; what is not listed and below 500 is `model-failed` and pointless to try again. */
const BY_STATUS: Readonly<Record<number, { code: ModelError['code']; retryable: boolean }>> = {
  401: { code: 'model-refused-key', retryable: false },
  403: { code: 'model-refused-key', retryable: false },
  408: { code: 'model-timeout', retryable: true },
  409: { code: 'model-failed', retryable: true },
  425: { code: 'model-failed', retryable: true },
  429: { code: 'model-rate-limited', retryable: true },
  504: { code: 'model-timeout', retryable: true },
};

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * Maps what a call to a provider threw to a `ModelError`. Nothing of the client's own error is kept but its scrubbed
 * message: it carries request headers, and with them the key. What is no failure of the provider comes back as it is.
 */
export function failureOfProvider(error: unknown, apiKey: string): unknown {
  if (!(error instanceof Error)) return error;
  const known = chainOf(error).find((each) => each instanceof ModelError);
  if (known) return known;
  if (error instanceof SyntaxError)
    return new ModelError('model-bad-answer', 'a piece of the answer is not JSON', { retryable: true });
  const failure = error as ProviderFailure;
  if (typeof failure.status === 'number') return failureOfStatus(failure.status, failure, apiKey);
  if (failure.error !== undefined) return failureOfStatus(statusInEvent(failure), failure, apiKey);
  return failureOfConnection(error, apiKey);
}

function failureOfStatus(status: number, failure: ProviderFailure, apiKey: string): ModelError {
  const { code, retryable } = BY_STATUS[status] ?? {
    code: 'model-failed' as const,
    retryable: status >= 500,
  };
  const isOutOfCredit = failure.code === 'insufficient_quota';
  return new ModelError(code, `the provider answered: ${scrub(failure.message, apiKey)}`, {
    retryable: retryable && !isOutOfCredit,
    retryAfterMs: failure.headers ? retryAfterOf(failure.headers) : null,
    status,
  });
}

/** An error event in mid-stream has no status of its own; OpenRouter puts it into `error.code`. */
function statusInEvent({ code }: ProviderFailure): number {
  const status = Number(code);
  return Number.isInteger(status) && status >= 400 && status < 600 ? status : 500;
}

function failureOfConnection(error: Error, apiKey: string): unknown {
  const codes = chainOf(error).map((each) => String((each as NodeJS.ErrnoException).code ?? ''));
  const message = scrub(chainOf(error).at(-1)?.message ?? error.message, apiKey);
  if (error.message === 'terminated')
    return new ModelError('model-cut-off', 'the provider closed the connection in mid-answer', {
      retryable: true,
    });
  const classes = classesOf(error);
  if (codes.some((code) => UNREACHABLE.has(code)) || classes.includes('APIConnectionError'))
    return new ModelError('model-unreachable', `the provider cannot be reached: ${message}`, {
      retryable: true,
    });
  return classes.includes('OpenAIError')
    ? new ModelError('model-failed', `the provider failed: ${message}`, { retryable: true })
    : error;
}

/** Names of the classes that an error is of; comparing names spares loading the client to compare classes. */
function classesOf(error: Error): string[] {
  const names: string[] = [];
  for (let at: object | null = Object.getPrototypeOf(error); at; at = Object.getPrototypeOf(at))
    names.push(at.constructor.name);
  return names;
}

function chainOf(error: Error): Error[] {
  const chain: Error[] = [];
  for (let at: unknown = error; at instanceof Error && chain.length < 8; at = at.cause) chain.push(at);
  return chain;
}

/** `retry-after-ms`, `retry-after` in seconds or as a date; null when there is none that can be read. */
function retryAfterOf(headers: Headers): number | null {
  const exact = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (exact >= 0) return exact;
  const value = headers.get('retry-after');
  if (value === null) return null;
  const seconds = Number(value);
  if (value.trim() !== '' && seconds >= 0) return seconds * 1000;
  const date = Date.parse(value);
  const sentAt = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(date) || Number.isNaN(sentAt) ? null : Math.max(0, date - sentAt);
}

/** Providers echo keys (“Incorrect API key provided: sk-…”), sometimes half hidden by asterisks. */
function scrub(text: string, apiKey: string): string {
  const withoutKey = apiKey.length >= 4 ? text.replaceAll(apiKey, '[key]') : text;
  const scrubbed = withoutKey
    .replace(/\b(?:sk|pk|rk|key|gsk|xai)-[\w*.-]{4,}/gi, '[key]')
    .replace(/\bBearer\s+\S+/gi, 'Bearer [key]');
  return scrubbed.length > MAX_DETAIL ? `${scrubbed.slice(0, MAX_DETAIL)}…` : scrubbed;
}
