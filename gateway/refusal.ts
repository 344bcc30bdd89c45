import { type Failure, failureProblem, type Log, ModelError } from '@reeve/core';
import type { ZodError } from 'zod';
import { failureCodeOf } from './completion-answer.ts';
import { scrub } from './scrub.ts';

/**
 * A failure as `application/problem+json`, from the catalogue; never the provider's own words. The `error` member says
 * it once more in the form that OpenAI's clients read.
 */
export function refuse(
  failure: Failure,
  options: { retryable?: boolean; retryAfterMs?: number | null } = {},
): Response {
  const problem = failureProblem(failure);
  const retryable = options.retryable ?? problem.retryable;
  const headers = new Headers({ 'content-type': 'application/problem+json' });
  if (options.retryAfterMs != null)
    headers.set('retry-after', String(Math.ceil(options.retryAfterMs / 1000)));
  const error = { message: problem.detail, type: 'reeve_failure', code: problem.code };
  return new Response(JSON.stringify({ ...problem, retryable, error }), { status: problem.status, headers });
}

/** The refusal of a body that is not in its schema's form, with the first thing that is wrong in it. */
export function refuseMalformed({ issues: [issue] }: ZodError): Response {
  const where = issue?.path.join('.') || 'the body';
  const isNoObject = issue?.code === 'invalid_type' && issue.path.length === 0;
  const what = isNoObject ? ' is not a JSON object' : `: ${issue?.message.replace(/^Invalid input: /, '')}`;
  return refuse({ code: 'request-malformed', about: `${where}${what}` });
}

/** The refusal for what a model call threw; its reason is in the log. */
export function refuseFor(error: unknown): Response {
  if (!(error instanceof ModelError)) return refuse({ code: 'internal' });
  return refuse({ code: failureCodeOf(error) }, error);
}

/** Why a model call failed, for the log; a caller who went away is no failure. */
export function logFailure(
  error: unknown,
  { isGone, ...fields }: { call: string; role: string; isGone: boolean },
  log: Log,
): void {
  if (isGone) log.debug(fields, 'the caller went away before the first token');
  else if (error instanceof ModelError)
    log.warn({ ...fields, ...failureFields(error) }, 'a model call failed');
  else log.error({ ...fields, err: error }, 'a model call broke');
}

/** A failure for the log, without anything that looks like a key. */
export function failureFields(error: unknown): object {
  if (error instanceof ModelError)
    return { code: error.code, status: error.status, reason: scrub(error.message) };
  return { reason: scrub(error instanceof Error ? error.message : String(error)) };
}
