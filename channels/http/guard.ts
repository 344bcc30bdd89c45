import { createHash, timingSafeEqual } from 'node:crypto';
import { type FailureCode, failureProblem } from '@reeve/core';
import type { MiddlewareHandler } from 'hono';

/**
 * Keeps strangers out of the local API: the Host header must be a loopback name (against DNS rebinding), an Origin,
 * when there is one, must be the API's own, and every path but the named open ones needs the token.
 */
export function createGuard(options: { token: string; open: ReadonlySet<string> }): MiddlewareHandler {
  const expected = hash(options.token);
  return async (context, next) => {
    const host = context.req.header('host') ?? '';
    if (!isLoopback(host)) return problem('host-refused');
    const origin = context.req.header('origin');
    if (origin !== undefined && origin !== `http://${host}`) return problem('origin-refused');
    if (!options.open.has(context.req.path)) {
      const given = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1] ?? '';
      if (!timingSafeEqual(hash(given), expected)) return problem('token-missing');
    }
    await next();
    context.header('x-content-type-options', 'nosniff');
    context.header('cache-control', 'no-store');
    return undefined;
  };
}

/** Answers with a failure of the catalogue as problem details. */
export function problem(code: FailureCode, about?: string): Response {
  const body = failureProblem(about === undefined ? { code } : { code, about });
  return new Response(JSON.stringify(body), {
    status: body.status,
    headers: { 'content-type': 'application/problem+json' },
  });
}

function isLoopback(host: string): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
