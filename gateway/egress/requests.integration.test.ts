import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type EgressBench, openEgressBench, requestOf } from '../testing/egress-bench.ts';
import { openSite, type Site } from '../testing/sites.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});

const greet: RequestListener = (_request, response) => {
  response.setHeader('content-type', 'text/plain').end('hello');
};

/** A gateway and a site at `site.example.org` that it may reach although it is on loopback. */
async function open(
  options: Parameters<typeof openEgressBench>[0] & { listener?: RequestListener } = {},
): Promise<{ bench: EgressBench; site: Site; url: string }> {
  const site = await openSite(options.listener ?? greet);
  const bench = await openEgressBench({
    privateHosts: [{ host: 'site.example.org', port: site.port }],
    ...options,
  });
  closing.push(site, bench);
  return { bench, site, url: `http://site.example.org:${site.port}/notes?x=1` };
}

describe('a permitted request', () => {
  it('goes out once, is answered, settled and recorded without its contents', async () => {
    const { bench, site, url } = await open();
    const reply = await bench.fetch({
      method: 'POST',
      url,
      headers: { 'X-Kind': 'header-canary' },
      body: 'body-canary',
    });
    expect(reply).toEqual({
      kind: 'response',
      status: 200,
      headers: expect.objectContaining({ 'content-type': 'text/plain' }),
      body: 'hello',
      encoding: 'text',
      truncated: false,
      finalUrl: url,
    });
    const [asked] = site.asked;
    expect([asked?.method, asked?.url]).toEqual(['POST', '/notes?x=1']);
    expect(asked?.headers).toMatchObject({
      host: `site.example.org:${site.port}`,
      'x-kind': 'header-canary',
      'content-length': '11',
    });
    expect([...bench.uses.values()].map((use) => use.settled)).toEqual([
      { ok: true, content: expect.stringContaining('Status 200') },
    ]);
    expect(bench.audit).toMatchObject([
      {
        event: 'request-made',
        actor: 'gateway',
        subject: 'T-1',
        detail: { method: 'POST', address: '127.0.0.1', bodyBytes: 11, headers: ['X-Kind'] },
      },
    ]);
    expect(JSON.stringify([bench.audit, bench.logged])).not.toContain('canary');
  });

  it('that the other side refuses is settled as one that did not succeed', async () => {
    const { bench, url } = await open({
      listener: (_request, response) => response.writeHead(404).end('nothing here'),
    });
    expect(await bench.fetch({ url })).toMatchObject({ kind: 'response', status: 404, body: 'nothing here' });
    expect([...bench.uses.values()][0]?.settled).toMatchObject({ ok: false });
  });

  it('is still answered when it cannot be settled, and the log says so', async () => {
    const { bench, url } = await open();
    bench.breakSettling();
    expect(await bench.fetch({ url })).toMatchObject({ kind: 'response', status: 200 });
    expect(bench.logged.join('\n')).toContain('could not be settled');
  });
});

describe('a worker that wants more than it was permitted', () => {
  const cases = {
    'no permit': { permit: () => null },
    'a permit that nobody issued': { permit: () => 'permit-99' },
    'the permit of another task': {
      permit: (bench: EgressBench, url: string) => bench.permit(requestOf({ url }), { task: 'T-2' }),
    },
    'the permit of another call': {
      permit: (bench: EgressBench, url: string) => bench.permit(requestOf({ url }), { callId: 's9.0' }),
    },
    'an expired permit': {
      permit: (bench: EgressBench, url: string) =>
        bench.permit(requestOf({ url }), { expiresAt: new Date(Date.now() - 1) }),
    },
    'another method': { request: { method: 'POST' } },
    'another address': { request: { url: 'http://site.example.org/other' } },
    'another header': { request: { headers: { 'x-a': '2' } } },
    'another body': { request: { method: 'GET', body: 'more' } },
    'a secret that was not approved': { request: { headers: { authorization: 'secret:KEY' } } },
  } as const;

  it.each(Object.entries(cases))('%s: refused, recorded, and nothing goes out', async (_name, wrong) => {
    const { bench, url } = await open();
    const request = requestOf({ url });
    const permit = 'permit' in wrong ? wrong.permit(bench, url) : bench.permit(request);
    const call = {
      callId: 's1.0',
      permit,
      request: { ...request, ...('request' in wrong ? wrong.request : {}) },
    };
    const { status, reply } = await bench.send(call);
    expect([status, reply?.kind]).toEqual([200, 'refused']);
    expect(bench.connected).toEqual([]);
    expect(bench.uses.size).toBe(0);
    expect(bench.audit.map(({ event }) => event)).toEqual(['request-refused']);
  });

  it('one permit used by twenty at once lets one request out', async () => {
    const { bench, site, url } = await open({ limits: { requestsPerTask: 20 } });
    const request = requestOf({ method: 'POST', url, body: 'pay' });
    const call = { callId: 's1.0', permit: bench.permit(request), request };
    const replies = await Promise.all(Array.from({ length: 20 }, () => bench.send(call)));
    expect(site.asked).toHaveLength(1);
    expect(replies.filter(({ reply }) => reply?.kind === 'response')).toHaveLength(1);
    const refusals = () =>
      bench.audit.filter(({ event }) => event.startsWith('refus') || event.endsWith('refused'));
    expect(
      refusals().map(({ event }) => event),
      'the chain is not flooded',
    ).toEqual(['request-refused']);
    await vi.waitFor(() => expect(refusals()[1]?.detail).toEqual({ count: 18 }), 3000);
  });

  it('two permits for the same call let one request out', async () => {
    const { bench, site, url } = await open();
    const request = requestOf({ method: 'POST', url, body: 'pay' });
    const permits = [bench.permit(request), bench.permit(request)];
    for (const permit of permits) await bench.send({ callId: 's1.0', permit, request });
    expect(site.asked).toHaveLength(1);
  });

  it('more at once than a task may have are refused, and the permit is kept', async () => {
    const waiting: (() => void)[] = [];
    const { bench, url } = await open({
      limits: { requestsPerTask: 2 },
      listener: (_request, response) => void waiting.push(() => response.end('done')),
    });
    const replies = Promise.all([bench.fetch({ url }), bench.fetch({ url })]);
    await expect.poll(() => waiting.length).toBe(2);
    expect(await bench.fetch({ url })).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('Too many'),
    });
    expect(bench.uses.size).toBe(2);
    for (const answer of waiting) answer();
    expect((await replies).map(({ kind }) => kind)).toEqual(['response', 'response']);
  });
});

describe('whose token is not good', () => {
  const tokens: Record<string, (bench: EgressBench) => string> = {
    'none at all': () => '',
    'another attempt’s': (bench) => bench.token('T-1', 2),
    'a finished task’s': (bench) => bench.token('T-7'),
    'a widened one': (bench) => {
      const [version, body = '', signature] = bench.token().split('.');
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
      const wide = JSON.stringify({ ...claims, task: 'T-1', capabilities: ['http:a.example.org/**:get'] });
      return [version, Buffer.from(wide).toString('base64url'), signature].join('.');
    },
  };

  it.each(Object.entries(tokens))('%s: 401', async (_name, tokenOf) => {
    const { bench, url } = await open();
    const request = requestOf({ url });
    const { status } = await bench.send(
      { callId: 's1.0', permit: bench.permit(request), request },
      tokenOf(bench),
    );
    expect(status).toBe(401);
    expect(bench.connected).toEqual([]);
  });
});

describe('a request that is never sent', () => {
  it('because its call is none: refused with what is wrong in it', async () => {
    const { bench } = await open();
    const nothing = await bench.post('/request', []);
    expect(nothing.status).toBe(400);
    expect(JSON.parse(nothing.text).detail).toContain('expected form: the body is not a JSON object.');
    const more = { callId: 'c', permit: null, request: requestOf({ url: 'http://a.example.org/' }), more: 1 };
    expect(JSON.parse((await bench.post('/request', more)).text).detail).toContain('form: the body: Unrecog');
    const wrong = await bench.post('/request', { ...more, request: { ...more.request, method: 'TRACE' } });
    expect(JSON.parse(wrong.text).detail).toContain('expected form: request.method: ');
  });

  it.each([
    ['a user name in the address', { url: 'http://me:word@site.example.org/' }],
    ['a foreign host header', { headers: { Host: 'other.example.org' } }],
    ['its own framing', { headers: { 'Transfer-Encoding': 'chunked' } }],
    ['a header for proxies', { headers: { 'proxy-authorization': 'x' } }],
    ['one header twice', { headers: { 'x-a': '1', 'X-A': '2' } }],
    ['a header outside of Latin-1', { headers: { 'x-a': 'snow ☃' } }],
    ['a secret that nobody keeps', { headers: { authorization: 'Bearer secret:KEY' } }],
  ])('with %s', async (_name, wrong) => {
    const { bench, url } = await open();
    const reply = await bench.fetch({ url, ...wrong });
    expect(reply.kind).toBe('refused');
    expect(bench.connected).toEqual([]);
    expect([...bench.uses.values()][0]?.settled).toMatchObject({ ok: false });
  });

  it.each([
    ['a header with a new line', { headers: { 'x-a': 'one\r\nHost: evil.example' } }],
    ['a header name with a colon', { headers: { 'x:a': 'one' } }],
    ['another protocol', { url: 'file:///etc/passwd' }],
    ['a method that is none', { method: 'CONNECT' }],
    ['a field too many', { proxy: 'http://10.0.0.1' }],
  ])('with %s: 400', async (_name, wrong) => {
    const { bench, url } = await open();
    const request = { ...requestOf({ url }), ...wrong };
    const { status } = await bench.send({ callId: 's1.0', permit: 'permit-1', request });
    expect(status).toBe(400);
    expect(bench.connected).toEqual([]);
  });

  it('to what the operator has closed, by request and by tunnel', async () => {
    const { bench } = await open({ resolve: async () => ['8.8.4.4'], closedRanges: ['8.8.4.0/24'] });
    expect(await bench.fetch({ url: 'https://pod.example.org/' })).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('closed by the operator'),
    });
    bench.opened.push({ task: 'T-1', host: 'pod.example.org', port: 443, approval: 'a' });
    const { text, socket } = await bench.tunnel('pod.example.org:443', bench.token());
    socket.destroy();
    expect(text).toContain('closed by the operator');
    expect(bench.connected).toEqual([]);
  });

  it('to a private address, in words; the permit is used up', async () => {
    const { bench } = await open({ resolve: async () => ['192.168.1.1'] });
    expect(await bench.fetch({ url: 'https://router.example.org/' })).toEqual({
      kind: 'refused',
      reason:
        'There is no way to router.example.org:443: it is at 192.168.1.1, which is not on the public internet (private).',
    });
    expect(bench.connected).toEqual([]);
    expect(bench.audit.map(({ event }) => event)).toEqual(['request-refused']);
  });

  it('to a name that changes its mind: the address that was checked is the one connected to', async () => {
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    let asked = 0;
    const { bench, url, site } = await open({ resolve: async () => answers[asked++] ?? [] });
    expect(await bench.fetch({ url })).toMatchObject({ kind: 'response' });
    expect(asked).toBe(1);
    expect(bench.connected).toEqual([`127.0.0.1 ${site.port}`]);
  });
});
