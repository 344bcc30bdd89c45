import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type EgressBench, openEgressBench, systemClock } from '../testing/egress-bench.ts';
import { closedRanges } from './address-class.ts';
import { DEFAULT_EGRESS_LIMITS } from './egress-limits.ts';
import { createTunnels } from './tunnels.ts';

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});

/** An echo server, and a gateway for which `echo.example.org` leads to it. */
async function open(
  options: { limits?: Parameters<typeof openEgressBench>[0]['limits']; exempt?: boolean } = {},
): Promise<{ bench: EgressBench; port: number; target: string; visitors: Set<Socket> }> {
  const visitors = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    visitors.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => visitors.delete(socket));
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const bench = await openEgressBench({
    privateHosts: options.exempt === false ? [] : [{ host: 'echo.example.org', port }],
    ...(options.limits ? { limits: options.limits } : {}),
  });
  closing.push(
    {
      async close() {
        for (const socket of visitors) socket.destroy();
        server.close();
        await once(server, 'close');
      },
    },
    bench,
  );
  bench.opened.push({ task: 'T-1', host: 'echo.example.org', port, approval: null });
  return { bench, port, target: `echo.example.org:${port}`, visitors };
}

async function echoed(socket: Socket, words: string): Promise<string> {
  socket.write(words);
  let heard = '';
  while (heard.length < words.length) heard += (await once(socket, 'data'))[0];
  return heard;
}

describe('CONNECT', () => {
  it('to an opened host: a tunnel both ways, recorded at its beginning and logged at its end', async () => {
    const { bench, target, port, visitors } = await open();
    const { status, socket } = await bench.tunnel(target, bench.token());
    expect(status).toBe(200);
    expect(await echoed(socket, 'hello')).toBe('hello');
    socket.end('bye');
    expect(await text(socket)).toBe('bye');
    await expect.poll(() => visitors.size).toBe(0);
    expect(bench.audit).toMatchObject([
      {
        event: 'tunnel-opened',
        subject: 'T-1',
        detail: { host: 'echo.example.org', port, address: '127.0.0.1' },
      },
    ]);
    await expect.poll(() => bench.logged.join('\n')).toContain('"bytesOut":8,"bytesIn":8');
  });

  it('keeps bytes that came along with the request', async () => {
    const { bench, target } = await open();
    const { socket } = await bench.tunnel(target, bench.token(), 'early ');
    expect(await echoed(socket, 'words')).toContain('early');
  });

  it.each([
    ['a host that was not opened', 'other.example.org:443', 403],
    ['an opened host on another port', 'echo.example.org:443', 403],
    ['an address', '127.0.0.1:80', 403],
    ['an address in one number', '2130706433:80', 403],
    ['an IPv6 address', '[::1]:80', 403],
    ['a wildcard', '*.example.org:443', 403],
    ['nothing', 'x', 403],
  ])('to %s: refused with how to open one', async (_name, target, expected) => {
    const { bench } = await open();
    const { status, text: answer } = await bench.tunnel(target, bench.token());
    expect(status).toBe(expected);
    expect(answer).toContain('network_open');
    expect(bench.connected).toEqual([]);
    expect(bench.audit.map(({ event }) => event)).toEqual(['tunnel-refused']);
  });

  it('is closed for a task to which nothing was opened', async () => {
    const { bench, target } = await open();
    bench.current.set('T-2', 1);
    expect((await bench.tunnel(target, bench.token('T-2'))).status).toBe(403);
    expect(bench.connected).toEqual([]);
  });

  it('to an opened host that is private: refused, whatever its name says', async () => {
    const { bench, target } = await open({ exempt: false });
    const { status, text: answer } = await bench.tunnel(target, bench.token());
    expect([status, answer]).toEqual([403, expect.stringContaining('not on the public internet')]);
    expect(bench.connected).toEqual([]);
  });

  it.each([
    ['no token', () => null],
    ['a token that is none', () => 'rv1.a.b'],
    ['the token of an attempt that is over', (bench: EgressBench) => bench.token('T-1', 9)],
  ])('with %s: 407', async (_name, tokenOf) => {
    const { bench, target } = await open();
    const { status, text: answer } = await bench.tunnel(target, tokenOf(bench));
    expect(status).toBe(407);
    expect(answer).toContain('Proxy-Authenticate');
    expect(bench.connected).toEqual([]);
  });

  it('has a limit of tunnels for each task', async () => {
    const { bench, target } = await open({ limits: { tunnelsPerTask: 2 } });
    const first = await bench.tunnel(target, bench.token());
    await bench.tunnel(target, bench.token());
    expect((await bench.tunnel(target, bench.token())).status).toBe(429);
    first.socket.destroy();
    await expect.poll(async () => (await bench.tunnel(target, bench.token())).status).toBe(200);
  });

  it('when nobody listens there: 502', async () => {
    const { bench, target } = await open();
    bench.failConnecting();
    expect((await bench.tunnel(target, bench.token())).status).toBe(502);
  });
});

describe('a refused client that keeps its end open', () => {
  /** Asks for a tunnel, hears the whole refusal, and closes nothing. */
  async function refusedClient(bench: EgressBench, target: string, token: string | null): Promise<Socket> {
    const socket = connect({ path: bench.socketPath, allowHalfOpen: true });
    closing.push({ close: async () => void socket.destroy() });
    const authorization = token === null ? '' : `Proxy-Authorization: Bearer ${token}\r\n`;
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${authorization}\r\n`);
    expect(await text(socket.on('error', () => undefined))).toMatch(/^HTTP\/1\.1 4\d\d .+\.\n$/s);
    return socket;
  }

  /** Whether the other end has gone, which a write finds out. */
  async function isLetGo(socket: Socket): Promise<boolean> {
    return new Promise((resolve) => socket.write('x', (error) => resolve(error != null)));
  }

  it('does not keep the gateway from stopping', async () => {
    const { bench, target } = await open();
    await refusedClient(bench, target, null);
    closing.splice(closing.indexOf(bench), 1);
    expect(await Promise.race([bench.close().then(() => 'stopped'), delay(3000, 'hangs')])).toBe('stopped');
  });

  it('is let go, however many come', async () => {
    const { bench, target } = await open({ limits: { tunnelsPerTask: 1 } });
    await bench.tunnel(target, bench.token());
    const ask = () => refusedClient(bench, target, bench.token());
    const clients = await Promise.all(Array.from({ length: 20 }, ask));
    for (const client of clients) await expect.poll(() => isLetGo(client)).toBe(true);
  });

  /** A refusal on its way to an end that takes no byte of it. */
  async function refusedDeafEnd(sleep: () => Promise<void>) {
    const offered: Buffer[] = [];
    const end = new Duplex({ read: () => undefined, write: (piece) => void offered.push(piece) });
    const tunnels = createTunnels({
      store: {} as never,
      refusals: {} as never,
      network: {} as never,
      log: {} as never,
      tokenKey: new Uint8Array(32),
      clock: { ...systemClock, sleep },
      privateHosts: [],
      closedRanges: closedRanges([]),
      limits: DEFAULT_EGRESS_LIMITS,
      stopping: new AbortController().signal,
    });
    tunnels.handleConnect({ headers: {} } as never, end, Buffer.alloc(0));
    await expect.poll(() => offered.length).toBe(1);
    return { end, tunnels };
  }

  it('and does not read either is let go when its time is over', async () => {
    const { end } = await refusedDeafEnd(async () => undefined);
    await expect.poll(() => end.destroyed).toBe(true);
  });

  it('and does not read either is let go when the gateway stops', async () => {
    const { end, tunnels } = await refusedDeafEnd(() => new Promise(() => undefined));
    expect(end.destroyed).toBe(false);
    tunnels.closeAll();
    expect(end.destroyed).toBe(true);
  });
});

describe('a tunnel ends', () => {
  it('with its attempt', async () => {
    const { bench, target, visitors } = await open();
    const { socket } = await bench.tunnel(target, bench.token());
    expect(await echoed(socket, 'hello')).toBe('hello');
    const closed = once(socket, 'close');
    bench.current.set('T-1', 2);
    await closed;
    await expect.poll(() => visitors.size).toBe(0);
    expect(bench.logged.join('\n')).toContain('the attempt is over');
  });

  it('when too much has gone through it', async () => {
    const { bench, target } = await open({ limits: { tunnelBytes: 10_000 } });
    const { socket } = await bench.tunnel(target, bench.token());
    socket.on('error', () => socket.destroy()).resume();
    const closed = once(socket, 'close');
    socket.write(Buffer.alloc(50_000));
    await closed;
    await expect.poll(() => bench.logged.join('\n')).toContain('too much went through it');
  });

  it('when nothing goes through it for too long', async () => {
    const { bench, target } = await open({ limits: { tunnelIdleMs: 100, tunnelCheckMs: 50 } });
    const { socket } = await bench.tunnel(target, bench.token());
    await once(socket.resume(), 'close');
    expect(bench.logged.join('\n')).toContain('nothing went through it');
  });

  it('when the worker goes away', async () => {
    const { bench, target, visitors } = await open();
    const { socket } = await bench.tunnel(target, bench.token());
    await expect.poll(() => visitors.size).toBe(1);
    socket.destroy();
    await expect.poll(() => visitors.size).toBe(0);
  });

  it('when the other side has said everything; its place is free then', async () => {
    const { bench, target, visitors } = await open({ limits: { tunnelsPerTask: 1 } });
    const { socket } = await bench.tunnel(target, bench.token());
    await expect.poll(() => visitors.size).toBe(1);
    for (const visitor of visitors) visitor.end('that was all');
    expect(String(await socket.toArray())).toBe('that was all');
    await expect.poll(() => bench.logged.join('\n')).toContain('one end has closed it');
    expect((await bench.tunnel(target, bench.token())).status).toBe(200);
  });

  it('when the other side breaks it', async () => {
    const { bench, target, visitors } = await open();
    const { socket } = await bench.tunnel(target, bench.token());
    await expect.poll(() => visitors.size).toBe(1);
    const closed = once(socket.resume(), 'close');
    for (const visitor of visitors) visitor.resetAndDestroy();
    await closed;
  });

  it('when the gateway stops', async () => {
    const { bench, target, visitors } = await open();
    await bench.tunnel(target, bench.token());
    await expect.poll(() => visitors.size).toBe(1);
    await bench.close();
    closing.splice(closing.indexOf(bench), 1);
    await expect.poll(() => visitors.size).toBe(0);
  });
});

describe('a plain request in proxy form', () => {
  it.each(['GET', 'POST'])(
    '%s is refused with how to open a host, and is no path of the gateway',
    async (method) => {
      const { bench } = await open();
      const outgoing = httpRequest({
        socketPath: bench.socketPath,
        method,
        path: 'http://evil.example.org/healthz',
      });
      outgoing.end();
      const [response] = await once(outgoing, 'response');
      expect(response.statusCode).toBe(403);
      expect(await text(response)).toContain('network_open');
      expect(bench.connected).toEqual([]);
    },
  );
});
