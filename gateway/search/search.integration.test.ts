import type { IncomingMessage, ServerResponse } from 'node:http';
import { canonicalSearch, type SearchQuery, searchReplySchema } from '@reeve/core';
import { afterEach, describe, expect, it } from 'vitest';
import { type EgressBench, openEgressBench } from '../testing/egress-bench.ts';
import { openSite, type Site } from '../testing/sites.ts';
import { chooseSearch, type SearchProviderName } from './search-choice.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const findings = [
  { title: 'Tides <b>today</b>', url: 'https://tides.example.org/a', content: 'High   at noon', engine: 'x' },
  { title: 'Shell', url: 'javascript:alert(1)', content: 'no address of the web' },
  { title: null, url: 'https://tides.example.org/b' },
  { title: 'Third', url: 'https://tides.example.org/c', content: 'c' },
];

const asSearxng = (_request: IncomingMessage, response: ServerResponse) =>
  response
    .setHeader('content-type', 'application/json')
    .end(JSON.stringify({ query: 'q', results: findings }));

async function open(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  provider: SearchProviderName = 'searxng',
): Promise<{ bench: EgressBench; site: Site; bodies: string[] }> {
  const bodies: string[] = [];
  const site = await openSite(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    bodies.push(body);
    listener(request, response);
  });
  const bench = await openEgressBench({
    search: chooseSearch({
      REEVE_SEARCH_PROVIDER: provider,
      REEVE_SEARCH_URL: `http://127.0.0.1:${site.port}`,
      REEVE_SEARCH_KEY: provider === 'searxng' ? undefined : 'the-search-key',
    }),
  });
  closing.push(bench.close, site.close);
  return { bench, site, bodies };
}

const query: SearchQuery = { query: 'when is high tide?', count: 2 };

function permit(bench: EgressBench, search = query, callId = 's1.0'): string {
  return bench.permitFor({ task: 'T-1', callId, tool: 'web.search', arguments: canonicalSearch(search) });
}

async function search(bench: EgressBench, call: object = {}, token?: string) {
  const body = { callId: 's1.0', permit: permit(bench), search: query, ...call };
  const { status, text } = await bench.post('/search', body, token);
  return { status, text, reply: status === 200 ? searchReplySchema.parse(JSON.parse(text)) : null };
}

describe('a search', () => {
  it('asks SearXNG, private as it may be, and gives bounded findings', async () => {
    const { bench, site } = await open(asSearxng);
    expect((await search(bench)).reply).toEqual({
      kind: 'results',
      results: [
        { title: 'Tides today', url: 'https://tides.example.org/a', snippet: 'High at noon' },
        { title: '', url: 'https://tides.example.org/b', snippet: '' },
      ],
    });
    expect(site.asked.map(({ url }) => url)).toEqual(['/search?q=when+is+high+tide%3F&format=json']);
    expect(bench.audit.map(({ event, detail }) => [event, detail['query']])).toEqual([
      ['search-made', query.query],
    ]);
    expect([...bench.uses.values()][0]?.settled).toMatchObject({ ok: true });
  });

  it('asks Brave with its key', async () => {
    const web = { results: [{ title: 'A', url: 'https://a.example.org/', description: 'the-search-key' }] };
    const { bench, site } = await open((_, response) => response.end(JSON.stringify({ web })), 'brave');
    expect((await search(bench)).reply).toEqual({
      kind: 'results',
      results: [{ title: 'A', url: 'https://a.example.org/', snippet: '[secret]' }],
    });
    expect(site.asked[0]?.headers['x-subscription-token']).toBe('the-search-key');
    expect(site.asked[0]?.url).toBe('/?q=when+is+high+tide%3F&count=2');
  });

  it('asks Tavily with its key', async () => {
    const { bench, site, bodies } = await open(asSearxng, 'tavily');
    expect((await search(bench)).reply).toMatchObject({
      kind: 'results',
      results: [{ title: 'Tides today' }, {}],
    });
    expect(site.asked[0]?.headers.authorization).toBe('Bearer the-search-key');
    expect(JSON.parse(bodies[0] ?? '')).toEqual({ query: query.query, max_results: 2 });
  });

  it('finds nothing where a provider says so', async () => {
    const { bench } = await open((_, response) => response.end('{}'), 'brave');
    expect((await search(bench)).reply).toEqual({ kind: 'results', results: [] });
  });
});

describe('a provider that answers badly', () => {
  it.each([
    [
      'with a page',
      (_: IncomingMessage, answer: ServerResponse) => answer.end('<html>hello'),
      /not answer with JSON/,
    ],
    [
      'with other JSON',
      (_: IncomingMessage, answer: ServerResponse) => answer.end('[1]'),
      /form that is not known/,
    ],
    [
      'with an error',
      (_: IncomingMessage, answer: ServerResponse) => answer.writeHead(500).end('{"results":[]}'),
      /status 500/,
    ],
    [
      'with 429',
      (_: IncomingMessage, answer: ServerResponse) => answer.writeHead(429).end(),
      /too many searches/,
    ],
    [
      'by sending elsewhere',
      (_: IncomingMessage, answer: ServerResponse) =>
        answer.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
      /status 302/,
    ],
    [
      'with too much',
      (_: IncomingMessage, answer: ServerResponse) => answer.end(`{"results":[${'1,'.repeat(1_500_000)}1]}`),
      /too long/,
    ],
    ['not at all', (_: IncomingMessage, answer: ServerResponse) => answer.destroy(), /No answer came/],
  ])('%s is a failure in words', async (_name, listener, reason) => {
    const { bench, site } = await open(listener);
    expect((await search(bench)).reply).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) });
    expect(site.asked).toHaveLength(1);
    expect([...bench.uses.values()][0]?.settled).toMatchObject({ ok: false });
  });
});

describe('a worker that searches', () => {
  it('without a provider reads that search is off', async () => {
    const bench = await openEgressBench({});
    closing.push(bench.close);
    expect((await search(bench)).reply).toEqual({
      kind: 'refused',
      reason: expect.stringContaining('is off'),
    });
    expect(bench.uses.size).toBe(0);
  });

  it.each([
    ['without a permit', () => ({ permit: null })],
    ['for other words', (bench: EgressBench) => ({ permit: permit(bench, { query: 'weather', count: 2 }) })],
    ['for another call', (bench: EgressBench) => ({ permit: permit(bench, query, 's9.9') })],
  ])('%s gets nothing', async (_name, call) => {
    const { bench, site } = await open(asSearxng);
    expect((await search(bench, call(bench))).reply?.kind).toBe('refused');
    expect(site.asked).toEqual([]);
    expect(bench.audit.map(({ event }) => event)).toEqual(['search-refused']);
  });

  it('twice under one permit gets findings once', async () => {
    const { bench, site } = await open(asSearxng);
    const call = { permit: permit(bench) };
    expect((await search(bench, call)).reply?.kind).toBe('results');
    expect((await search(bench, call)).reply).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('used'),
    });
    expect(site.asked).toHaveLength(1);
  });

  it('under a stale token gets nothing', async () => {
    const { bench, site } = await open(asSearxng);
    expect((await search(bench, {}, bench.token('T-1', 2))).status).toBe(401);
    expect(site.asked).toEqual([]);
  });
});
