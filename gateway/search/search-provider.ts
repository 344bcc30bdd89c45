import type { BlockList } from 'node:net';
import type { Clock, Log, SearchQuery, SearchReply } from '@reeve/core';
import type { EgressLimits } from '../egress/egress-limits.ts';
import type { Network } from '../egress/network.ts';
import { createWebClient, type WebOutcome } from '../egress/web-client.ts';
import { concealSecrets } from '../secrets/concealment.ts';
import { boundedResults, DIALECTS } from './provider-dialects.ts';
import type { SearchChoice } from './search-choice.ts';

/** Who answers searches. */
export interface SearchProvider {
  /** For the audit chain. */
  readonly name: string;
  /** Whatever the provider does, the outcome is a value; `refused` says in a sentence what went wrong. */
  search(query: SearchQuery, signal: AbortSignal): Promise<SearchReply>;
}

export interface SearchProviderDeps {
  readonly network: Network;
  readonly clock: Clock;
  readonly limits: EgressLimits;
  readonly log: Log;
  readonly closedRanges: BlockList;
}

/** Of an answer, which holds findings and no pages; and the time for all of it, in milliseconds. */
const SEARCH_LIMITS = { answerBytes: 2_000_000, requestMs: 20_000, firstByteMs: 15_000, redirects: 0 };
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 };

/**
 * The provider that the operator has set. Its own address may be private, as a model's may: the exemption is for searches
 * only. It is not followed anywhere else.
 */
export function createSearchProvider(
  choice: Extract<SearchChoice, { kind: 'on' }>,
  deps: SearchProviderDeps,
): SearchProvider {
  const { hostname, port, protocol } = new URL(choice.endpoint);
  const own = { host: hostname, port: Number(port) || (DEFAULT_PORTS[protocol] ?? 443) };
  const limits = { ...deps.limits, ...SEARCH_LIMITS };
  const client = createWebClient({ ...deps, limits, privateHosts: [own] });
  const dialect = DIALECTS[choice.provider];
  const hide = concealSecrets(choice.key === null ? [] : [choice.key]);
  return {
    name: choice.describe,
    async search(query, signal) {
      const request = dialect.request(query, choice);
      const outcome = await client.send(
        { request, capabilities: [], beforeSending: async () => undefined },
        signal,
      );
      if (outcome.kind !== 'response') return refused(hide(outcome.reason));
      const answer = answerOf(outcome);
      if (answer.kind === 'problem') return refused(answer.problem);
      const results = dialect.read(answer.value);
      if (results === null) return refused('the search provider answered in a form that is not known here.');
      const hidden = results.map(({ title, url, snippet }) => ({
        title: hide(title),
        url: hide(url),
        snippet: hide(snippet),
      }));
      return { kind: 'results', results: boundedResults(hidden, query.count) };
    },
  };
}

type ReadAnswer =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'problem'; readonly problem: string };

function answerOf({ status, body, truncated }: Extract<WebOutcome, { kind: 'response' }>): ReadAnswer {
  if (status !== 200)
    return problem(`the search provider answered with status ${status}${HINTS[status] ?? ''}.`);
  if (truncated) return problem('the search provider’s answer was too long or broke off.');
  try {
    return { kind: 'value', value: JSON.parse(body) };
  } catch {
    // A page for people, most often: there is nothing in it to show.
    return problem('the search provider did not answer with JSON.');
  }
}

const HINTS: Readonly<Record<number, string>> = {
  401: ': the key is wrong',
  403: ': the key is wrong, or a SearXNG that does not allow the format json',
  429: ': too many searches; wait a while',
};

function problem(text: string): ReadAnswer {
  return { kind: 'problem', problem: text };
}

function refused(reason: string): SearchReply {
  return { kind: 'refused', reason: `Nothing was found: ${reason}` };
}
