import { randomBytes } from 'node:crypto';
import {
  createPostgresStore,
  createSecretStore,
  DEFAULT_POSTGRES_DEADLINES,
  openPostgres,
  type SqlPool,
} from '@reeve/postgres';
import { emptyDatabase, openFreshDatabase, silentLog, startPostgres } from '@reeve/postgres/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSecretFiller } from './keyed-filler.ts';
import { createSecretDesk } from './secret-desk.ts';
import type { SecretKeys } from './secret-keys.ts';

const FIRST = 'first-value-1';
const SECOND = 'second-value-2';
const BY = 'person:owner';
const headers = { authorization: 'Bearer secret:GITHUB', accept: 'text/plain' };

function createMemoryKeys(): SecretKeys & { readonly kept: Map<number, Uint8Array> } {
  const kept = new Map<number, Uint8Array>();
  return {
    kept,
    all: async () => new Map(kept),
    async add() {
      const version = Math.max(0, ...kept.keys()) + 1;
      kept.set(version, randomBytes(32));
      return version;
    },
    async forgetBefore(version) {
      for (const old of kept.keys()) if (old < version) kept.delete(old);
    },
  };
}

function openHouse(pool: SqlPool) {
  const store = createSecretStore({ pool });
  const keys = createMemoryKeys();
  const logged: string[] = [];
  const write = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const log = { debug: write, info: write, warn: write, error: write };
  const clock = { now: () => new Date() };
  const desk = createSecretDesk({ store, keys, clock, randomBytes, privateNames: ['nas'] });
  return { store, keys, logged, desk, filler: createSecretFiller({ store, keys, log }) };
}

describe.each([
  ['PGlite', openEmbedded],
  ['Postgres', openServer],
])('secrets on %s', (_name, openDatabase) => {
  let pool: SqlPool;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ pool, close } = await openDatabase());
  });
  afterAll(() => close());
  beforeEach(() => emptyDatabase(pool));

  it('fills a secret in towards the hosts that it was set for and no others', async () => {
    const { desk, filler } = openHouse(pool);
    await desk.set({ name: 'GITHUB', value: FIRST, hosts: ['api.github.com'] }, BY);
    expect(await filler.fill(headers, 'api.github.com')).toMatchObject({
      kind: 'filled',
      headers: { authorization: `Bearer ${FIRST}`, accept: 'text/plain' },
    });
    for (const host of ['github.com', 'evil.example', 'api.github.com.evil.example'])
      expect(await filler.fill(headers, host)).toEqual({
        kind: 'refused',
        reason: `The secret GITHUB may go to api.github.com only, not to ${host}.`,
      });
  });

  it('takes what a host may have kept out of its answers to requests that name nothing, also after the host was changed', async () => {
    const { desk, filler } = openHouse(pool);
    const plain = { accept: 'text/plain' };
    const hiddenFrom = async (host: string) => {
      const filled = await filler.fill(plain, host);
      if (filled.kind === 'refused') throw new Error(filled.reason);
      expect(filled.headers).toEqual(plain);
      return filled.hide?.(`${FIRST} ${SECOND}`);
    };
    await desk.set({ name: 'GITHUB', value: FIRST, hosts: ['api.github.com'] }, BY);
    await desk.set({ name: 'MAIL', value: SECOND, hosts: ['mail.example.org', 'api.github.com'] }, BY);
    expect(await hiddenFrom('api.github.com')).toBe('[secret] [secret]');
    expect(await hiddenFrom('mail.example.org')).toBe(`${FIRST} [secret]`);
    expect(await hiddenFrom('github.com')).toBeUndefined();
    await desk.set({ name: 'GITHUB', value: FIRST, hosts: ['git.example.org'] }, BY);
    expect(await hiddenFrom('api.github.com')).toBe('[secret] [secret]');
  });

  it('goes to a host of a single label only where the operator has named it', async () => {
    const { desk } = openHouse(pool);
    const set = (host: string) => desk.set({ name: 'GITHUB', value: FIRST, hosts: [host] }, BY);
    expect(await set('nas')).toMatchObject({ kind: 'ok', value: { hosts: ['nas'] } });
    expect(await set('com')).toMatchObject({ kind: 'failed', failure: { code: 'secret-host-refused' } });
  });

  it('refuses a name that there is no secret for, and one of two', async () => {
    const { desk, filler } = openHouse(pool);
    await desk.set({ name: 'GITHUB', value: FIRST, hosts: ['api.github.com'] }, BY);
    const two = { a: 'secret:GITHUB', b: 'secret:GITHUB_2' };
    expect(await filler.fill(two, 'api.github.com')).toEqual({
      kind: 'refused',
      reason: 'There is no secret GITHUB_2.',
    });
  });

  it('a value with dollar signs goes out as it is', async () => {
    const { desk, filler } = openHouse(pool);
    await desk.set({ name: 'GITHUB', value: 'a$&b$1c$$d', hosts: ['api.github.com'] }, BY);
    expect(await filler.fill(headers, 'api.github.com')).toMatchObject({
      headers: { authorization: 'Bearer a$&b$1c$$d' },
    });
  });

  it('a new value counts at once; the one before it is still taken out of answers, older ones are forgotten', async () => {
    const { store, desk, filler } = openHouse(pool);
    await desk.set({ name: 'GITHUB', value: 'zero-value-0', hosts: ['api.github.com'] }, BY);
    await desk.set({ name: 'GITHUB', value: FIRST, hosts: null }, BY);
    await desk.set({ name: 'GITHUB', value: SECOND, hosts: null }, BY);
    const filled = await filler.fill(headers, 'api.github.com');
    expect(filled).toMatchObject({ headers: { authorization: `Bearer ${SECOND}` } });
    expect(filled.kind === 'filled' && filled.hide?.(`${FIRST} ${SECOND}`)).toBe('[secret] [secret]');
    expect((await store.versions('GITHUB')).map(({ version }) => version)).toEqual([3, 2]);
  });

  it('parallel new values get versions of their own', async () => {
    const { desk } = openHouse(pool);
    await desk.set({ name: 'GITHUB', value: FIRST, hosts: ['api.github.com'] }, BY);
    await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        desk.set({ name: 'GITHUB', value: `value-number-${index}`, hosts: null }, BY),
      ),
    );
    expect(await desk.list()).toMatchObject([{ name: 'GITHUB', version: 9 }]);
  });

  it('rekeying wraps everything anew while requests are filled, and the key before is good for nothing', async () => {
    const { store, keys, desk, filler } = openHouse(pool);
    await desk.set({ name: 'GITHUB', value: FIRST, hosts: ['api.github.com'] }, BY);
    await desk.set({ name: 'MAIL', value: SECOND, hosts: ['mail.example.org'] }, BY);
    let isDone = false;
    const filling = (async () => {
      for (;;) {
        const filled = await filler.fill(headers, 'api.github.com');
        if (filled.kind === 'refused') return filled.reason;
        if (isDone) return null;
      }
    })();
    for (const keyVersion of [2, 3, 4])
      expect(await desk.rekey(BY)).toEqual({ kind: 'ok', value: { keyVersion, secrets: 2 } });
    isDone = true;
    expect(await filling).toBeNull();
    expect((await store.all()).map(({ keyVersion }) => keyVersion)).toEqual([4, 4]);
    expect([...keys.kept.keys()]).toEqual([3, 4]);
    keys.kept.delete(3);
    expect(await filler.fill(headers, 'api.github.com')).toMatchObject({ kind: 'filled' });
  });

  it('without the key nothing opens, rekeying changes nothing, and a new value mends it', async () => {
    const { store, keys, desk, filler, logged } = openHouse(pool);
    await desk.set({ name: 'GITHUB', value: FIRST, hosts: ['api.github.com'] }, BY);
    keys.kept.set(1, randomBytes(32));
    expect(await filler.fill(headers, 'api.github.com')).toEqual({
      kind: 'refused',
      reason: 'The secret GITHUB does not open; its owner must set it again.',
    });
    expect(logged).toHaveLength(1);
    const before = await store.all();
    expect(await desk.rekey(BY)).toMatchObject({ kind: 'failed', failure: { code: 'secret-unreadable' } });
    expect(await store.all()).toEqual(before);
    await desk.set({ name: 'GITHUB', value: SECOND, hosts: null }, BY);
    expect(await filler.fill(headers, 'api.github.com')).toMatchObject({ kind: 'filled' });
  });

  it('hosts widened in the database open nothing', async () => {
    const { desk, filler } = openHouse(pool);
    await desk.set({ name: 'GITHUB', value: FIRST, hosts: ['api.github.com'] }, BY);
    await pool.query(`update secrets set hosts = '["evil.example"]'`);
    expect(await filler.fill(headers, 'evil.example')).toMatchObject({ kind: 'refused' });
  });

  it('a removed secret is gone, and every change is in the audit chain without its value', async () => {
    const { desk, filler } = openHouse(pool);
    await desk.set({ name: 'GITHUB', value: FIRST, hosts: ['api.github.com'] }, BY);
    await desk.rekey(BY);
    expect(await desk.remove('GITHUB', BY)).toEqual({ kind: 'ok', value: { name: 'GITHUB' } });
    expect(await desk.remove('GITHUB', BY)).toMatchObject({ failure: { code: 'secret-unknown' } });
    expect(await desk.list()).toEqual([]);
    expect(await filler.fill(headers, 'api.github.com')).toMatchObject({ kind: 'refused' });
    const bodies: string[] = [];
    for await (const { body } of createPostgresStore({ pool }).audit.entries()) bodies.push(body);
    expect(bodies.map((body) => (JSON.parse(body) as { event: string }).event)).toEqual([
      'secret-set',
      'secrets-rekeyed',
      'secret-removed',
    ]);
    expect(bodies.join()).not.toContain(FIRST);
  });

  it.each([
    ['a name', { name: FIRST, value: FIRST, hosts: ['a.org'] }, 'secret-name-refused'],
    ['no host', { name: 'A', value: FIRST, hosts: [] }, 'secret-host-refused'],
    ['a wildcard', { name: 'A', value: FIRST, hosts: ['*.a.org'] }, 'secret-host-refused'],
    ['a line break', { name: 'A', value: `${FIRST}\r\nX: y`, hosts: ['a.org'] }, 'secret-value-refused'],
    ['no secret to rotate', { name: 'A', value: FIRST, hosts: null }, 'secret-unknown'],
  ] as const)('refuses %s, and stores nothing', async (_what, secret, code) => {
    const { desk } = openHouse(pool);
    const refused = await desk.set(secret, BY);
    expect(refused).toMatchObject({ kind: 'failed', failure: { code } });
    expect(JSON.stringify(refused)).not.toContain(FIRST);
    expect(await desk.list()).toEqual([]);
  });
});

async function openEmbedded() {
  const pool = await openFreshDatabase();
  return { pool, close: () => pool.close() };
}

async function openServer() {
  const server = await startPostgres();
  const pool = openPostgres({
    connectionString: server.connectionString,
    deadlines: DEFAULT_POSTGRES_DEADLINES,
    log: silentLog,
    maxConnections: 10,
  });
  const close = async () => {
    await pool.close();
    await server.stop();
  };
  return { pool, close };
}
