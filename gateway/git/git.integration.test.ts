import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { type GitPush, type GitUpdate, PUSH_HEADERS } from '@reeve/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type EgressBench, openEgressBench } from '../testing/egress-bench.ts';
import { type GitSite, openGitSite } from '../testing/git-site.ts';
import type { GitCredentials } from './git-credentials.ts';
import type { GitLimits } from './git-limits.ts';

const run = promisify(execFile);
const ZERO = '0'.repeat(40);

/** A gateway, a Git server that it may reach, and a worker with a real Git that talks to the gateway as a loop does. */
interface House {
  readonly bench: EgressBench;
  readonly git: GitSite;
  readonly name: string;
  /** Runs git with its requests sent to the gateway; resolves with all it said and whether it went well. */
  run(
    args: readonly string[],
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ ok: boolean; said: string }>;
  permit(
    updates: readonly Omit<GitUpdate, 'subjects'>[],
    more?: { callId?: string; task?: 'T-2' },
  ): Record<string, string>;
  commit(message: string): string;
  remoteTip(ref?: string): string | null;
  readonly clone: string;
}

let house: House;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function openHouse(
  options: { credentials?: GitCredentials; limits?: Partial<GitLimits>; isExempt?: boolean } = {},
): Promise<House> {
  const git = await openGitSite();
  const { port } = git.site;
  const bench = await openEgressBench({
    privateHosts: options.isExempt === false ? [] : [{ host: 'site.example.org', port }],
    gitLimits: options.limits ?? {},
    ...(options.credentials ? { gitCredentials: options.credentials } : {}),
  });
  const relay = await relayTo(bench.socketPath);
  closing.push(() => relay.close(), bench.close, git.close);
  const base = `http://127.0.0.1:${(relay.address() as AddressInfo).port}/git/`;
  const name = `http:site.example.org:${port}/owner/name`;
  const clone = join(git.folder, 'clone');
  bench.repositories.push({ task: 'T-1', repository: name, approval: null });
  return {
    bench,
    git,
    name,
    clone,
    async run(args, headers = {}) {
      const all = { authorization: `Bearer ${bench.token()}`, ...headers };
      const config = [
        `url.${base}http:.insteadOf=http://`,
        `url.${base}.insteadOf=https://`,
        ...Object.entries(all).map(([header, value]) => `http.extraHeader=${header}: ${value}`),
      ];
      const env = {
        PATH: process.env['PATH'],
        HOME: git.folder,
        GIT_TERMINAL_PROMPT: '0',
        GIT_CONFIG_NOSYSTEM: '1',
      };
      try {
        const { stdout, stderr } = await run('git', [...config.flatMap((line) => ['-c', line]), ...args], {
          env,
        });
        return { ok: true, said: stdout + stderr };
      } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        return { ok: false, said: stdout + stderr };
      }
    },
    permit(updates, { callId = 's1.0', task = 'T-1' as 'T-1' | 'T-2' } = {}) {
      const push: GitPush = {
        repository: name,
        updates: updates.map((update) => ({ ...update, subjects: [] })),
      };
      const permit = bench.permitFor({ task, callId, tool: 'git.push', arguments: push });
      return { [PUSH_HEADERS.callId]: callId, [PUSH_HEADERS.permit]: permit };
    },
    commit(message) {
      git.git(clone, 'commit', '--quiet', '--allow-empty', '-m', message);
      return git.git(clone, 'rev-parse', 'HEAD');
    },
    remoteTip(ref = 'refs/heads/main') {
      try {
        return git.git(git.repository, 'rev-parse', '--verify', '--quiet', ref);
      } catch {
        // Git says by its exit code that there is no such ref.
        return null;
      }
    },
  };
}

async function relayTo(socketPath: string): Promise<Server> {
  const relay = createServer((socket) => {
    const inner = connect({ path: socketPath });
    socket.on('error', () => inner.destroy()).pipe(inner);
    inner.on('error', () => socket.destroy()).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  return relay;
}

const url = () => `http://site.example.org:${house.git.site.port}/owner/name.git`;
const events = () => house.bench.audit.map(({ event }) => event);
const settlements = () => [...house.bench.uses.values()].map(({ settled }) => settled);

async function openClone(options: Parameters<typeof openHouse>[0] = {}): Promise<void> {
  house = await openHouse(options);
  expect(await house.run(['clone', '--quiet', url(), house.clone])).toMatchObject({ ok: true });
  house.bench.audit.length = 0;
  house.git.site.asked.length = 0;
}

describe('reading', () => {
  it('a repository that was opened: clone and fetch, each request in the chain', async () => {
    house = await openHouse();
    expect(await house.run(['clone', '--quiet', url(), house.clone])).toEqual({ ok: true, said: '' });
    expect(house.git.git(house.clone, 'log', '--format=%s')).toBe('First words');
    house.git.git(join(house.git.folder, 'seed'), 'commit', '--quiet', '--allow-empty', '-m', 'More');
    house.git.git(join(house.git.folder, 'seed'), 'push', '--quiet', house.git.repository, 'main');
    expect(await house.run(['-C', house.clone, 'pull', '--quiet'])).toMatchObject({ ok: true });
    expect(house.git.git(house.clone, 'log', '-1', '--format=%s')).toBe('More');
    expect(new Set(events())).toEqual(new Set(['git-read']));
    expect(await house.run(['-c', 'protocol.version=0', 'ls-remote', url()])).toMatchObject({ ok: true });
  });

  it('another repository, or for another task: refused in words that Git shows', async () => {
    house = await openHouse();
    const other = await house.run(['ls-remote', url().replace('/name', '/other')]);
    expect(other).toEqual({ ok: false, said: expect.stringMatching(/owner\/other is not open.*git_open/) });
    house.bench.current.set('T-2', 1);
    const authorization = `Bearer ${house.bench.token('T-2')}`;
    expect(await house.run(['ls-remote', url()], { authorization })).toMatchObject({ ok: false });
    expect(house.git.site.asked).toEqual([]);
    expect(events()).toEqual(['git-refused', 'git-refused']);
  });

  it.each([
    ['another attempt’s', (bench: EgressBench) => bench.token('T-1', 2)],
    ['none', () => 'nothing'],
  ])('with a token that is %s: refused', async (_name, token) => {
    house = await openHouse();
    const authorization = `Bearer ${token(house.bench)}`;
    expect(await house.run(['ls-remote', url()], { authorization })).toMatchObject({ ok: false });
    expect(house.git.site.asked).toEqual([]);
  });

  it('a private host that nobody exempted: no connection', async () => {
    house = await openHouse({ isExempt: false });
    house.bench.repositories.push({ task: 'T-1', repository: 'site.example.org:8443/a/b', approval: null });
    expect(await house.run(['ls-remote', 'https://site.example.org:8443/a/b'])).toMatchObject({
      ok: false,
      said: expect.stringContaining('not on the public internet'),
    });
    expect(await house.run(['ls-remote', url()])).toMatchObject({
      said: expect.stringContaining('https only'),
    });
    expect(house.bench.connected).toEqual([]);
  });

  it('a remote that sends on to a private address: not followed', async () => {
    house = await openHouse();
    house.git.instead = (_request, response) =>
      response.writeHead(301, { location: 'http://169.254.169.254/owner/name.git/info/refs' }).end();
    expect(await house.run(['ls-remote', url()])).toEqual({
      ok: false,
      said: expect.stringMatching(/sends Git on to 169\.254\.169\.254.*not followed/),
    });
    expect(house.bench.connected).toHaveLength(1);
  });

  it('what is no Git server, or an answer without an end: refused, cut off', async () => {
    house = await openHouse({ limits: { answerBytes: 1_000_000 } });
    house.git.instead = (_request, response) => response.end('<html>');
    expect(await house.run(['ls-remote', url()])).toMatchObject({
      said: expect.stringContaining('does not speak Git’s smart HTTP'),
    });
    house.git.instead = (_request, response) => {
      response.setHeader('content-type', 'application/x-git-upload-pack-advertisement');
      const more = () => void (response.destroyed || response.write('00ff'.padEnd(65_536, 'x'), more));
      more();
    };
    expect(await house.run(['ls-remote', url()])).toMatchObject({ ok: false });
    await vi.waitFor(() => expect(house.bench.logged.join()).toContain('larger than 1000000 bytes'));
  });

  it('ends with its attempt', async () => {
    house = await openHouse({ limits: { checkMs: 50 } });
    house.git.instead = () => house.bench.current.set('T-1', 2);
    expect(await house.run(['ls-remote', url()])).toMatchObject({ ok: false });
    expect(house.bench.logged.join()).toContain('the attempt is over');
  });
});

describe('credentials', () => {
  const token = 'token-of-the-owner';
  const basic: GitCredentials = {
    forHost: async () => ({
      kind: 'basic',
      name: 'GIT_SITE',
      authorization: `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`,
    }),
  };

  it('go to the host and stay there', async () => {
    house = await openHouse({ credentials: basic });
    expect(await house.run(['ls-remote', url()])).toMatchObject({ ok: true });
    expect(house.git.site.asked[0]?.headers.authorization).toMatch(/^Basic /);
  });

  it('that a host repeats do not come back', async () => {
    house = await openHouse({ credentials: basic });
    house.git.instead = (request, response) => {
      response.setHeader('content-type', 'application/x-git-upload-pack-advertisement');
      const [, encoded = ''] = (request.headers.authorization ?? '').split(' ');
      response.write(`${'x'.repeat(5000)}${encoded.slice(0, 9)}`);
      setTimeout(() => response.end(`${encoded.slice(9)} ${token}`), 20);
    };
    const { ok, said } = await house.run(['ls-remote', url()]);
    expect(ok).toBe(false);
    expect(said).not.toContain(token);
    await vi.waitFor(() => expect(house.bench.logged.join()).toContain('repeats the credentials'));
    expect(house.bench.logged.join()).not.toContain(token);
  });

  /** What Git is told, read without Git: the whole head and the body. */
  async function readRefs(): Promise<string> {
    const asked = httpRequest({
      socketPath: house.bench.socketPath,
      path: `/git/${house.name}/info/refs?service=git-upload-pack`,
      headers: { authorization: `Bearer ${house.bench.token()}` },
    }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return JSON.stringify(response.headers) + (await text(response));
  }

  it.each([
    ['a path', `/login/${token}`, 'site.example.org.'],
    ['percent signs', `https://login.example.org/?t=${token.replaceAll('-', '%2D')}`, 'login.example.org.'],
    ['base64', `/login/${Buffer.from(`me:${token}`).toString('base64url')}`, 'site.example.org.'],
    ['a host', `https://${token}.example.org/`, 'another place.'],
    ['nothing', 'https://login.example.org/new/name', 'login.example.org/new/name.'],
  ])('that a redirect repeats in %s are in no words', async (_where, location, place) => {
    house = await openHouse({ credentials: basic });
    house.git.instead = (_request, response) => response.writeHead(302, { location }).end();
    const said = await readRefs();
    expect(said).toContain(`sends Git on to ${place}`);
    expect(house.bench.audit.at(-1)?.event).toBe('git-refused');
    expect(said + JSON.stringify(house.bench.audit)).not.toMatch(/token.of.the.owner|%2D|bWU6/);
  });

  it('that are repeated in headers are not passed on', async () => {
    house = await openHouse({ credentials: basic });
    house.git.instead = (_request, response) =>
      response
        .writeHead(200, {
          'content-type': 'application/x-git-upload-pack-advertisement',
          'cache-control': token,
          'content-encoding': token,
          'x-token': token,
        })
        .end('0000');
    const said = await readRefs();
    expect(said).toContain('application/x-git-upload-pack-advertisement');
    expect(said).not.toContain(token);
  });

  it('that are missing are asked for in words', async () => {
    house = await openHouse();
    house.git.instead = (_request, response) =>
      response.writeHead(401, { 'www-authenticate': 'Basic realm=x' }).end();
    expect(await house.run(['ls-remote', url()])).toMatchObject({
      said: expect.stringMatching(/wants credentials.*secret named GIT/),
    });
  });
});

describe('pushing', () => {
  const main = 'refs/heads/main';
  beforeEach(() => openClone());
  const push = (headers: Record<string, string> = {}, ...refs: readonly string[]) =>
    house.run(['-C', house.clone, 'push', ...(refs.length > 0 ? refs : ['origin', 'main'])], headers);

  it('without a permit: refused before a byte reaches the remote', async () => {
    const before = house.remoteTip();
    house.commit('Second');
    expect(await push()).toMatchObject({ ok: false });
    expect(house.remoteTip()).toBe(before);
    expect(house.git.site.asked.map(({ method }) => method)).toEqual(['GET']);
    expect(house.bench.audit.at(-1)).toMatchObject({
      event: 'git-refused',
      detail: { reason: expect.stringContaining('declared first') },
    });
  });

  it('with one: goes out once, is settled with the remote’s own report; a second use is refused', async () => {
    const old = house.remoteTip() ?? '';
    const target = house.commit('Second');
    const headers = house.permit([{ ref: main, old, new: target, kind: 'update' }]);
    expect(await push(headers)).toMatchObject({ ok: true });
    expect(house.remoteTip()).toBe(target);
    expect(settlements()).toEqual([{ ok: true, content: `The remote took ${main}.` }]);
    expect(house.bench.audit.find(({ event }) => event === 'push-made')?.detail).toMatchObject({
      repository: house.name,
      commands: [{ ref: main, old, new: target }],
    });
    house.git.git(house.git.repository, 'update-ref', main, old);
    expect(await push(headers)).toMatchObject({ ok: false });
    expect(house.remoteTip()).toBe(old);
  });

  it('large, in pieces: whole', async () => {
    house.git.git(house.clone, 'config', 'http.postBuffer', '65536');
    const old = house.remoteTip() ?? '';
    const blob = execBlob(house, 3_000_000);
    house.git.git(house.clone, 'update-index', '--add', '--cacheinfo', `100644,${blob},large`);
    const target = house.commit('Large');
    const headers = house.permit([{ ref: main, old, new: target, kind: 'update' }]);
    expect(await push(headers)).toMatchObject({ ok: true });
    expect(house.remoteTip()).toBe(target);
  });

  it.each([
    ['another ref', ['origin', 'main:refs/heads/other']],
    ['one ref more', ['origin', 'main', 'main:refs/heads/other']],
    ['a deletion', ['origin', ':main']],
  ])('%s than the permit’s: refused, and the permit is kept', async (_name, refs) => {
    const old = house.remoteTip() ?? '';
    const target = house.commit('Second');
    const headers = house.permit([{ ref: main, old, new: target, kind: 'update' }]);
    expect(await push(headers, ...refs)).toMatchObject({ ok: false });
    expect([house.remoteTip(), house.remoteTip('refs/heads/other')]).toEqual([old, null]);
    expect(house.bench.uses.size).toBe(0);
    expect(await push(headers)).toMatchObject({ ok: true });
  });

  it('another commit than the permit’s: refused', async () => {
    const old = house.remoteTip() ?? '';
    const shown = house.commit('Shown');
    house.commit('Not shown');
    const headers = house.permit([{ ref: main, old, new: shown, kind: 'update' }]);
    expect(await push(headers)).toMatchObject({ ok: false });
    expect(house.remoteTip()).toBe(old);
  });

  it('under another task’s, another call’s or a late permit: refused', async () => {
    const old = house.remoteTip() ?? '';
    const update = { ref: main, old, new: house.commit('Second'), kind: 'update' } as const;
    const foreign = house.permit([update], { task: 'T-2' });
    const other = { ...house.permit([update], { callId: 's9.0' }), [PUSH_HEADERS.callId]: 's1.0' };
    const call = {
      task: 'T-1',
      callId: 's1.0',
      tool: 'git.push',
      arguments: { repository: house.name, updates: [{ ...update, subjects: [] }] },
    } as const;
    const late = house.bench.permitFor(call, new Date(Date.now() - 1));
    for (const headers of [foreign, other, { [PUSH_HEADERS.callId]: 's1.0', [PUSH_HEADERS.permit]: late }])
      expect(await push(headers)).toMatchObject({ ok: false });
    expect(house.remoteTip()).toBe(old);
  });

  it('two refs and a deletion, when all of them were shown', async () => {
    const old = house.remoteTip() ?? '';
    house.git.git(house.git.repository, 'update-ref', 'refs/heads/gone', old);
    const target = house.commit('Second');
    const headers = house.permit([
      { ref: main, old, new: target, kind: 'update' },
      { ref: 'refs/tags/v1', old: ZERO, new: target, kind: 'create' },
      { ref: 'refs/heads/gone', old, new: ZERO, kind: 'delete' },
    ]);
    expect(await push(headers, 'origin', 'main', 'main:refs/tags/v1', ':gone')).toMatchObject({ ok: true });
    expect([house.remoteTip(), house.remoteTip('refs/tags/v1'), house.remoteTip('refs/heads/gone')]).toEqual([
      target,
      target,
      null,
    ]);
  });

  it('that the remote refuses: settled so', async () => {
    const old = house.remoteTip() ?? '';
    house.git.git(house.git.repository, 'config', 'receive.denyDeletes', 'true');
    house.git.git(house.git.repository, 'update-ref', 'refs/heads/kept', old);
    const headers = house.permit([{ ref: 'refs/heads/kept', old, new: ZERO, kind: 'delete' }]);
    expect(await push(headers, 'origin', ':kept')).toMatchObject({ ok: false });
    expect(settlements()).toEqual([
      {
        ok: false,
        content: expect.stringContaining('The remote refused refs/heads/kept: deletion prohibited'),
      },
    ]);
  });

  it('whose answer never comes: nobody knows, and it is settled so; the permit is used up', async () => {
    const old = house.remoteTip() ?? '';
    const headers = house.permit([{ ref: main, old, new: house.commit('Second'), kind: 'update' }]);
    house.git.instead = (request, _response, proceed) =>
      request.method === 'GET' ? proceed() : request.resume().on('end', () => request.socket.destroy());
    expect(await push(headers)).toMatchObject({ ok: false });
    expect(settlements()).toEqual([{ ok: null, content: expect.stringContaining('has not said') }]);
    house.git.instead = null;
    expect(await push(headers), 'it is not repeated').toMatchObject({ ok: false });
  });

  it('in a form that hides its commands: refused', async () => {
    const headers = house.permit([{ ref: main, old: ZERO, new: '1'.repeat(40), kind: 'create' }]);
    for (const config of ['push.gpgSign=true', 'push.pushOption=ci.skip']) {
      house.commit('More');
      house.git.git(house.git.repository, 'config', 'receive.advertisePushOptions', 'true');
      expect(
        await house.run(['-C', house.clone, '-c', config, 'push', 'origin', 'main'], headers),
      ).toMatchObject({
        ok: false,
      });
    }
    expect(settlements()).toEqual([]);
  });
});

/** Writes a blob that does not pack into the clone and returns its id. */
function execBlob({ git, clone }: House, bytes: number): string {
  git.git(clone, 'config', 'core.bigFileThreshold', '1');
  const file = join(clone, 'random');
  git.git(clone, '-c', `alias.make=!head -c ${bytes} /dev/urandom > ${file}`, 'make');
  return git.git(clone, 'hash-object', '-w', file);
}
