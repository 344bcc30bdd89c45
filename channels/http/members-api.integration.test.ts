import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchApiSchema } from './testing/api-schema.ts';
import { type FakeHouse, openFakeHouse } from './testing/fake-house.ts';
import { sampleApproval, sampleSchedule, sampleTask } from './testing/samples.ts';

const NOTICE = { kind: 'notice' } as const;
const HERS = '@7%3Aa:main';

let house: FakeHouse;
let session: string;
beforeEach(async () => {
  house = await openFakeHouse();
  house.people.set('7:a', { role: 'member', name: 'Grace' });
  house.people.set('7', { role: 'member', name: 'Linus' });
  house.conversations.push(HERS);
  session = await signIn('7:a');
});
afterEach(() => house.stop());

async function newLink(person: string | null): Promise<Response> {
  return fetch(`${house.url}/v1/login-links`, {
    method: 'POST',
    headers: { authorization: `Bearer ${house.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(person === null ? {} : { person }),
  });
}

/** What a browser keeps that followed the person's link. */
async function signIn(person: string): Promise<string> {
  const { url } = (await (await newLink(person)).json()) as { url: string };
  const answer = await fetch(`${house.url}/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: new URL(url).hash.replace('#login=', '') }),
  });
  return /=([^;]+)/.exec(answer.headers.get('set-cookie') ?? '')?.[1] ?? '';
}

async function call(method: string, path: string, body?: unknown, as = session) {
  const answer = await fetch(`${house.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${as}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text.startsWith('{') ? JSON.parse(text) : {}) as never };
}

const codeOf = async (answer: ReturnType<typeof call>) => {
  const { status, body } = await answer;
  return `${status} ${(body as { code?: string }).code ?? 'fine'}`;
};

describe('a member of the local API', () => {
  it('is who the link says, for as long as the owner knows them', async () => {
    expect((await call('GET', '/v1/me')).body).toEqual({ id: '7:a', name: 'Grace', role: 'member' });
    house.people.delete('7:a');
    expect(await codeOf(call('GET', '/v1/me'))).toBe('401 token-missing');
    expect((await newLink('7:a')).status).toBe(404);
    expect((await newLink(null)).status).toBe(201);
  });

  it('speaks under their own name, in conversations of their own, with message ids of their own', async () => {
    const message = { text: 'hello', clientId: 'c1' };
    await call('POST', '/v1/conversations/main/messages', message);
    await call('POST', '/v1/conversations/main/messages', message, house.token);
    expect(house.received).toMatchObject([
      { sender: { externalId: '7:a', name: 'Grace' }, chat: { externalId: HERS }, updateId: '@7%3Aa:c1' },
      { sender: { externalId: 'owner' }, chat: { externalId: 'main' }, updateId: 'c1' },
    ]);
    const { body } = await call('GET', '/v1/conversations/main/timeline');
    expect(body).toMatchObject({ items: [{ event: { kind: 'said', conversation: 'main', text: 'hello' } }] });
  });

  it('sees and finds their own conversations only, whatever they call them', async () => {
    await house.deliver({ kind: 'text', markdown: 'the owner’s secret' }, NOTICE);
    await house.deliver({ kind: 'text', markdown: 'her secret' }, NOTICE, { conversation: HERS });
    const { body } = await call('GET', '/v1/conversations');
    expect((body as { conversations: { name: string }[] }).conversations.map(({ name }) => name)).toEqual([
      'main',
    ]);
    expect((await call('GET', '/v1/search?q=secret')).body).toMatchObject({
      hits: [{ event: { markdown: 'her secret' } }],
    });
    for (const name of ['other', HERS, '@7:main', '%2e%2e'])
      expect(
        (await call('GET', `/v1/conversations/${encodeURIComponent(name)}/timeline`)).body,
      ).toMatchObject({ items: [] });
    const linus = await signIn('7');
    await call('POST', '/v1/conversations/a:main/messages', { text: 'hi' }, linus);
    expect(house.received.at(-1)?.chat.externalId).toBe('@7:a:main');
  });

  it('hears what comes in their conversations and nothing else, and nothing more once removed', async () => {
    const abort = new AbortController();
    const stream = await fetch(`${house.url}/v1/events?own=true&after=0`, {
      headers: { authorization: `Bearer ${session}` },
      signal: abort.signal,
    });
    const heard: string[] = [];
    const reading = (async () => {
      for await (const piece of stream.body as unknown as AsyncIterable<Uint8Array>)
        heard.push(Buffer.from(piece).toString());
    })().catch(() => undefined);
    await house.deliver({ kind: 'text', markdown: 'for the owner' }, NOTICE);
    house.draft('turn-1', 'draft for the owner');
    await house.deliver({ kind: 'text', markdown: 'for her' }, NOTICE, { conversation: HERS });
    await expect.poll(() => heard.join('')).toContain('for her');
    house.people.delete('7:a');
    await house.deliver({ kind: 'text', markdown: 'too late' }, NOTICE, { conversation: HERS });
    await new Promise((resolve) => setTimeout(resolve, 100));
    abort.abort();
    await reading;
    expect(heard.join('')).toContain('"conversation":"main"');
    expect(heard.join('')).not.toMatch(/for the owner|too late|7%3Aa/);
  });

  it('sees the tasks of their conversations, with no money, models or questions', async () => {
    house.tasks.set('T-1', sampleTask());
    house.tasks.set('T-2', sampleTask({ id: 'T-2', conversationId: `conversation-${HERS}` }));
    house.approvals.set('A7K2', sampleApproval());
    const { body } = await call('GET', '/v1/status');
    expect(body).toMatchObject({ running: [{ id: 'T-2' }], approvals: [], model: '', trouble: [] });
    expect(await codeOf(call('GET', '/v1/tasks/T-1'))).toBe('404 task-unknown');
    expect(await codeOf(call('POST', '/v1/tasks/T-1/cancel'))).toBe('404 task-unknown');
    expect(await codeOf(call('GET', '/v1/tasks/T-2'))).toBe('200 fine');
    house.files.set('T-1/a.txt', Buffer.from('a'));
    house.files.set('T-2/b.txt', Buffer.from('b'));
    expect(await codeOf(call('GET', '/v1/files/T-1/a.txt'))).toBe('404 file-unknown');
    expect(await codeOf(call('GET', '/v1/files/T-2/b.txt'))).toBe('200 fine');
  });

  it('shows them what they have handed over, and nothing that others have', async () => {
    house.files.set('uploads/theirs.pdf', Buffer.from('theirs'));
    house.uploaders.set('uploads/theirs.pdf', 'somebody');
    await call('POST', '/v1/uploads?name=mine.pdf');
    const { body } = await call('GET', '/v1/files');
    expect(body).toMatchObject({ files: [{ path: 'uploads/mine.pdf' }] });
    expect(await codeOf(call('GET', '/v1/files/uploads/mine.pdf'))).toBe('200 fine');
    expect(await codeOf(call('GET', '/v1/files/uploads/theirs.pdf'))).toBe('404 file-unknown');
  });

  it('sees the schedules of their conversations', async () => {
    house.schedules.push(
      sampleSchedule(),
      sampleSchedule({ id: 'S-2', conversationId: `conversation-${HERS}` }),
    );
    expect((await call('GET', '/v1/schedules')).body).toMatchObject({ schedules: [{ id: 'S-2' }] });
    expect((await call('GET', '/v1/status')).body).toMatchObject({ scheduled: [{ id: 'S-2' }] });
  });

  it('hands decisions to the coordinator under their own name: the code that decides for every channel', async () => {
    house.approvals.set('A7K2', sampleApproval());
    await call('POST', '/v1/approvals/A7K2/decision', { decision: 'approve' });
    expect(house.decisions).toMatchObject([{ sender: { externalId: '7:a' }, chat: { channel: 'http' } }]);
  });

  it('may call nothing else of what there is', async () => {
    const allowed = new Set([
      'GET /healthz',
      'POST /v1/login',
      'POST /v1/logout',
      'GET /v1/me',
      'GET /v1/events',
      'GET /v1/search',
      'GET /v1/status',
      'GET /v1/tasks',
      'GET /v1/tasks/{task}',
      'GET /v1/schedules',
      'POST /v1/tasks/{task}/cancel',
      'POST /v1/approvals/{code}/decision',
      'POST /v1/choices',
      'GET /v1/files',
      'GET /v1/files/{path}',
      'POST /v1/uploads',
      'GET /v1/conversations',
      'GET /v1/conversations/{conversation}/messages',
      'POST /v1/conversations/{conversation}/messages',
      'GET /v1/conversations/{conversation}/timeline',
      'PUT /v1/conversations/{conversation}/title',
    ]);
    const { operations } = await fetchApiSchema(house.url);
    const others = operations.filter((operation) => !allowed.has(operation));
    expect(others.length).toBeGreaterThan(8);
    for (const operation of others) {
      const [method = '', path = ''] = operation.split(' ');
      const answer = await codeOf(call(method, path.replace(/\{\w+\}/g, 'x')));
      expect(`${operation}: ${answer}`).toMatch(/: (403 owner-only|401 token-missing)$/);
    }
  });
});
