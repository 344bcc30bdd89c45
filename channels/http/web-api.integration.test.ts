import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeHouse, openFakeHouse } from './testing/fake-house.ts';

const NOTICE = { kind: 'notice' } as const;
const TASK = { kind: 'task-card', taskId: 'T-1', state: 'running' } as const;

let house: FakeHouse;
beforeEach(async () => {
  house = await openFakeHouse({
    pages: async (path) =>
      path === '/' || path === '/app/main.ts'
        ? { body: new Uint8Array([97]), gzipped: new Uint8Array(), contentType: 'text/html', etag: '"e1"' }
        : null,
  });
});
afterEach(() => house.stop());

function call(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${house.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${house.token}`, 'content-type': 'application/json', ...init.headers },
  });
}

async function signIn(): Promise<string> {
  const token = new URL(house.newWebLink()).hash.replace('#login=', '');
  const answer = await fetch(`${house.url}/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  expect(answer.status).toBe(204);
  return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
}

async function positions(query: string): Promise<{ numbers: number[]; hasMore: boolean; newest: number }> {
  const answer = await call(`/v1/conversations/main/timeline?${query}`);
  const page = (await answer.json()) as { items: { number: number }[]; hasMore: boolean; newest: number };
  return { ...page, numbers: page.items.map(({ number }) => number) };
}

test('a conversation is read page by page, each card as it is now, what people said among it', async () => {
  const card = (title: string) => ({ kind: 'card' as const, card: { key: 'task:T-1', title, blocks: [] } });
  await call('/v1/conversations/main/messages', { method: 'POST', body: JSON.stringify({ text: 'hello' }) });
  await house.deliver(card('begun'), TASK);
  await house.deliver({ kind: 'text', markdown: 'answer' }, NOTICE);
  await house.deliver(card('done'), TASK);
  expect(await positions('limit=2')).toMatchObject({ numbers: [4, 3], hasMore: true, newest: 4 });
  expect(await positions('limit=2&before=2')).toMatchObject({ numbers: [1], hasMore: false });
  expect(await positions('limit=1&after=1')).toMatchObject({ numbers: [4], hasMore: true });
  const found = (await (await call('/v1/search?q=HELLO')).json()) as { hits: object[] };
  expect(found.hits).toMatchObject([{ position: 1, event: { kind: 'said', text: 'hello' } }]);
});

test('the same message sent twice is said once, also when the first answer was lost', async () => {
  const body = JSON.stringify({ text: 'once', clientId: 'c1' });
  for (let time = 0; time < 2; time += 1)
    expect((await call('/v1/conversations/main/messages', { method: 'POST', body })).status).toBe(202);
  expect((await positions('limit=10')).numbers).toEqual([1]);
});

test('a session counts for the page itself and for nothing else', async () => {
  const cookie = await signIn();
  const status = async (path: string, headers: Record<string, string>, method = 'GET') =>
    (await fetch(`${house.url}${path}`, { method, headers: { cookie, ...headers } })).status;
  expect(await status('/v1/status', { 'sec-fetch-site': 'same-origin' })).toBe(200);
  expect(await status('/v1/files', { 'sec-fetch-site': 'none' })).toBe(200);
  expect(await status('/v1/status', { 'sec-fetch-site': 'same-site' })).toBe(401);
  expect(await status('/v1/status', { 'sec-fetch-site': 'cross-site' })).toBe(401);
  expect(await status('/v1/logout', { 'sec-fetch-site': 'none' }, 'POST')).toBe(401);
  expect(await status('/v1/logout', {}, 'POST')).toBe(401);
  expect(await status('/v1/logout', { origin: house.url }, 'POST')).toBe(204);
  expect(await status('/v1/secrets', { 'sec-fetch-site': 'same-origin' })).toBe(401);
  expect(
    await status('/v1/secret-keys', { 'sec-fetch-site': 'same-origin', origin: house.url }, 'POST'),
  ).toBe(401);
  expect(await status('/v1/status', { cookie: `${cookie}x`, 'sec-fetch-site': 'same-origin' })).toBe(401);
});

test('pages need no session, are kept by their etag, and forbid all that is not theirs', async () => {
  const page = await fetch(house.url, { headers: { 'accept-encoding': 'identity' } });
  expect(await page.text()).toBe('a');
  const policy = page.headers.get('content-security-policy');
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('unsafe');
  const again = await fetch(house.url, { headers: { 'if-none-match': '"e1"' } });
  expect(again.status).toBe(304);
  expect((await fetch(`${house.url}/app/other.ts`)).status).toBe(404);
  expect((await fetch(`${house.url}/app/..%2f..%2fpackage.json`)).status).toBe(404);
});
