import { createHash, timingSafeEqual } from 'node:crypto';
import { type FailureCode, failureProblem } from '@reeve/core';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { sessionCookieName } from './session-cookie.ts';

/** What only the token of the home may touch: a browser has no use for it. */
const TOKEN_ONLY = /^\/v1\/secret/;

/**
 * Keeps strangers out of the local API: the Host header must be a loopback name (against DNS rebinding), an Origin,
 * when there is one, must be the API's own, and every path but the open ones needs the token, or
 * the session of a browser on the API's own page.
 */
export function createGuard(options: {
  token: string;
  isOpen: (path: string) => boolean;
  isSession: (session: string) => boolean;
}): MiddlewareHandler {
  const expected = hash(options.token);
  return async (context, next) => {
    const host = context.req.header('host') ?? '';
    if (!isLoopback(host)) return problem('host-refused');
    const origin = context.req.header('origin');
    if (origin !== undefined && origin !== `http://${host}`) return problem('origin-refused');
    const { path } = context.req;
    if (!options.isOpen(path)) {
      const given = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
      const isAdmitted =
        given === undefined
          ? isOwnPage(context) && !TOKEN_ONLY.test(path) && options.isSession(sessionOf(context, host))
          : timingSafeEqual(hash(given), expected);
      if (!isAdmitted) return problem('token-missing');
    }
    await next();
    context.header('x-content-type-options', 'nosniff');
    if (!context.res.headers.has('cache-control')) context.header('cache-control', 'no-store');
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

function sessionOf(context: Context, host: string): string {
  return getCookie(context, sessionCookieName(host)) ?? '';
}

/**
 * True when a browser sends the request for the API's own page. A session cookie goes along from every page of this
 * machine, whatever its port, because browsers count ports as one site; so the browser's word on the page decides. One
 * that says nothing may only read.
 */
function isOwnPage(context: Context): boolean {
  const { method } = context.req;
  const site = context.req.header('sec-fetch-site');
  if (site === 'same-origin') return true;
  const isReading = method === 'GET' || method === 'HEAD';
  if (site === 'none') return isReading;
  return site === undefined && (isReading || context.req.header('origin') !== undefined);
}

function isLoopback(host: string): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
