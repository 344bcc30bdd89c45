import {
  type Clock,
  canonicalJson,
  canonicalRequest,
  capabilitiesOf,
  digestOf,
  type EffectResult,
  type EgressCall,
  type EgressReply,
  type GatewayStore,
  isReading,
  type JsonValue,
  type Log,
  type Permit,
  secretsIn,
  sha256Hex,
  type TaskClaims,
} from '@reeve/core';
import { failureFields } from '../refusal.ts';
import type { EgressLimits } from './egress-limits.ts';
import { type PermitCheck, usePermit } from './permit-check.ts';
import type { RefusalLog } from './refusal-log.ts';
import { createSlots } from './slots.ts';
import type { Departure, WebClient, WebOutcome } from './web-client.ts';

/** Requests that workers ask for: permit, act, settle (contracts.md, “Permit: the life of an effect”). */
export interface RequestDesk {
  /** Each decision is in the audit chain before it takes effect. Rejects when the store does not answer. */
  request(claims: TaskClaims, call: EgressCall): Promise<EgressReply>;
  /** Resolves when the requests under way have ended and are settled. */
  settled(): Promise<void>;
}

export interface RequestDeskDeps {
  readonly store: Pick<GatewayStore, 'permits' | 'audit'>;
  readonly client: WebClient;
  readonly refusals: RefusalLog;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: EgressLimits;
  /** Aborted when the gateway stops; what is under way then counts as unanswered. */
  readonly stopping: AbortSignal;
}

/** A request that has its permit and its slot. */
interface PermittedRequest {
  readonly claims: TaskClaims;
  readonly call: EgressCall;
  readonly permit: Permit;
}

export function createRequestDesk(deps: RequestDeskDeps): RequestDesk {
  const slots = createSlots({ perTask: deps.limits.requestsPerTask, all: deps.limits.requests });
  const running = new Set<Promise<unknown>>();

  async function decide(claims: TaskClaims, call: EgressCall): Promise<EgressReply> {
    const release = slots.take(claims.task);
    if (release === null)
      return refuse(deps, claims, call, 'Too many requests are under way; wait until one has ended.');
    try {
      const check = await permitFor(claims, call, deps);
      if (check.kind === 'refused') return await refuse(deps, claims, call, check.reason);
      return await perform(deps, { claims, call, permit: check.permit });
    } finally {
      release();
    }
  }

  return {
    request(claims, call) {
      const work = decide(claims, call);
      const ended = work
        // The caller hears of it; here only that it is over counts.
        .catch(() => undefined)
        .finally(() => running.delete(ended));
      running.add(ended);
      return work;
    },
    async settled() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

const TOOL = 'http.fetch';

function permitFor(
  { task }: TaskClaims,
  { callId, permit, request }: EgressCall,
  { store, clock }: RequestDeskDeps,
): Promise<PermitCheck> {
  const digest = digestOf({ task, callId, tool: TOOL, arguments: canonicalRequest(request) });
  return usePermit(
    { task, callId, permit, tool: TOOL },
    (found) => found.digest === digest,
    store.permits,
    clock.now(),
  );
}

async function perform(deps: RequestDeskDeps, permitted: PermittedRequest): Promise<EgressReply> {
  const { claims, call } = permitted;
  const beforeSending = (departure: Departure) => recordDeparture(deps, permitted, departure);
  const capabilities = capabilitiesOf(claims);
  const outcome = await deps.client.send(
    { request: call.request, capabilities, beforeSending },
    deps.stopping,
  );
  deps.log.info(
    { task: claims.task, call: call.callId, method: call.request.method, ...outcomeFields(outcome) },
    'a request has ended',
  );
  switch (outcome.kind) {
    case 'response': {
      const { status, finalUrl } = outcome;
      const content = `Status ${status} from ${finalUrl}. The answer was given to the worker and not kept.`;
      await settle(deps, permitted, { ok: status < 400, content });
      return outcome;
    }
    case 'not-sent':
      await settle(deps, permitted, { ok: false, content: outcome.reason });
      return refuse(deps, claims, call, outcome.reason);
    case 'unanswered':
      return unanswered(deps, permitted, outcome.reason);
  }
}

/** A read that came to nothing changed nothing. Anything else may have happened, and the owner is asked about it. */
async function unanswered(
  deps: RequestDeskDeps,
  permitted: PermittedRequest,
  reason: string,
): Promise<EgressReply> {
  const isRead = isReading(permitted.permit.call);
  await settle(deps, permitted, { ok: isRead ? false : null, content: reason });
  if (!isRead) return { kind: 'unknown', reason };
  return { kind: 'refused', reason };
}

/** The answer counts even when it cannot be written down; the coordinator then asks what came of the call. */
async function settle(
  { store, clock, log }: RequestDeskDeps,
  { claims, call, permit }: PermittedRequest,
  result: EffectResult,
): Promise<void> {
  try {
    await store.permits.settle(permit.id, result, clock.now());
  } catch (error) {
    log.error(
      { task: claims.task, call: call.callId, ...failureFields(error) },
      'a request could not be settled',
    );
  }
}

async function recordDeparture(
  { store, clock, log }: RequestDeskDeps,
  { claims: { task }, call, permit }: PermittedRequest,
  { url, address, redirects }: Departure,
): Promise<void> {
  const detail = {
    ...requestDetail(call),
    url: url.href,
    address,
    redirects,
    digest: permit.digest,
    approval: permit.approval,
  };
  await store.audit.append({ event: 'request-made', actor: 'gateway', subject: task, detail }, clock.now());
  log.info({ task, call: call.callId, host: url.host, address, redirects }, 'a request goes out');
}

async function refuse(
  { refusals }: RequestDeskDeps,
  { task }: TaskClaims,
  call: EgressCall,
  reason: string,
): Promise<EgressReply> {
  const detail = { ...requestDetail(call), url: call.request.url, reason };
  await refusals.refused(task, { event: 'request-refused', detail });
  return { kind: 'refused', reason };
}

/** A request for the audit chain: of what it says only hashes and sizes, which is enough to recognise it. */
function requestDetail({ callId, request }: EgressCall): { [name: string]: JsonValue } {
  const { method, headers, body } = request;
  return {
    callId,
    method,
    headers: Object.keys(headers).sort(),
    headersSha256: sha256Hex(canonicalJson(headers)),
    secrets: secretsIn(request),
    bodyBytes: body === null ? 0 : Buffer.byteLength(body),
    bodySha256: body === null ? null : sha256Hex(body),
  };
}

function outcomeFields(outcome: WebOutcome): object {
  return outcome.kind === 'response'
    ? { status: outcome.status, characters: outcome.body.length, truncated: outcome.truncated }
    : { outcome: outcome.kind, reason: outcome.reason };
}
