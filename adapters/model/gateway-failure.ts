import type { IncomingHttpHeaders } from 'node:http';
import { ModelError } from '@reeve/core';
import * as z from 'zod/mini';

const MODEL_CODES = [
  'model-unreachable',
  'model-refused-key',
  'model-rate-limited',
  'model-failed',
  'model-cut-off',
  'model-timeout',
  'model-bad-answer',
  'budget-exhausted',
] as const satisfies readonly ModelError['code'][];

const problemSchema = z.object({
  code: z.string(),
  title: z._default(z.string(), ''),
  retryable: z._default(z.boolean(), false),
});
const eventSchema = z.object({
  error: z.object({
    code: z.nullish(z.string()),
    message: z._default(z.string(), ''),
    retryable: z._default(z.boolean(), false),
  }),
});

/** The gateway's refusal (`application/problem+json`) as the `ModelError` that it stands for. */
export function failureOfBody(status: number, headers: IncomingHttpHeaders, body: string): ModelError {
  const problem = problemSchema.safeParse(parse(body));
  const seconds = Number(headers['retry-after']);
  const retryAfterMs = headers['retry-after'] !== undefined && seconds >= 0 ? seconds * 1000 : null;
  if (!problem.success)
    return new ModelError('model-failed', `the gateway answered ${status}`, {
      retryable: status >= 500,
      retryAfterMs,
      status,
    });
  const { code, title, retryable } = problem.data;
  return new ModelError(modelCodeOf(code), `${title} (${code})`, { retryable, retryAfterMs, status });
}

/** The failure that an event of the stream carries; null for an ordinary piece of the answer. */
export function failureOfEvent(value: unknown): ModelError | null {
  const event = eventSchema.safeParse(value);
  if (!event.success) return null;
  const { code, message, retryable } = event.data.error;
  return new ModelError(modelCodeOf(code ?? ''), message, { retryable });
}

/** A refused token is a refused key to the caller; other failures of the gateway itself count as the model's. */
function modelCodeOf(code: string): ModelError['code'] {
  const known = MODEL_CODES.find((each) => each === code);
  if (known) return known;
  return code === 'token-missing' ? 'model-refused-key' : 'model-failed';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
