import { createHash, timingSafeEqual } from 'node:crypto';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { type FailureCode, failureProblem } from '@reeve/core';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { sessionCookieName } from './session-cookie.ts';
import { HOME_OWNER, mayCall, type Visitor } from './visitor.ts';

/** What only the token of the home may touch: a browser has no use for it. */
const TOKEN_ONLY = /^\/v1\/secret/;

/** What a guarded call knows of who makes it. */
export interface Guarded {
  readonly Variables: { readonly visitor: Visitor };
}

/** The local API while it is put together; every guarded call knows who makes it. */
export type Api = OpenAPIHono<Guarded>;

/**
 * Keeps strangers out of the local API: the Host header must be a loopback name (against DNS rebinding), an Origin,
 * when there is one, must be the API's own, and every path but the open ones needs the token of the home, or the session
 * of a person whom the owner knows: as a cookie of a browser on the API's own page, or as a token. What a member may not
 * call is refused here.
 */
export function createGuard(options: {
  token: string;
  isOpen: (path: string) => boolean;
  personOf: (session: string) => string | null;
  /** Who somebody is now; null for strangers. */
  visitorOf: (person: string) => Visitor | null;
}): MiddlewareHandler<Guarded> {
  const expected = hash(options.token);
  const person = (context: Context, host: string): string | null => {
    const given = /^Bearer (.+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
    if (given !== undefined && timingSafeEqual(hash(given), expected)) return HOME_OWNER.externalId;
    if (TOKEN_ONLY.test(context.req.path)) return null;
    if (given !== undefined) return options.personOf(given);
    return isOwnPage(context) ? options.personOf(sessionOf(context, host)) : null;
  };
  return async (context, next) => {
    const host = context.req.header('host') ?? '';
    if (!isLoopback(host)) return problem('host-refused');
    const origin = context.req.header('origin');
    if (origin !== undefined && origin !== `http://${host}`) return problem('origin-refused');
    const { path, method } = context.req;
    if (!options.isOpen(path)) {
      const id = person(context, host);
      const visitor = id === null ? null : options.visitorOf(id);
      if (!visitor) return problem('token-missing');
      if (!mayCall(visitor.role, method, path)) return problem('owner-only');
      context.set('visitor', visitor);
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
