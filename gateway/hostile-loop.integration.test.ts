import { canonicalSearch, signToken, type TaskClaims } from '@reeve/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EgressBench, openEgressBench, requestOf } from './testing/egress-bench.ts';
import { openSite, type Site } from './testing/sites.ts';

const KEY = new Uint8Array(32).fill(7);
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;
const claims: Omit<TaskClaims, 'expires'> = { role: 'task', task: 'T-1', attempt: 1, capabilities: [] };

let bench: EgressBench;
let site: Site;
beforeEach(async () => {
  site = await openSite((_request, response) => response.end('reached'));
  const own = { host: 'site.example.org', port: site.port };
  bench = await openEgressBench({ privateHosts: [own] });
  bench.opened.push({ task: 'T-1', approval: null, ...own });
  bench.repositories.push({ task: 'T-1', repository: `http:${own.host}:${own.port}/a/b`, approval: null });
});
afterEach(async () => {
  await bench.close();
  await site.close();
});

/** What each door says to a token: HTTP statuses. */
async function knock(token: string) {
  const request = requestOf({ url: `http://site.example.org:${site.port}/` });
  const search = { query: 'tides', count: 1 };
  const fetched = await bench.send({ callId: 's1.0', permit: bench.permit(request), request }, token);
  const call = {
    task: 'T-1',
    callId: 's2.0',
    tool: 'web.search',
    arguments: canonicalSearch(search),
  } as const;
  const searched = await bench.post(
    '/search',
    { callId: 's2.0', permit: bench.permitFor(call), search },
    token,
  );
  const path = `/git/http:site.example.org:${site.port}/a/b/git-upload-pack`;
  const git = await bench.post(path, {}, token);
  const tunnel = await bench.tunnel(`site.example.org:${site.port}`, token);
  tunnel.socket.destroy();
  return [fetched.status, searched.status, git.status, tunnel.status];
}

describe('a loop whose token is not good', () => {
  const widened = () => {
    const [version, , signature] = signToken({ ...claims, expires: inAnHour() }, KEY).split('.');
    const body = { ...claims, capabilities: ['http:evil.example.org/**:get'], expires: inAnHour() };
    return [version, Buffer.from(JSON.stringify(body)).toString('base64url'), signature].join('.');
  };
  it.each([
    ['none', () => 'nothing'],
    ['expired', () => signToken({ ...claims, expires: Math.floor(Date.now() / 1000) - 1 }, KEY)],
    ['another tenant’s', () => signToken({ ...claims, expires: inAnHour() }, new Uint8Array(32).fill(8))],
    ['an earlier attempt’s, replayed', () => signToken({ ...claims, attempt: 2, expires: inAnHour() }, KEY)],
    ['of a task that is over', () => signToken({ ...claims, task: 'T-9', expires: inAnHour() }, KEY)],
    ['the coordinator’s', () => signToken({ role: 'coordinator', expires: inAnHour() }, KEY)],
    ['widened', widened],
  ])('(%s) is refused at every door, and nothing is touched', async (_name, token) => {
    expect(await knock(token())).toEqual([401, 401, 401, 407]);
    expect(bench.connected).toEqual([]);
    expect(bench.uses.size).toBe(0);
  });

  it('(a good one is let in: the doors do work)', async () => {
    expect(await knock(bench.token())).toEqual([200, 200, 502, 200]);
    expect(bench.connected).toHaveLength(3);
  });
});

it('a permit for one tool opens no other', async () => {
  const request = requestOf({ url: `http://site.example.org:${site.port}/` });
  const search = { query: 'tides', count: 1 };
  const forSearch = bench.permitFor({
    task: 'T-1',
    callId: 's1.0',
    tool: 'web.search',
    arguments: canonicalSearch(search),
  });
  const fetched = await bench.send({ callId: 's1.0', permit: forSearch, request });
  expect(fetched.reply).toEqual({ kind: 'refused', reason: 'This permit is not for that call.' });
  expect(bench.connected).toEqual([]);
});

it('a loop that asks two thousand times writes at most two entries a second into the chain', async () => {
  const request = requestOf({ url: `http://site.example.org:${site.port}/` });
  const startedAt = Date.now();
  for (let round = 0; round < 40; round += 1)
    await Promise.all(
      Array.from({ length: 50 }, () => bench.send({ callId: 's1.0', permit: null, request })),
    );
  const seconds = (Date.now() - startedAt) / 1000;
  expect(bench.audit.length).toBeLessThanOrEqual(2 * (Math.ceil(seconds) + 1));
});
