import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCommandDoor } from './command-door.ts';
import { createShimBench, type SandboxedShim, type ShimBench } from './shim/testing/sandboxed-shim.ts';
import { decodeOutput } from './shim/text.ts';

const hasOpenssl = existsSync('/usr/bin/openssl');
const commit = '0123456789abcdef0123456789abcdef01234567';
const clock = { now: () => new Date(), sleep: (milliseconds: number) => delay(milliseconds) };
const large = Buffer.alloc(20 * 1024 * 1024, 'abcdefgh');

/** A web site behind a gateway that tunnels to it and to nowhere else, and keeps what it was asked. */
async function startOutside(directory: string) {
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-days', '2', '-subj', '/CN=site.example.org', '-keyout', key, '-out', cert];
  execFileSync('/usr/bin/openssl', [...request, ...subject], { stdio: 'ignore' });
  const site = createHttpsServer(
    { key: readFileSync(key), cert: readFileSync(cert) },
    async (incoming, answer): Promise<void> => {
      let bytes = 0;
      for await (const chunk of incoming) bytes += (chunk as Buffer).length;
      if (incoming.url === '/large') answer.end(large);
      else if (incoming.url?.startsWith('/repo.git/info/refs')) answer.end(`${commit}\trefs/heads/main\n`);
      else answer.end(`hello ${bytes}`);
    },
  );
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  const asked: IncomingMessage[] = [];
  const plain: string[] = [];
  const gateway = createHttpServer((incoming, answer) => {
    plain.push(
      `${incoming.method} ${incoming.url} ${incoming.headers.authorization} ${incoming.headers['reeve-permit']}`,
    );
    answer.end(`${commit}\trefs/heads/main\n`);
  });
  gateway.on('connect', (incoming: IncomingMessage, socket, head) => {
    asked.push(incoming);
    if (incoming.url !== 'site.example.org:443') {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\nConnection: close\r\n\r\nnot open');
      return;
    }
    const outer = connect((site.address() as AddressInfo).port, '127.0.0.1');
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    outer.write(head);
    outer.pipe(socket).pipe(outer);
    outer.on('error', () => socket.destroy());
    socket.on('error', () => outer.destroy());
  });
  const socketPath = join(directory, 'gateway.sock');
  gateway.listen(socketPath);
  await once(gateway, 'listening');
  return {
    asked,
    plain,
    socketPath,
    close() {
      site.close();
      site.closeAllConnections();
      gateway.close();
    },
  };
}

describe.runIf(hasOpenssl)('commands and the world outside', () => {
  const pushes = { current: () => ({ callId: 's1.0', permit: 'the-permit' }) };
  let directory: string;
  let outside: Awaited<ReturnType<typeof startOutside>>;
  let bench: ShimBench;
  let pair: SandboxedShim;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'reeve-door-'));
    outside = await startOutside(directory);
    bench = await createShimBench();
    pair = await bench.open();
    pair.client.onTunnel(
      createCommandDoor({ socketPath: outside.socketPath, token: () => 'the-token', pushes, clock }),
    );
  });
  afterAll(async () => {
    await bench.close();
    outside.close();
    await rm(directory, { recursive: true });
  });
  beforeEach(() => {
    outside.asked.length = 0;
    outside.plain.length = 0;
  });

  async function say(command: string): Promise<string> {
    const outcome = await pair.client.run({ command: `exec 2>&1; ${command}`, timeoutMs: 30_000 });
    if (outcome.kind === 'refused') throw new Error(outcome.detail);
    return decodeOutput(outcome.value.stdout).text.trim();
  }

  it.each([
    ['curl', `curl -sk https://site.example.org/`],
    [
      'python3',
      `python3 -c 'import ssl, urllib.request as u; print(u.urlopen("https://site.example.org/", context=ssl._create_unverified_context()).read().decode())'`,
    ],
    [
      'node',
      `NODE_TLS_REJECT_UNAUTHORIZED=0 node --no-warnings -e 'fetch("https://site.example.org/").then((r) => r.text()).then(console.log)'`,
    ],
  ])('%s reaches an opened host, with the token that the loop adds', async (_name, command) => {
    expect(await say(command)).toBe('hello 0');
    expect(outside.asked.map(({ headers }) => headers['proxy-authorization'])).toEqual(['Bearer the-token']);
  });

  it.each([
    ['https://site.example.org/repo.git', 'site.example.org/repo.git'],
    ['git@site.example.org:a/repo.git', 'site.example.org:a/repo.git'],
    ['ssh://git@site.example.org/a/repo.git', 'site.example.org/a/repo.git'],
    ['http://site.example.org:3000/a/repo', 'http:site.example.org:3000/a/repo'],
  ])('git reads %s at the gateway, with the token that the loop adds', async (url, path) => {
    expect(await say(`git ls-remote ${url} refs/heads/main`)).toBe(`${commit}\trefs/heads/main`);
    expect(outside.plain[0]).toBe(
      `GET /git/${path}/info/refs?service=git-upload-pack Bearer the-token undefined`,
    );
    expect(outside.asked).toEqual([]);
  });

  it('the permit of a push goes along with the push alone, whatever the command sets', async () => {
    const ask = (method: string, path: string) =>
      say(
        `curl -s -o /dev/null -X ${method} -H 'reeve-permit: mine' -H 'authorization: Bearer mine' -H 'x-mine: 1' 'http://127.0.0.1:3128${path}'`,
      );
    await ask('POST', '/git/site.example.org/a/git-receive-pack');
    await ask('POST', '/git/site.example.org/a/git-upload-pack');
    expect(outside.plain).toEqual([
      'POST /git/site.example.org/a/git-receive-pack Bearer the-token the-permit',
      'POST /git/site.example.org/a/git-upload-pack Bearer the-token undefined',
    ]);
    outside.plain.length = 0;
    for (const path of [
      '/git/../request',
      '/git/a/b',
      '/git/a/%2e%2e/git-upload-pack',
      '/git/a/git-upload-pack?x=1',
    ])
      await ask('POST', path);
    expect(await say('curl -s -X DELETE http://127.0.0.1:3128/git/a/b/git-upload-pack')).not.toBe('');
    const two =
      'POST /git/a/b/git-upload-pack HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\n\\r\\nPOST /request HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\n\\r\\n';
    expect(await say(`exec 3<>/dev/tcp/127.0.0.1/3128; printf '${two}' >&3; timeout 2 cat <&3`)).toMatch(
      / 403 /,
    );
    expect(outside.plain).toEqual(['POST /git/a/b/git-upload-pack Bearer the-token undefined']);
  });

  it('carries more than any window both ways, whole, while others do the same', async () => {
    const download = 'curl -sk https://site.example.org/large | md5sum';
    const upload = 'head -c 20M /dev/zero | curl -sk -T - https://site.example.org/up';
    const sum = execFileSync('/usr/bin/md5sum', { input: large, encoding: 'utf8' }).trim();
    const lines = (await say(`${download} & ${download} & ${upload} & wait`)).split(/\n|(?<=20971520)/);
    expect(lines.filter((line) => line.includes(sum))).toHaveLength(2);
    expect(lines.join()).toContain('hello 20971520');
  });

  it('says in words what was not opened', async () => {
    expect(await say('curl -sS https://other.example.org/')).toMatch(/CONNECT tunnel failed, response 403/);
    expect(await say('curl -s http://site.example.org/')).toMatch(/Only https leaves.*network_open/);
  });

  it('takes no header, token or request of the command to the gateway but the target of CONNECT', async () => {
    const raw = (text: string): string =>
      `exec 3<>/dev/tcp/127.0.0.1/3128; printf '${text}' >&3; timeout 5 head -c 300 <&3`;
    await say(
      raw(
        'CONNECT other.example.org:443 HTTP/1.1\\r\\nProxy-Authorization: Bearer stolen\\r\\nX-Mine: 1\\r\\n\\r\\n',
      ),
    );
    expect(outside.asked[0]?.headers).toEqual({
      host: 'other.example.org:443',
      'proxy-authorization': 'Bearer the-token',
    });
    for (const line of [
      'POST /v1/chat/completions',
      'GET /healthz',
      'POST /request',
      'GET http://x.example.org/',
    ])
      expect(await say(raw(`${line} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n`)), line).toMatch(/^HTTP\/1\.1 403/);
    expect(await say(raw('CONNECT a b:443 HTTP/1.1\\r\\n\\r\\n'))).toMatch(/^HTTP\/1\.1 400/);
    expect(await say(raw('CONNECT a:443\\nX HTTP/1.1\\r\\n\\r\\n'))).toMatch(/^HTTP\/1\.1 400/);
    expect(outside.plain).toEqual([]);
    expect(outside.asked).toHaveLength(1);
  });

  it('bounds the head of a request and the number of connections', async () => {
    const long = `python3 -c 'import socket
s = socket.create_connection(("127.0.0.1", 3128)); s.sendall(b"CONNECT x:443 HTTP/1.1\\r\\nX: " + b"a" * 20000); print(s.recv(100).split(b"\\r\\n")[0].decode())'`;
    expect(await say(long)).toBe('HTTP/1.1 431 Request Header Fields Too Large');
    const many = `python3 -c 'import socket
all = [socket.create_connection(("127.0.0.1", 3128)) for _ in range(17)]; print(all[16].recv(100).split(b"\\r\\n")[0].decode())'`;
    expect(await say(many)).toBe('HTTP/1.1 503 Service Unavailable');
    expect(await say(`curl -sk https://site.example.org/`), 'the places are free again').toBe('hello 0');
  });

  it('reaches what a command starts on its own loopback without the proxy', async () => {
    expect(
      await say(
        'cd /tmp; echo mine > page; python3 -m http.server 8000 >/dev/null 2>&1 & sleep 0.7; curl -s http://localhost:8000/page',
      ),
    ).toBe('mine');
  });

  it('says that the gateway is away when it is', async () => {
    const other = await bench.open();
    other.client.onTunnel(
      createCommandDoor({ socketPath: '/nowhere/at/all', token: () => 't', pushes, clock }),
    );
    const outcome = await other.client.run({
      command: 'curl -sS https://site.example.org/ 2>&1',
      timeoutMs: 9000,
    });
    expect(outcome.kind === 'done' && decodeOutput(outcome.value.stdout).text).toMatch(/response 502/);
    await other.executor.kill();
  });
});
