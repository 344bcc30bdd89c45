import { z } from 'zod';

/** What a worker looks for on the web. The query leaves the tenant: the search provider reads it. */
export const searchQuerySchema = z.strictObject({
  query: z.string().trim().min(1).max(400),
  count: z.number().int().min(1).max(10),
});

export type SearchQuery = z.output<typeof searchQuerySchema>;

/**
 * The arguments of a `web.search` as they are permitted and as they run; coordinator and gateway both build the call's
 * digest from these.
 */
export function canonicalSearch({ query, count }: SearchQuery) {
  return { query, count };
}

/** `POST /search` at the gateway. */
export const searchCallSchema = z.strictObject({
  callId: z.string().max(256),
  permit: z.string().nullable(),
  search: searchQuerySchema,
});

/** One finding, in the provider's words: content from outside. */
export const searchResultSchema = z.strictObject({
  title: z.string(),
  url: z.string(),
  snippet: z.string(),
});

export const searchReplySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('results'), results: z.array(searchResultSchema) }),
  /** `reason` is a sentence. */
  z.strictObject({ kind: z.literal('refused'), reason: z.string() }),
]);

export type SearchCall = z.infer<typeof searchCallSchema>;
export type SearchResult = z.infer<typeof searchResultSchema>;
export type SearchReply = z.infer<typeof searchReplySchema>;
