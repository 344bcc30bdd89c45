import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { SecretFiller } from '../secret-filler.ts';
import { type EgressBench, openEgressBench } from '../testing/egress-bench.ts';
import { openSite } from '../testing/sites.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});

const HOSTS = ['www.shop.co.uk', 'shop.co.uk', 'other.co.uk', 'me.github.io', 'you.github.io'];
const VALUE = 'value-of-the-key';
const secrets: SecretFiller = {
  fill: async (headers) => ({
    kind: 'filled',
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, text]) => [name, text.replaceAll('secret:KEY', VALUE)]),
    ),
    hide: (text) => text.replaceAll(VALUE, '[secret]'),
  }),
};

interface Web {
  readonly bench: EgressBench;
  readonly asked: IncomingMessage[];
  /** What was asked for, as `host/path`. */
  visited(): string[];
  url(host: string, path: string): string;
}

/** One server under many names. `/to?<address>` redirects there with status 302, or as `/307?<address>` says. */
async function openWeb(): Promise<Web> {
  const site = await openSite((request, response) => {
    const { pathname, search } = new URL(request.url ?? '', 'http://any');
    const isRedirect = pathname === '/to' || /^\/30\d$/.test(pathname);
    if (!isRedirect)
      return response.setHeader('x-seen', String(request.headers.authorization)).end('arrived');
    const status = Number(pathname.slice(1)) || 302;
    const asked = String(request.headers['x-api-key'] ?? '');
    const location = decodeURIComponent(search.slice(1)).replaceAll('{key}', asked);
    return response.writeHead(status, { location }).end('moved');
  });
  const bench = await openEgressBench({
    privateHosts: HOSTS.map((host) => ({ host, port: site.port })),
    secrets,
  });
  closing.push(site, bench);
  return {
    bench,
    asked: site.asked,
    visited: () =>
      site.asked.map(({ headers, url }) => `${headers.host?.replace(/:\d+$/, '')}${url?.split('?')[0]}`),
    url: (host, path) => `http://${host}:${site.port}${path}`,
  };
}

const to = (address: string) => `/to?${encodeURIComponent(address)}`;

describe('a redirect', () => {
  it('within the site is followed, each hop recorded', async () => {
    const { bench, visited, url } = await openWeb();
    const end = url('www.shop.co.uk', '/end');
    const reply = await bench.fetch({ url: url('shop.co.uk', to(end)) });
    expect(reply).toMatchObject({ status: 200, body: 'arrived', finalUrl: end });
    expect(visited()).toEqual(['shop.co.uk/to', 'www.shop.co.uk/end']);
    expect(bench.audit.map(({ event, detail }) => [event, detail['redirects']])).toEqual([
      ['request-made', 0],
      ['request-made', 1],
    ]);
  });

  it.each([
    ['to another site', 'shop.co.uk', 'other.co.uk'],
    ['to a neighbour on a shared domain', 'me.github.io', 'you.github.io'],
  ])('%s is handed back unfollowed', async (_name, from, target) => {
    const { bench, visited, url } = await openWeb();
    const location = url(target, '/end');
    expect(await bench.fetch({ url: url(from, to(location)) })).toMatchObject({
      status: 302,
      headers: { location },
    });
    expect(visited()).toHaveLength(1);
  });

  it('to another site is followed when the token may read there', async () => {
    const { bench, visited, url } = await openWeb();
    const token = bench.token('T-1', 1, ['http:other.co.uk/**:get']);
    const request = { url: url('shop.co.uk', to(url('other.co.uk', '/end'))) };
    expect(await bench.fetch(request, { token })).toMatchObject({ status: 200 });
    expect(visited()).toEqual(['shop.co.uk/to', 'other.co.uk/end']);
  });

  it.each([
    'http://127.0.0.1:1/',
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]/',
    'http://2130706433/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http://me:word@www.shop.co.uk/',
    '//',
  ])('to %s is handed back unfollowed', async (location) => {
    const { bench, url } = await openWeb();
    expect(await bench.fetch({ url: url('shop.co.uk', to(location)) })).toMatchObject({ status: 302 });
    expect(bench.connected).toHaveLength(1);
  });

  it('to a name of the site that is private is refused in words', async () => {
    const { bench, url } = await openWeb();
    const reply = await bench.fetch({ url: url('shop.co.uk', to('http://intern.shop.co.uk/')) });
    expect(reply).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(
        /sent the request on to intern\.shop\.co\.uk.*not on the public internet/,
      ),
    });
    expect(bench.connected).toHaveLength(1);
    expect(bench.audit.map(({ event }) => event)).toEqual(['request-made', 'request-refused']);
  });

  it('is followed five times and no more', async () => {
    const { bench, asked, url } = await openWeb();
    expect(await bench.fetch({ url: url('shop.co.uk', '/to') })).toMatchObject({ status: 302 });
    expect(asked).toHaveLength(6);
  });

  it.each([
    ['POST', 302, 'pay'],
    ['POST', 307, 'pay'],
    ['DELETE', 301, null],
    ['GET', 302, 'with a body'],
  ] as const)(
    'of a %s with status %d is handed back, so that nothing is done twice',
    async (method, status, body) => {
      const { bench, asked, url } = await openWeb();
      const address = url('shop.co.uk', `/${status}?${encodeURIComponent('/end')}`);
      expect(await bench.fetch({ method, url: address, body })).toMatchObject({ status });
      expect(asked).toHaveLength(1);
    },
  );
});

describe('a redirect to an address that holds a secret', () => {
  const REASON =
    'The site sent the request on to an address that holds a secret’s value, which Reeve does not follow.';
  const headers = { 'X-Api-Key': 'secret:KEY' };

  it.each([
    ['within the origin', 'shop.co.uk', '/end?token={key}'],
    ['on another host of the site', 'www.shop.co.uk', '/end?token={key}'],
    ['as part of a host', '{key}.shop.co.uk', '/'],
    ['with percent signs', 'www.shop.co.uk', '/end/%76alue%2Dof-the-key'],
  ])('%s is refused, and nothing keeps the value', async (_name, host, path) => {
    const { bench, asked, url } = await openWeb();
    const reply = await bench.fetch({ url: url('shop.co.uk', to(url(host, path))), headers });
    expect(reply).toEqual({ kind: 'refused', reason: REASON });
    expect(asked).toHaveLength(1);
    expect(bench.audit.map(({ event }) => event)).toEqual(['request-made', 'request-refused']);
    const kept = JSON.stringify([reply, bench.audit, bench.logged, [...bench.uses.values()]]);
    expect(kept).not.toMatch(/value-of-the-key|%76alue/);
  });

  it('is handed back unfollowed, without the value, where it leads out of reach', async () => {
    const { bench, url } = await openWeb();
    const reply = await bench.fetch({
      url: url('shop.co.uk', to('http://other.co.uk/?k={key}')),
      headers,
    });
    expect(reply).toMatchObject({ status: 302, headers: { location: 'http://other.co.uk/?k=[secret]' } });
  });
});

describe('a secret that went out before a redirect', () => {
  it('is taken out of the answer of a host that it did not go to', async () => {
    let seen = '';
    const site = await openSite((request, response) => {
      if (request.url !== '/a') return response.setHeader('x-seen', seen).end(`before you: ${seen}`);
      seen = String(request.headers['x-api-key']);
      return response
        .writeHead(302, { location: `http://www.shop.co.uk:${request.socket.localPort}/b` })
        .end();
    });
    const bench = await openEgressBench({
      privateHosts: HOSTS.map((host) => ({ host, port: site.port })),
      secrets,
    });
    closing.push(site, bench);
    const url = `http://shop.co.uk:${site.port}/a`;
    expect(await bench.fetch({ url, headers: { 'X-Api-Key': 'secret:KEY' } })).toMatchObject({
      status: 200,
      body: 'before you: [secret]',
      headers: { 'x-seen': '[secret]' },
      finalUrl: `http://www.shop.co.uk:${site.port}/b`,
    });
  });

  it('is left in the address that the worker asked for itself', async () => {
    const { bench, url } = await openWeb();
    const own = url('shop.co.uk', `/end?guess=${VALUE}`);
    const reply = await bench.fetch({ url: own, headers: { 'X-Api-Key': 'secret:KEY' } });
    expect(reply).toMatchObject({ finalUrl: own });
  });
});

describe('what goes along with a redirect', () => {
  const headers = { Authorization: 'Bearer secret:KEY', 'X-Api-Key': 'plain', Accept: 'text/html' };

  it('within the origin: everything, and no answer carries the secret', async () => {
    const { bench, asked, url } = await openWeb();
    const reply = await bench.fetch({ url: url('shop.co.uk', to('/end')), headers });
    expect(asked.map((request) => request.headers.authorization)).toEqual([
      `Bearer ${VALUE}`,
      `Bearer ${VALUE}`,
    ]);
    expect(reply).toMatchObject({ headers: { 'x-seen': 'Bearer [secret]' } });
    expect(JSON.stringify([reply, bench.audit, bench.logged])).not.toContain(VALUE);
  });

  it('to another host of the same site: harmless headers only', async () => {
    const { bench, asked, url } = await openWeb();
    await bench.fetch({ url: url('shop.co.uk', to(url('www.shop.co.uk', '/end'))), headers });
    expect(asked.at(-1)?.headers).toMatchObject({ accept: 'text/html' });
    expect(asked.at(-1)?.headers).not.toHaveProperty('authorization');
    expect(asked.at(-1)?.headers).not.toHaveProperty('x-api-key');
  });

  it('a secret over plain http to a host that nobody exempted: nothing, not even a connection', async () => {
    const { bench } = await openWeb();
    expect(await bench.fetch({ url: 'http://www.shop.co.uk/', headers })).toEqual({
      kind: 'refused',
      reason: 'A secret goes out over https only.',
    });
    expect(bench.connected).toEqual([]);
  });
});
