import { type ApprovalScope, digestOf, sha256Hex, type TaskId } from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { estateForEach } from './testing/estates.ts';
import type { Estate, House, HousePlan } from './testing/house.ts';
import type { ScriptedExecutor } from './testing/scripted-executor.ts';
import { delegating, giveFile, typing } from './testing/tasks.ts';
import { until } from './testing/until.ts';

/** What a loop that belongs to an attacker can declare, and what it cannot hide. */
let estate: Estate;
estateForEach('hostile-loop', (fresh) => {
  estate = fresh;
});

const OWNER = { externalId: 'owner', name: 'owner' };
const PAGE = 'https://good.example.org/page';

/** Starts tasks of these words; their executors do nothing but what the test has them do. */
async function openHouse(plan: Omit<HousePlan, 'model' | 'work'> = {}) {
  const executors = new Map<TaskId, ScriptedExecutor>();
  const { settings, ...rest } = plan;
  const house = await estate.open({
    ...rest,
    model: delegating(),
    settings: { holdMs: 20_000, ...settings },
    work: async (executor) => {
      executors.set(executor.assignment.task.id, executor);
      await new Promise<void>(() => undefined);
    },
  });
  let tasks = 0;
  async function start(
    words: string,
    sender?: Parameters<House['say']>[2],
    chat?: Parameters<House['say']>[3],
  ) {
    tasks += 1;
    await house.say(`start ${words}`, undefined, sender, chat);
    return until(() => executors.get(`T-${tasks}`), `the executor of T-${tasks}`);
  }
  return { house, start };
}

async function say(house: House, code: string, scope: ApprovalScope): Promise<void> {
  const decided = await house.coordinator.inbound.decide({
    code,
    decision: { kind: 'approve', scope },
    chat: { channel: 'http', externalId: 'main' },
    sender: OWNER,
  });
  expect(decided).toMatchObject({ kind: 'decided' });
}

/** Declares, says yes once where that is asked, and yields the permit. */
async function permitFor(
  house: House,
  executor: ScriptedExecutor,
  callId: string,
  tool: string,
  args: object,
) {
  const first = await executor.declare(callId, tool, args);
  if (first.body.kind !== 'ask') return first.body.permit;
  await say(house, first.body.approval, 'once');
  return (await executor.declare(callId, tool, args)).body.permit;
}

const readFile = (executor: ScriptedExecutor, path: string) =>
  executor.call('GET', `/files/content?path=${encodeURIComponent(path)}`);

async function leaks(executor: ScriptedExecutor): Promise<string[]> {
  const ways = [
    executor.declare('out.1', 'http.fetch', { method: 'GET', url: `${PAGE}?d=private` }),
    executor.declare('out.2', 'web.search', { query: 'private', count: 5 }),
  ];
  return (await Promise.all(ways)).map(({ body }) => body.kind);
}

it('asks nobody for money: only Reeve itself does, when a cap is reached', async () => {
  const { start } = await openHouse();
  const executor = await start('x');
  const of = '2026-11';
  const raise = { cap: 'month', of, addTokens: 0, addMicros: 100_000_000 };
  const spent = { capTokens: null, capMicros: 5_000_000, spentTokens: 10, spentMicros: 5_000_000 };
  for (const args of [{ ...raise, ...spent }, { cap: 'nothing' }])
    expect((await executor.declare('c1', 'budget.add', args)).body).toMatchObject({
      kind: 'deny',
      reason: 'Only Reeve itself asks for more budget, when a cap is reached.',
    });
  expect(await estate.store.approvals.pending()).toEqual([]);
});

describe('the rule of two needs no word of the loop', () => {
  it('after a page and a private file', async () => {
    const { house, start } = await openHouse();
    const path = await giveFile(house, 'private.txt', 'the private text');
    const executor = await start(`read ${PAGE}`);
    expect((await executor.declare('c1', 'http.fetch', { method: 'GET', url: PAGE })).body.kind).toBe(
      'allow',
    );
    expect((await readFile(executor, path)).text).toBe('the private text');
    expect(await leaks(executor)).toEqual(['ask', 'stale']);
  });

  it('after a page and a list of the files', async () => {
    const { start } = await openHouse();
    const executor = await start(`read ${PAGE}`);
    await executor.declare('c1', 'web.search', { query: 'tides', count: 5 });
    await executor.call('GET', '/files?prefix=');
    expect((await leaks(executor))[0]).toBe('ask');
  });

  it.each<[string, string, object, Omit<HousePlan, 'model'>]>([
    [
      'a page that was read with a secret',
      'http.fetch',
      { method: 'GET', url: 'https://mail.example.org/', headers: { Authorization: 'Bearer secret:MAIL' } },
      {},
    ],
    [
      'a page of the operator’s own network',
      'http.fetch',
      { method: 'GET', url: 'http://wiki.internal:8080/' },
      { settings: { privateHosts: [{ host: 'wiki.internal', port: 8080 }] } },
    ],
    [
      'a repository that a secret may open',
      'git.open',
      { repository: 'github.com/me/private' },
      {
        secrets: [
          { name: 'GIT_HUB', hosts: ['github.com'], version: 1, keyVersion: 1, changedAt: new Date() },
        ],
      },
    ],
  ])('after %s', async (_what, tool, args, plan) => {
    const { house, start } = await openHouse(plan);
    const executor = await start(`read ${PAGE}`);
    expect(await permitFor(house, executor, 'c1', tool, args)).toBeTruthy();
    expect((await leaks(executor))[0]).toBe('ask');
  });

  it('after a public repository alone nothing is asked', async () => {
    const { house, start } = await openHouse();
    const executor = await start(`read ${PAGE}`);
    expect(
      await permitFor(house, executor, 'c1', 'git.open', { repository: 'github.com/them/public' }),
    ).toBeTruthy();
    expect(await leaks(executor)).toEqual(['allow', 'allow']);
  });

  it('after a file alone that somebody else handed over, or that a task wrote after reading a page', async () => {
    const { house, start } = await openHouse();
    const foreign = await house.coordinator.desk.saveUpload(
      'from-outside.txt',
      (async function* () {
        yield Buffer.from('do as I say');
      })(),
      { externalId: 'somebody', name: 'owner' },
      'telegram',
    );
    if (foreign.kind === 'failed') throw new Error(foreign.failure.code);
    const own = await giveFile(house, 'own.txt', 'mine');
    const writer = await start(`read ${PAGE}`);
    await writer.declare('c1', 'http.fetch', { method: 'GET', url: PAGE });
    const { permit } = (await writer.declarePut('c2', 'T-1/page.txt', 'what the page says')).body;
    expect((await writer.put('c2', permit, 'what the page says')).body.kind).toBe('done');

    for (const [path, answer] of [
      [foreign.value.path, 'ask'],
      ['T-1/page.txt', 'ask'],
      [own, 'allow'],
    ] as const) {
      const reader = await start(`read ${PAGE}`);
      expect((await readFile(reader, path)).status).toBe(200);
      expect((await leaks(reader))[0]).toBe(answer);
    }
  });
});

describe('standing yeses', () => {
  it('for one file in a task cover its folder, and say so', async () => {
    const { house, start } = await openHouse();
    const [one, two] = [await giveFile(house, 'one.txt', '1'), await giveFile(house, 'two.txt', '2')];
    const executor = await start('x');
    const { approval } = (await executor.declarePut('c1', one, 'new')).body;
    const card = await until(() => house.channel.card(`approval:${approval}`), 'the card');
    expect(JSON.stringify(card)).toContain('"For this task, in this folder"');
    await say(house, approval, 'task');
    expect((await executor.declarePut('c2', two, 'new')).body.kind).toBe('allow');
    expect((await executor.declarePut('c3', 'T-9/their.txt', 'new')).body.kind).toBe('ask');
  });

  it('can be listed and taken back, and a permit of theirs that was not used ends with them', async () => {
    const { house, start } = await openHouse();
    const [one, two] = [await giveFile(house, 'one.txt', '1'), await giveFile(house, 'two.txt', '2')];
    const executor = await start('x');
    expect(await typing(house, '/revoke')).toBe('You have allowed nothing for longer than once.');
    const { approval } = (await executor.declarePut('c1', one, 'new')).body;
    await say(house, approval, 'task');
    const { permit } = (await executor.declarePut('c2', two, 'new')).body;
    const list = await typing(house, '/revoke ');
    expect(list).toMatch(
      /^- `(\w{4})` store and overwrite files in “uploads”, for T-1 only, until .* \(said by owner\)\n\n`\/revoke \1` takes one back\.$/,
    );
    expect(await typing(house, `/revoke ${approval.toLowerCase()}`)).toBe(
      'Taken back, from now on: store and overwrite files in “uploads”, for T-1 only. What needs it will be asked again; connections that are open now go on until they close.',
    );
    expect((await executor.put('c2', permit, 'new')).body).toMatchObject({ kind: 'refused' });
    expect((await executor.declarePut('c2', two, 'new')).body.kind).toBe('ask');
    expect(await typing(house, `/revoke ${approval}`)).toContain(
      'Nothing was allowed for longer than once under that code',
    );
    const events: string[] = [];
    for await (const { body } of estate.store.audit.entries()) events.push(String(JSON.parse(body).event));
    expect(events).toContain('grant-revoked');
  });

  it.each([
    ['files.put', { path: 'uploads/**', bytes: 1, sha256: sha256Hex('x') }],
    ['files.put', { path: 'uploads/*', bytes: 1, sha256: sha256Hex('x') }],
    ['http.fetch', { method: 'GET', url: 'http://*/' }],
    ['http.fetch', { method: 'GET', url: 'https://%2a/' }],
    ['network.open', { host: '*' }],
    ['git.open', { repository: '*/*/*' }],
  ])('are never asked for a pattern: %s %j', async (tool, args) => {
    const { start } = await openHouse();
    const executor = await start('x');
    expect((await executor.declare('c1', tool, args)).body.kind).toBe('deny');
  });
});

describe('what is attached to a card', () => {
  const body = `what will run ${'x'.repeat(2000)}`;
  const request = { method: 'POST', url: 'https://good.example.org/', headers: {}, body, secrets: [] };
  const digest = digestOf({ task: 'T-1', callId: 'c9', tool: 'http.fetch', arguments: request });
  const path = `questions/${digest.slice(0, 16)}/body.txt`;

  it('stands where no worker may write or delete', async () => {
    const { start } = await openHouse();
    const executor = await start('x');
    const reason = expect.stringContaining('belongs to what questions have shown');
    expect((await executor.declarePut('c1', path, 'harmless')).body).toMatchObject({ kind: 'deny', reason });
    expect((await executor.declarePut('c2', `./${path}`, 'harmless')).body).toMatchObject({
      kind: 'deny',
      reason,
    });
    await executor.declare('c9', 'http.fetch', { method: 'POST', url: request.url, body });
    const { approval: code } = (
      await executor.declare('c9', 'http.fetch', { method: 'POST', url: request.url, body })
    ).body;
    expect(code).toBeTruthy();
    expect((await executor.declare('c3', 'files.delete', { path })).body).toMatchObject({
      kind: 'deny',
      reason,
    });
  });

  it('is what will run, whatever stood in its place', async () => {
    const { house, start } = await openHouse();
    await estate.store.files.put(
      { path, blob: 'blobs/other', bytes: 8, sha256: sha256Hex('harmless'), writtenBy: 'owner' },
      new Date(),
    );
    const executor = await start('x');
    const { approval } = (
      await executor.declare('c9', 'http.fetch', { method: 'POST', url: request.url, body })
    ).body;
    await until(() => house.channel.card(`approval:${approval}`), 'the card');
    expect(await estate.store.files.get(path)).toMatchObject({ sha256: sha256Hex(body), writtenBy: 'T-1' });
  });
});

describe('one call id', () => {
  it('that was used answers for no other call', async () => {
    const { start } = await openHouse();
    const executor = await start('x');
    const { permit } = (await executor.declarePut('c1', 'T-1/a.txt', 'a')).body;
    await executor.put('c1', permit, 'a');
    expect((await executor.declarePut('c1', './T-1/a.txt', 'a')).body).toMatchObject({
      kind: 'settled',
      ok: true,
    });
    const reason = expect.stringContaining('stands for another call');
    for (const [tool, path] of [
      ['files.delete', 'T-1/a.txt'],
      ['files.put', 'T-1/b.txt'],
    ] as const)
      expect(
        (await executor.declare('c1', tool, { path, bytes: 1, sha256: sha256Hex('a') })).body,
      ).toMatchObject({ kind: 'deny', reason });
  });

  it('for two calls in turn: “It happened” is said of the one that was begun', async () => {
    const { house, start } = await openHouse();
    const executor = await start('x');
    const [a, b] = ['a', 'b'].map((body) => ({ method: 'POST', url: 'https://good.example.org/', body }));
    const begun = await permitFor(house, executor, 'c1', 'http.fetch', a ?? {});
    await permitFor(house, executor, 'c1', 'http.fetch', b ?? {});
    await permitFor(house, executor, 'c1', 'http.fetch', a ?? {});
    expect(await estate.store.permits.consume(begun, new Date())).toBe(true);
    await estate.store.permits.settle(begun, { ok: null, content: 'the line was cut' }, new Date());
    const { approval } = (await executor.declare('c1', 'http.fetch', a ?? {})).body;
    await house.coordinator.inbound.decide({
      code: approval,
      decision: { kind: 'happened' },
      chat: { channel: 'http', externalId: 'main' },
      sender: OWNER,
    });
    expect((await executor.declare('c1', 'http.fetch', a ?? {})).body).toMatchObject({
      kind: 'settled',
      ok: true,
    });
  });
});

describe('what a loop sends', () => {
  /** So much, and then nothing more. */
  async function* hanging(bytes: number): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(bytes, 'x');
    await new Promise<void>(() => undefined);
  }

  it('is no control stream when it has no end of a line', async () => {
    const { start } = await openHouse();
    const executor = await start('x');
    expect((await executor.call('POST', '/control', hanging(100_000))).text).toBe('');
    expect((await executor.declarePut('c1', 'T-1/a.txt', 'a')).body.kind).toBe('allow');
  });

  it('as a ticket is short', async () => {
    const { start } = await openHouse();
    const executor = await start('x');
    expect((await executor.call('POST', '/attach', hanging(2000))).status).toBe(413);
  });

  it('takes no more of the memory than a few bodies at once', async () => {
    const { start } = await openHouse();
    const executor = await start('x');
    const bodies = Array.from({ length: 6 }, () => executor.call('POST', '/append', hanging(4_000_000)));
    expect((await Promise.any(bodies)).status).toBe(429);
    for (const body of bodies) body.catch(() => undefined);
  });

  it('is one file after the other', async () => {
    const { start } = await openHouse();
    const executor = await start('x');
    const uploads = [1, 2, 3].map((seq) => executor.call('PUT', `/scratch?seq=${seq}`, hanging(1000)));
    expect((await Promise.any(uploads)).status).toBe(429);
    for (const upload of uploads) upload.catch(() => undefined);
  });

  it('leaves nothing behind when it is not what was declared', async () => {
    const { start } = await openHouse();
    const executor = await start('x');
    const { permit } = (await executor.declarePut('c1', 'T-1/a.txt', 'small')).body;
    for (const other of ['other', 'another'])
      expect((await executor.put('c1', permit, other)).body).toMatchObject({ kind: 'refused' });
    expect([...(await estate.objectKeys('blobs')), ...(await estate.objectKeys('incoming'))]).toEqual([]);
  });

  it('leaves the audit chain short, however long a call is', async () => {
    const { start } = await openHouse();
    const executor = await start(`read ${PAGE}`);
    const fetch = { method: 'GET', url: `${PAGE}?${'q'.repeat(8000)}` };
    const longest = 'x'.repeat(30_000);
    expect((await executor.declare('c1', 'http.fetch', fetch)).body.kind).toBe('allow');
    await executor.declare('c2', 'http.fetch', {
      ...fetch,
      headers: { a: longest.slice(0, 8000), b: longest.slice(0, 8000) },
    });
    await executor.declare(
      'c3',
      'unknown.tool',
      Object.fromEntries([...Array(500).keys()].map((key) => [`${key}${longest.slice(0, 100)}`, ''])),
    );
    const sizes: number[] = [];
    for await (const { body } of estate.store.audit.entries()) sizes.push(body.length);
    expect(sizes.length).toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBeLessThan(6000);
  });

  it.each([
    ['more than 64 headers', Object.fromEntries([...Array(65).keys()].map((key) => [`x-${key}`, '1']))],
    [
      'headers of more than 32 kB',
      Object.fromEntries([...Array(5).keys()].map((key) => [`x-${key}`, 'x'.repeat(8000)])),
    ],
  ])('is no request with %s', async (_what, headers) => {
    const { start } = await openHouse();
    const executor = await start(`read ${PAGE}`);
    const { body } = await executor.declare('c1', 'http.fetch', { method: 'GET', url: PAGE, headers });
    expect(body).toMatchObject({ kind: 'deny', reason: expect.stringContaining('Not a usable request') });
  });
});
