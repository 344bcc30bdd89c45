import { validateHeaderValue } from 'node:http';
import type { BlockList } from 'node:net';
import {
  type Capability,
  type Clock,
  type EgressReply,
  type EgressRequest,
  type HostPort,
  type Log,
  secretsIn,
} from '@reeve/core';
import type { SecretFill, SecretFiller } from '../secret-filler.ts';
import type { Conceal } from '../secrets/concealment.ts';
import { codingsOf, encodeBody, encodeBodyWithoutSecrets } from './answer-body.ts';
import { startDeadline } from './deadline.ts';
import { checkDestination, isExempt, noWayTo, plainHost } from './destination.ts';
import { dial } from './dial.ts';
import type { EgressLimits } from './egress-limits.ts';
import { type Answer, exchange } from './exchange.ts';
import type { Network } from './network.ts';
import { headersAfterRedirect, isWithinReach } from './reach.ts';

export type WebOutcome =
  | Extract<EgressReply, { kind: 'response' }>
  /** Nothing went out, or nothing more after a redirect, or a read's answer may not be shown. `reason` is a sentence. */
  | { readonly kind: 'not-sent'; readonly reason: string }
  /** It went out, and no answer came; or, to a change, none that may be shown. */
  | { readonly kind: 'unanswered'; readonly reason: string };

/** One request as it is about to go out: the first, or the next after a redirect. */
export interface Departure {
  readonly url: URL;
  readonly address: string;
  readonly redirects: number;
}

export interface WebRequest {
  readonly request: EgressRequest;
  /** What the token lets its holder read, for redirects. */
  readonly capabilities: readonly Capability[];
  /** Runs once connected and before a byte of the request; what it throws keeps the request from going out. */
  beforeSending(departure: Departure): Promise<void>;
}

export interface WebClientDeps {
  readonly network: Network;
  readonly privateHosts: readonly HostPort[];
  readonly closedRanges: BlockList;
  readonly clock: Clock;
  readonly limits: EgressLimits;
  readonly log: Log;
  /** Without one no request can name a secret. */
  readonly secrets?: SecretFiller | undefined;
}

/** The client for requests to the web: checked addresses, verified certificates, bounded answers, redirects in reach. */
export interface WebClient {
  send(request: WebRequest, signal: AbortSignal): Promise<WebOutcome>;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Headers that decide how a request is framed or where it goes: they follow from the URL and the body. */
const OWN_HEADERS =
  /^(?:host|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|proxy-.*|http2-settings)$/i;

export function createWebClient(deps: WebClientDeps): WebClient {
  return {
    async send(web, outer) {
      const problem = requestProblem(web.request);
      if (problem !== null) return { kind: 'not-sent', reason: problem };
      const deadline = startDeadline(deps.clock, deps.limits.requestMs, outer);
      try {
        return await follow(web, deps, deadline.signal);
      } finally {
        deadline.clear();
      }
    },
  };
}

/** What makes a request one that is never sent, as a sentence; null when nothing does. */
function requestProblem({ url, headers }: EgressRequest): string | null {
  const { username, password } = new URL(url);
  if (username !== '' || password !== '')
    return 'The address holds a user name or password; credentials go into a header as secret:NAME.';
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const own = names.find((name) => OWN_HEADERS.test(name));
  if (own !== undefined) return `The header “${own}” is set by the gateway itself.`;
  if (new Set(names).size < names.length) return 'A header is there twice.';
  const bad = Object.entries(headers).find(([name, value]) => !isHeaderValue(name, value));
  return bad === undefined ? null : `The header “${bad[0]}” holds characters that no header may hold.`;
}

function isHeaderValue(name: string, value: string): boolean {
  try {
    validateHeaderValue(name, value);
    return true;
  } catch {
    // Thrown for a value outside of Latin-1, which cannot travel.
    return false;
  }
}

async function follow(web: WebRequest, deps: WebClientDeps, signal: AbortSignal): Promise<WebOutcome> {
  const asked = new URL(web.request.url);
  let current: CurrentRequest = { ...web.request, url: asked };
  let hide: Conceal | null = null;
  for (let redirects = 0; ; redirects += 1) {
    const { hide: own, sent } = await sendOnce(current, { web, redirects }, deps, signal);
    // What the host of one hop knows may come back at any later one.
    hide = hideBoth(hide, own);
    if (sent.kind !== 'answer')
      return withoutSecrets(redirects === 0 ? sent : afterRedirect(sent, current.url), hide);
    const next = redirectOf(sent.answer, current);
    const isFollowed =
      next !== null &&
      redirects < deps.limits.redirects &&
      isWithinReach(next, { current: current.url, asked, capabilities: web.capabilities });
    if (!isFollowed) return replyOf(sent.answer, { ...current, isAsked: redirects === 0 }, hide);
    if (holdsSecret([sent.answer.headers['location'] ?? '', next.href], hide)) return notSent(HOLDS_SECRET);
    current = { ...current, headers: headersAfterRedirect(current.headers, current.url, next), url: next };
  }
}

const HOLDS_SECRET =
  'The site sent the request on to an address that holds a secret’s value, which Reeve does not follow.';

/** Whether one of the texts holds what is hidden, as it stands or with its percent signs resolved. */
function holdsSecret(texts: readonly string[], hide: Conceal | null): boolean {
  return (
    hide !== null &&
    texts.some((text) => hide(text) !== text || hide(withoutPercent(text)) !== withoutPercent(text))
  );
}

/** With each `%XX` as the character of that code; other percent signs stay. */
function withoutPercent(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_code, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function hideBoth(one: Conceal | null, other: Conceal | null): Conceal | null {
  if (one === null || other === null) return one ?? other;
  return (text, isCutOff) => other(one(text, isCutOff), isCutOff);
}

type CurrentRequest = Omit<EgressRequest, 'url'> & { readonly url: URL };

type Unsuccessful = Extract<WebOutcome, { kind: 'not-sent' | 'unanswered' }>;

interface Sent {
  readonly sent: { readonly kind: 'answer'; readonly answer: Answer } | Unsuccessful;
  /** Null when the host knows no secret. */
  readonly hide: Conceal | null;
}

async function sendOnce(
  request: CurrentRequest,
  { web, redirects }: { readonly web: WebRequest; readonly redirects: number },
  deps: WebClientDeps,
  signal: AbortSignal,
): Promise<Sent> {
  const { url } = request;
  const isTls = url.protocol === 'https:';
  const target = { host: url.hostname, port: Number(url.port) || (isTls ? 443 : 80) };
  const filled = await fillSecrets(request.headers, target, isTls, deps);
  if (filled.kind === 'refused') return { sent: notSent(filled.reason), hide: null };
  const { headers, hide } = filled;
  // A secret that got a new value since the hop before.
  if (redirects > 0 && holdsSecret([url.href], hide)) return { sent: notSent(HOLDS_SECRET), hide };
  const socket = await connectTo(target, isTls, deps, signal);
  if (socket.kind === 'not-sent') return { sent: socket, hide };
  try {
    await web.beforeSending({ url, address: socket.address, redirects });
  } catch (error) {
    socket.socket.destroy();
    throw error;
  }
  const exchanged = await exchange({ ...request, headers }, socket.socket, deps, signal);
  if (exchanged.kind === 'answer') return { sent: exchanged, hide };
  const reason = `No answer came from ${url.host}: ${exchanged.reason}.`;
  return { sent: { kind: 'unanswered', reason }, hide };
}

/** Over https only, except to hosts that the operator has exempted: elsewhere everybody on the way could read them. */
async function fillSecrets(
  headers: Readonly<Record<string, string>>,
  target: HostPort,
  isTls: boolean,
  { secrets, privateHosts }: WebClientDeps,
): Promise<SecretFill> {
  const [named] = secretsIn({ headers });
  if (named !== undefined && !isTls && !isExempt(target, privateHosts))
    return { kind: 'refused', reason: 'A secret goes out over https only.' };
  if (secrets === undefined)
    return named === undefined
      ? { kind: 'filled', headers, hide: null }
      : { kind: 'refused', reason: `There is no secret ${named}.` };
  const host = plainHost(target.host);
  const filled = await secrets.fill(headers, host);
  if (filled.kind === 'filled' && filled.hide !== null && asksForPart(headers))
    return {
      kind: 'refused',
      reason: `A secret may go to ${host}, and in a part of an answer it could not be found: ask without the header “range”.`,
    };
  return filled;
}

function asksForPart(headers: Readonly<Record<string, string>>): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'range');
}

async function connectTo(target: HostPort, tls: boolean, deps: WebClientDeps, signal: AbortSignal) {
  try {
    const check = await checkDestination(target, deps, signal);
    if (check.kind === 'refused') return notSent(noWayTo(target, check.reason));
    const dialled = await dial(check.destination, { tls }, deps, signal);
    return dialled.kind === 'open' ? dialled : notSent(noWayTo(target, dialled.reason));
  } catch (error) {
    if (!signal.aborted) throw error;
    return notSent(noWayTo(target, 'there was no connection in time'));
  }
}

/** The address that an answer sends on to; null when it does not, or when the request may not be made twice. */
function redirectOf({ status, headers }: Answer, { method, body, url }: CurrentRequest): URL | null {
  const { location } = headers;
  const isRepeatable = (method === 'GET' || method === 'HEAD') && body === null;
  if (!isRepeatable || !REDIRECTS.has(status) || location === undefined) return null;
  return URL.parse(location, url.href);
}

function afterRedirect(sent: Unsuccessful, { host }: URL): Unsuccessful {
  return { ...sent, reason: `The site sent the request on to ${host}. ${sent.reason}` };
}

function withoutSecrets(sent: Unsuccessful, hide: Conceal | null): Unsuccessful {
  return hide === null ? sent : { ...sent, reason: hide(sent.reason) };
}

/** `isAsked` of an address: the worker named it itself, so nothing in it came back. */
function replyOf(
  { status, headers, body }: Answer,
  { url, method, isAsked }: CurrentRequest & { readonly isAsked: boolean },
  hide: Conceal | null,
): WebOutcome {
  const type = headers['content-type'] ?? '';
  const { truncated } = body;
  if (hide === null)
    return {
      kind: 'response',
      status,
      headers: { ...headers },
      ...encodeBody(body, type),
      truncated,
      finalUrl: url.href,
    };
  if (body.bytes.length > 0 && codingsOf(headers['content-encoding']).length > 0)
    return {
      kind: method === 'GET' || method === 'HEAD' ? 'not-sent' : 'unanswered',
      reason: hide(packedAnswer(url, status)),
    };
  const shown = Object.entries(headers).map(([name, value]) => [hide(name), hide(value)] as const);
  return {
    kind: 'response',
    status,
    headers: Object.fromEntries(shown),
    ...encodeBodyWithoutSecrets(body, type, hide),
    truncated,
    finalUrl: isAsked ? url.href : hide(url.href),
  };
}

function packedAnswer({ host }: URL, status: number): string {
  return `${host} answered with status ${status}, but packed its answer in a way that Reeve does not unpack. A secret could not be found in it, so it was not given to the worker.`;
}

function notSent(reason: string): Extract<WebOutcome, { kind: 'not-sent' }> {
  return { kind: 'not-sent', reason };
}
