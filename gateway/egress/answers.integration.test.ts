import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { SecretFiller } from '../secret-filler.ts';
import { concealSecrets } from '../secrets/concealment.ts';
import { type EgressBench, openEgressBench } from '../testing/egress-bench.ts';
import { type Certificate, makeCertificate } from '../testing/self-signed.ts';
import { openRawSite, openSite, openTlsSite } from '../testing/sites.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});

type Options = Parameters<typeof openEgressBench>[0];

async function openFor(
  port: number,
  limits: Options['limits'] = {},
): Promise<{ bench: EgressBench; url: string }> {
  const bench = await openEgressBench({ privateHosts: [{ host: 'site.example.org', port }], limits });
  closing.push(bench);
  return { bench, url: `http://site.example.org:${port}/` };
}

async function withSite(listener: RequestListener, limits: Options['limits'] = {}) {
  const site = await openSite(listener);
  closing.push(site);
  return { ...(await openFor(site.port, limits)), site };
}

async function withTalk(talk: (socket: Socket, head: string) => void, limits: Options['limits'] = {}) {
  const site = await openRawSite(talk);
  closing.push(site);
  return { ...(await openFor(site.port, limits)), site };
}

describe('answers', () => {
  it.each([
    ['text without a charset', 'text/plain', Buffer.from('grün'), 'grün'],
    ['text in Latin-1', 'text/html; charset=iso-8859-1', Buffer.from('gr\u00fcn', 'latin1'), 'grün'],
    ['JSON', 'application/json', Buffer.from('{"a":1}'), '{"a":1}'],
  ])('%s is text', async (_name, type, bytes, text) => {
    const { bench, url } = await withSite((_request, response) =>
      response.setHeader('content-type', type).end(bytes),
    );
    expect(await bench.fetch({ url })).toMatchObject({ body: text, encoding: 'text', truncated: false });
  });

  it.each([
    ['bytes that are no UTF-8', 'text/plain', Buffer.from([0xff, 0xfe, 0xfd])],
    ['an image', 'image/png', Buffer.from('not really')],
    ['text with a NUL', 'text/plain', Buffer.from('a\0b')],
  ])('%s is base64', async (_name, type, bytes) => {
    const { bench, url } = await withSite((_request, response) =>
      response.setHeader('content-type', type).end(bytes),
    );
    expect(await bench.fetch({ url })).toMatchObject({ body: bytes.toString('base64'), encoding: 'base64' });
  });

  it('are unpacked', async () => {
    const { bench, url } = await withSite((_request, response) =>
      response.setHeader('content-encoding', 'gzip').end(gzipSync('hello '.repeat(100))),
    );
    const reply = await bench.fetch({ url });
    expect(reply).toMatchObject({ body: 'hello '.repeat(100), truncated: false });
    expect(reply.kind === 'response' && reply.headers['content-encoding']).toBe(undefined);
  });

  it('packed in a way that is not known here stay as they are, and say so', async () => {
    const { bench, url } = await withSite((_request, response) =>
      response.setHeader('content-encoding', 'compress').end('as it is'),
    );
    expect(await bench.fetch({ url })).toMatchObject({
      body: 'as it is',
      headers: { 'content-encoding': 'compress' },
    });
  });

  it('are unpacked whatever the case of the coding', async () => {
    const { bench, url } = await withSite((_request, response) =>
      response.setHeader('content-encoding', 'GZip').end(gzipSync('hello')),
    );
    expect(await bench.fetch({ url })).toMatchObject({ body: 'hello', truncated: false });
  });

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('to %s with status %d have nothing to unpack and are whole', async (method, status) => {
    const { bench, url } = await withSite((_request, response) =>
      response.writeHead(status, { 'content-encoding': 'gzip' }).end(),
    );
    expect(await bench.fetch({ url, method: method as 'HEAD' | 'GET' })).toMatchObject({
      status,
      body: '',
      truncated: false,
      headers: { 'content-encoding': 'gzip' },
    });
  });

  it('of HTTP/1.0, without a length, end with the connection', async () => {
    const { bench, url } = await withTalk((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nold but well'));
    expect(await bench.fetch({ url })).toMatchObject({ status: 200, body: 'old but well', truncated: false });
  });

  it('to HEAD have no body', async () => {
    const { bench, url } = await withSite((_request, response) =>
      response.setHeader('content-length', '5000').end(),
    );
    expect(await bench.fetch({ url, method: 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
      truncated: false,
    });
  });
});

describe('answers of a host that knows a secret', () => {
  const VALUE = 'canary-value-0123456789';
  const secrets: SecretFiller = {
    fill: async (headers, host) => ({
      kind: 'filled',
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, value.replaceAll('secret:KEY', VALUE)]),
      ),
      hide: host === 'site.example.org' ? concealSecrets([VALUE]) : null,
    }),
  };
  const headers = { 'X-Key': 'secret:KEY' };

  async function withSecret(listener: RequestListener) {
    const site = await openSite(listener);
    const bench = await openEgressBench({
      privateHosts: ['site.example.org', 'other.example.org'].map((host) => ({ host, port: site.port })),
      secrets,
    });
    closing.push(site, bench);
    return {
      bench,
      site,
      url: `http://site.example.org:${site.port}/`,
      other: `http://other.example.org:${site.port}/`,
    };
  }

  it('are rid of it also later, when a request names none', async () => {
    let kept = '';
    const { bench, url, other } = await withSecret((request, response) => {
      kept ||= String(request.headers['x-key']);
      response.setHeader('x-kept', kept).end(kept);
    });
    await bench.fetch({ url, headers });
    expect(kept).toBe(VALUE);
    expect(await bench.fetch({ url })).toMatchObject({ body: '[secret]', headers: { 'x-kept': '[secret]' } });
    expect(await bench.fetch({ url: other })).toMatchObject({ body: VALUE });
  });

  it.each([
    ['twice', 'gzip, gzip', (text: string) => gzipSync(gzipSync(text))],
    ['in a way that is not known here', 'compress', (text: string) => Buffer.from(text)],
  ])('packed %s are refused in words', async (_how, coding, pack) => {
    const { bench, url } = await withSecret((request, response) =>
      response.setHeader('content-encoding', coding).end(pack(String(request.headers['x-key']))),
    );
    const reason = expect.stringMatching(/answered with status 200, but packed its answer/);
    expect(await bench.fetch({ url, headers })).toEqual({ kind: 'refused', reason });
    expect(await bench.fetch({ url, headers, method: 'POST', body: 'x' })).toEqual({
      kind: 'unknown',
      reason,
    });
  });

  it('in capital GZIP are unpacked and rid of it', async () => {
    const { bench, url } = await withSecret((request, response) =>
      response.setHeader('content-encoding', 'GZIP').end(gzipSync(`key ${String(request.headers['x-key'])}`)),
    );
    expect(await bench.fetch({ url, headers })).toMatchObject({ body: 'key [secret]', encoding: 'text' });
  });

  it('come whole: a part of one cannot be asked for', async () => {
    const { bench, site, url, other } = await withSecret((_request, response) => response.end('part'));
    const refused = { kind: 'refused', reason: expect.stringContaining('“range”') };
    expect(await bench.fetch({ url, headers: { ...headers, Range: 'bytes=5-' } })).toMatchObject(refused);
    expect(await bench.fetch({ url, headers: { range: 'bytes=5-' } })).toMatchObject(refused);
    expect(site.asked).toEqual([]);
    expect(await bench.fetch({ url: other, headers: { Range: 'bytes=5-' } })).toMatchObject({ body: 'part' });
  });
});

describe('answers that are too much', () => {
  const LIMIT = 100_000;

  it('10 GB as declared: cut at the limit, and the connection closed', async () => {
    let written = 0;
    const { bench, url } = await withTalk(
      (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${10 * 1024 ** 3}\r\n\r\n`);
        const piece = Buffer.alloc(64 * 1024, 'a');
        const pump = () => {
          while (!socket.destroyed && socket.write(piece)) written += piece.length;
        };
        socket.on('drain', pump);
        pump();
      },
      { answerBytes: LIMIT },
    );
    expect(await bench.fetch({ url })).toMatchObject({ body: 'a'.repeat(LIMIT), truncated: true });
    expect(written).toBeLessThan(50_000_000);
  });

  it('without an end: cut at the limit', async () => {
    const { bench, url } = await withSite(
      (_request, response) => {
        const pump = () => {
          while (!response.destroyed && response.write('b'.repeat(10_000)));
        };
        response.on('drain', pump);
        pump();
      },
      { answerBytes: LIMIT },
    );
    expect(await bench.fetch({ url })).toMatchObject({ body: 'b'.repeat(LIMIT), truncated: true });
  });

  it('packed small and unpacked large: cut at the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const { bench, url } = await withSite(
      (_request, response) =>
        response.setHeader('content-type', 'text/plain').setHeader('content-encoding', 'gzip').end(bomb),
      { answerBytes: LIMIT },
    );
    const reply = await bench.fetch({ url });
    expect(reply).toMatchObject({ encoding: 'base64', truncated: true });
    expect(reply.kind === 'response' && Buffer.from(reply.body, 'base64').length).toBe(LIMIT);
  });

  it('packed and large as sent, whatever it unpacks to: cut at the limit', async () => {
    const nothings = Buffer.concat(Array<Buffer>(20_000).fill(gzipSync('')));
    const { bench, url } = await withSite(
      (_request, response) => response.setHeader('content-encoding', 'gzip').end(nothings),
      { answerBytes: LIMIT },
    );
    expect(await bench.fetch({ url })).toMatchObject({ truncated: true });
  });

  it('headers without an end: no answer', async () => {
    const { bench, url } = await withTalk((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const pump = () => {
        while (!socket.destroyed && socket.write(`x-a: ${'c'.repeat(1000)}\r\n`));
      };
      socket.on('drain', pump);
      pump();
    });
    expect(await bench.fetch({ url })).toMatchObject({
      kind: 'refused',
      reason: expect.stringMatching(/^No answer .*: the headers of what came back are too large\.$/),
    });
    expect(bench.logged.join('\n')).toContain('HPE_HEADER_OVERFLOW');
  });
});

describe('answers that break off', () => {
  it('in the middle of the body: what came is shown as incomplete', async () => {
    const { bench, url } = await withTalk((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this'),
    );
    expect(await bench.fetch({ url })).toMatchObject({ status: 200, body: 'only this', truncated: true });
  });

  it('out of time in the middle of the body: what came is shown as incomplete', async () => {
    const { bench, url } = await withTalk(
      (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nslow'),
      { requestMs: 150 },
    );
    expect(await bench.fetch({ url })).toMatchObject({ status: 200, body: 'slow', truncated: true });
  });

  const silent: [string, (socket: Socket) => void][] = [
    ['closed without a word', (socket) => socket.end()],
    ['reset', (socket) => socket.resetAndDestroy()],
    ['never answered', () => undefined],
    ['answered with nonsense', (socket) => socket.end('hello there\r\n\r\n')],
    [
      'answered with another protocol',
      (socket) => socket.write('HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    ],
  ];

  it.each(silent)('a change that is %s: unknown, which the owner is asked about', async (_name, talk) => {
    const { bench, url, site } = await withTalk(talk, { firstByteMs: 150 });
    const reply = await bench.fetch({ url, method: 'POST', body: 'pay' });
    expect(reply).toMatchObject({
      kind: 'unknown',
      reason: expect.stringMatching(/^No answer came from site\.example\.org/),
    });
    expect([...bench.uses.values()].map((use) => use.settled?.ok)).toEqual([null]);
    expect(site.heads).toHaveLength(1);
  });

  it.each(silent)('a read that is %s: settled as nothing, in words', async (_name, talk) => {
    const { bench, url } = await withTalk(talk, { firstByteMs: 150 });
    expect(await bench.fetch({ url })).toMatchObject({ kind: 'refused' });
    expect([...bench.uses.values()][0]?.settled).toMatchObject({ ok: false });
  });

  const early = 'the site closed the connection before it had answered';
  it.each<[string, string, (socket: Socket) => void]>([
    ['closed without a word', early, (socket) => socket.end()],
    ['closed in its head', early, (socket) => socket.end('HTTP/1.1 200 OK\r\na: b')],
    ['reset', early, (socket) => socket.resetAndDestroy()],
    ['no HTTP', 'what came back is not HTTP', (socket) => socket.end('hello there\r\n\r\n')],
    ['nothing', '0.15 s are over', () => undefined],
  ])('%s: why there is no answer is told in words', async (_name, why, talk) => {
    const { bench, url, site } = await withTalk(talk, { firstByteMs: 150 });
    const host = new URL(url).host;
    expect(await bench.fetch({ url })).toEqual({
      kind: 'refused',
      reason: `No answer came from ${host}: ${why}.`,
    });
    expect(site.heads).toHaveLength(1);
  });

  it('https where plain http is spoken: not sent, in words; what OpenSSL calls it is logged', async () => {
    const site = await openSite((_request, response) => response.end());
    closing.push(site);
    const { bench } = await openFor(site.port);
    const host = `site.example.org:${site.port}`;
    expect(await bench.fetch({ url: `https://${host}/` })).toEqual({
      kind: 'refused',
      reason: `There is no way to ${host}: it does not speak TLS at this port.`,
    });
    expect(bench.logged.join('\n')).toMatch(/a dial failed .*SSL/);
  });

  it('nobody listens: not sent, in words', async () => {
    const site = await openSite(() => undefined);
    await site.close();
    const { bench, url } = await openFor(site.port);
    expect(await bench.fetch({ url, method: 'POST', body: 'pay' })).toEqual({
      kind: 'refused',
      reason: `There is no way to site.example.org:${site.port}: the connection was refused.`,
    });
  });

  it('the gateway stops in mid-request: unknown, and it stops without waiting for the site', async () => {
    const { bench, url, site } = await withTalk(() => undefined);
    const reply = bench.fetch({ url, method: 'POST', body: 'pay' }).catch(() => null);
    await expect.poll(() => site.heads.length).toBe(1);
    await bench.close();
    closing.splice(closing.indexOf(bench), 1);
    await reply;
    expect([...bench.uses.values()].map((use) => use.settled?.ok)).toEqual([null]);
  });
});

describe('certificates', () => {
  const greet: RequestListener = (_request, response) => void response.end('secure');

  async function openTls(certificate: Certificate) {
    const site = await openTlsSite(certificate, greet);
    closing.push(site);
    const { bench } = await openFor(site.port);
    return { bench, site, url: `https://site.example.org:${site.port}/` };
  }

  it('that nobody vouches for: not sent, and no variable changes that', async () => {
    const { bench, site, url } = await openTls(makeCertificate('site.example.org'));
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect(await bench.fetch({ url, method: 'POST', body: 'pay' })).toEqual({
        kind: 'refused',
        reason: expect.stringContaining('its certificate does not verify'),
      });
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
    expect(site.asked).toEqual([]);
  });

  it('that are trusted: answered for their own name, not sent for another', async () => {
    const [good, other] = [makeCertificate('site.example.org'), makeCertificate('other.example.org')];
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, good.cert, other.cert]);
    try {
      const right = await openTls(good);
      expect(await right.bench.fetch({ url: right.url })).toMatchObject({ status: 200, body: 'secure' });
      const wrong = await openTls(other);
      expect(await wrong.bench.fetch({ url: wrong.url })).toMatchObject({
        kind: 'refused',
        reason: expect.stringContaining('its certificate does not verify'),
      });
    } finally {
      setDefaultCACertificates(before);
    }
  });
});
