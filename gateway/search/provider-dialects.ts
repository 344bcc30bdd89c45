import { type EgressRequest, type SearchQuery, type SearchResult, searchResultSchema } from '@reeve/core';
import { z } from 'zod';
import type { SearchProviderName } from './search-choice.ts';

/** How one provider is asked and how its answer is read. */
export interface SearchDialect {
  request(query: SearchQuery, at: { readonly endpoint: string; readonly key: string | null }): EgressRequest;
  /** Null when the answer is not in the provider's form. */
  read(answer: unknown): SearchResult[] | null;
}

/** A member that is missing or null reads as empty: engines leave out what they do not have. */
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');

const searxngAnswer = z.object({
  results: z.array(z.object({ title: text, url: z.string(), content: text })),
});
const braveAnswer = z.object({
  web: z
    .object({ results: z.array(z.object({ title: text, url: z.string(), description: text })) })
    .nullish(),
});

const json = { accept: 'application/json' };

/** https://docs.searxng.org/dev/search_api: `format=json` must be switched on there, else it answers 403. */
const searxng: SearchDialect = {
  request: ({ query }, { endpoint, key }) => ({
    method: 'GET',
    url: withParameters(endpoint, { q: query, format: 'json' }),
    headers: { ...json, ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
    body: null,
  }),
  read(answer) {
    const parsed = searxngAnswer.safeParse(answer);
    return parsed.success
      ? parsed.data.results.map(({ title, url, content }) => ({ title, url, snippet: content }))
      : null;
  },
};

/** https://api-dashboard.search.brave.com: a search without findings has no `web`. */
const brave: SearchDialect = {
  request: ({ query, count }, { endpoint, key }) => ({
    method: 'GET',
    url: withParameters(endpoint, { q: query, count: String(count) }),
    headers: { ...json, 'x-subscription-token': key ?? '' },
    body: null,
  }),
  read(answer) {
    const parsed = braveAnswer.safeParse(answer);
    if (!parsed.success) return null;
    const results = parsed.data.web?.results ?? [];
    return results.map(({ title, url, description }) => ({ title, url, snippet: description }));
  },
};

/** https://docs.tavily.com: its findings are named as SearXNG's are. */
const tavily: SearchDialect = {
  request: ({ query, count }, { endpoint, key }) => ({
    method: 'POST',
    url: endpoint,
    headers: { ...json, 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, max_results: count }),
  }),
  read: (answer) => searxng.read(answer),
};

function withParameters(endpoint: string, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

export const DIALECTS: Readonly<Record<SearchProviderName, SearchDialect>> = { searxng, brave, tavily };

const MOST_CHARACTERS = { title: 300, url: 2048, snippet: 1000 };

/** At most so many findings, each with an http address, bounded, without markup that engines put into titles. */
export function boundedResults(results: readonly SearchResult[], count: number): SearchResult[] {
  return results
    .filter(({ url }) => /^https?:\/\//i.test(url) && url.length <= MOST_CHARACTERS.url && URL.canParse(url))
    .slice(0, count)
    .map(({ title, url, snippet }) =>
      searchResultSchema.parse({
        title: plain(title).slice(0, MOST_CHARACTERS.title).toWellFormed(),
        url,
        snippet: plain(snippet).slice(0, MOST_CHARACTERS.snippet).toWellFormed(),
      }),
    );
}

function plain(markup: string): string {
  return markup
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
