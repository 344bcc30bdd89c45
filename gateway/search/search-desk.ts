import {
  type Clock,
  canonicalSearch,
  digestOf,
  type GatewayStore,
  type Log,
  type Permit,
  type SearchCall,
  type SearchReply,
  type TaskClaims,
} from '@reeve/core';
import { usePermit } from '../egress/permit-check.ts';
import type { RefusalLog } from '../egress/refusal-log.ts';
import { createSlots } from '../egress/slots.ts';
import { failureFields } from '../refusal.ts';
import type { SearchProvider } from './search-provider.ts';

/** Searches that workers ask for: permit, act, settle (contracts.md, “Permit: the life of an effect”). */
export interface SearchDesk {
  /** Each search is in the audit chain before it goes out. Rejects when the store does not answer. */
  search(claims: TaskClaims, call: SearchCall): Promise<SearchReply>;
}

export interface SearchDeskDeps {
  readonly store: Pick<GatewayStore, 'permits' | 'audit'>;
  /** Undefined when the operator has set none. */
  readonly provider: SearchProvider | undefined;
  readonly refusals: RefusalLog;
  readonly clock: Clock;
  readonly log: Log;
  readonly stopping: AbortSignal;
}

const TOOL = 'web.search';
const AT_ONCE = { perTask: 2, all: 8 };

export function createSearchDesk(deps: SearchDeskDeps): SearchDesk {
  const { store, provider, clock } = deps;
  const slots = createSlots(AT_ONCE);

  async function decide(claims: TaskClaims, call: SearchCall): Promise<SearchReply> {
    if (provider === undefined)
      return refuse(deps, claims, call, 'Web search is off; the operator has set none.');
    const { task } = claims;
    const { callId, permit, search } = call;
    const digest = digestOf({ task, callId, tool: TOOL, arguments: canonicalSearch(search) });
    const check = await usePermit(
      { task, callId, permit, tool: TOOL },
      (found) => found.digest === digest,
      store.permits,
      clock.now(),
    );
    if (check.kind === 'refused') return refuse(deps, claims, call, check.reason);
    return perform(deps, provider, { claims, call, permit: check.permit });
  }

  return {
    async search(claims, call) {
      const release = slots.take(claims.task);
      if (release === null)
        return refuse(deps, claims, call, 'Too many searches are under way; wait until one has ended.');
      try {
        return await decide(claims, call);
      } finally {
        release();
      }
    },
  };
}

async function perform(
  { store, clock, log, stopping }: SearchDeskDeps,
  provider: SearchProvider,
  { claims: { task }, call, permit }: { claims: TaskClaims; call: SearchCall; permit: Permit },
): Promise<SearchReply> {
  const detail = { callId: call.callId, provider: provider.name, ...call.search, digest: permit.digest };
  await store.audit.append({ event: 'search-made', actor: 'gateway', subject: task, detail }, clock.now());
  const reply = await provider.search(call.search, stopping);
  const isFound = reply.kind === 'results';
  const content = isFound
    ? `${reply.results.length} findings were given to the worker and not kept.`
    : reply.reason;
  log.info({ task, call: call.callId, content }, 'a search has ended');
  try {
    await store.permits.settle(permit.id, { ok: isFound, content }, clock.now());
  } catch (error) {
    // A search changes nothing, so that its outcome is not written down costs nobody anything.
    log.error({ task, call: call.callId, ...failureFields(error) }, 'a search could not be settled');
  }
  return reply;
}

async function refuse(
  { refusals }: SearchDeskDeps,
  { task }: TaskClaims,
  { callId, search }: SearchCall,
  reason: string,
): Promise<SearchReply> {
  await refusals.refused(task, { event: 'search-refused', detail: { callId, ...search, reason } });
  return { kind: 'refused', reason };
}
