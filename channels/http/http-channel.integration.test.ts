import { request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchApiSchema } from './testing/api-schema.ts';
import { type FakeHouse, openFakeHouse } from './testing/fake-house.ts';
import { sampleApproval, sampleSchedule, sampleTask } from './testing/samples.ts';

let house: FakeHouse;
beforeEach(async () => {
  house = await openFakeHouse();
});
afterEach(() => house.stop());

interface Call {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

function call(path: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Response> {
  return fetch(`${house.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${house.token}`, ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

function post(path: string, body: unknown): Promise<Response> {
  return call(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

function put(path: string, body: unknown): Promise<Response> {
  return call(path, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function problemOf(answer: Response): Promise<string> {
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const problem = (await answer.json()) as { code: string; status: number; detail: string };
  expect(problem.status).toBe(answer.status);
  expect(problem.detail).toMatch(/\.$|\)$/);
  return `${answer.status} ${problem.code}`;
}

/** A request with headers that `fetch` does not let through. */
function rawCall(path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${house.url}${path}`, { headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', reject).end();
  });
}

test('a wrong method is told which are right', async () => {
  const answer = await call('/v1/conversations/main/messages', { method: 'DELETE' });
  expect(answer.headers.get('allow')).toBe('POST, GET, HEAD');
  expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('it takes POST, GET, HEAD') });
});

test.each([
  ['/v1/events?after=abc', 'after: must be the number of an event'],
  ['/v1/conversations/a%0Ab/messages', 'conversation: a name has no slashes and no control characters'],
])('%s is refused in words', async (path, words) => {
  expect(await (await call(path)).json()).toMatchObject({ detail: expect.stringContaining(words) });
});

test('health and the description need no token; everything else does', async () => {
  const schema = await fetchApiSchema(house.url);
  expect((await fetch(`${house.url}/healthz`)).status).toBe(200);
  for (const operation of schema.operations) {
    const [method = '', path = ''] = operation.split(' ');
    if (path === '/healthz' || path === '/v1/login') continue;
    const answer = await fetch(`${house.url}${path}`, { method });
    expect([operation, await problemOf(answer)]).toEqual([operation, '401 token-missing']);
  }
  const wrong = await call('/v1/status', { headers: { authorization: 'Bearer another' } });
  expect(await problemOf(wrong)).toBe('401 token-missing');
});

test.each([
  ['a page of another site', { origin: 'https://evil.example' }],
  ['a page of another port', { origin: 'http://127.0.0.1:1' }],
  ['a sandboxed page', { origin: 'null' }],
])('%s is refused even with the token', async (_who, headers) => {
  expect(await problemOf(await call('/v1/status', { headers }))).toBe('403 origin-refused');
});

test('the API’s own page may call it', async () => {
  expect((await call('/v1/status', { headers: { origin: house.url } })).status).toBe(200);
});

test('a name that was rebound to this machine is refused, loopback names are not', async () => {
  const authorization = `Bearer ${house.token}`;
  expect(await rawCall('/v1/status', { authorization, host: 'evil.example' })).toBe(403);
  expect(await rawCall('/v1/status', { authorization, host: '127.0.0.1.evil.example' })).toBe(403);
  expect(await rawCall('/v1/status', { authorization, host: 'localhost:80' })).toBe(200);
  expect(await rawCall('/v1/status', { authorization, host: '[::1]' })).toBe(200);
});

test('a message reaches the coordinator once, however often it is sent', async () => {
  const message = { text: 'Hello', attachments: ['uploads/a.txt'], clientId: 'client-1' };
  const first = await post('/v1/conversations/main/messages', message);
  expect(first.status).toBe(202);
  const accepted = await first.json();
  expect(accepted).toEqual({ turnId: 'turn-1', conversationId: 'conversation-main', duplicate: false });
  const again = await (await post('/v1/conversations/main/messages', message)).json();
  expect(again).toEqual({ turnId: 'turn-1', conversationId: 'conversation-main', duplicate: true });
  expect(house.received).toMatchObject([
    { chat: { channel: 'http', externalId: 'main' }, text: 'Hello', attachments: ['uploads/a.txt'] },
  ]);
});

test.each<[string, () => Promise<Response>, string]>([
  ['no JSON', () => call('/v1/conversations/main/messages', json('{"text":')), '400 request-malformed'],
  ['no body', () => call('/v1/conversations/main/messages', { method: 'POST' }), '400 request-malformed'],
  [
    'text of another type',
    () => post('/v1/conversations/main/messages', { text: 5 }),
    '400 request-malformed',
  ],
  [
    'an unknown field',
    () => post('/v1/conversations/main/messages', { text: 'a', x: 1 }),
    '400 request-malformed',
  ],
  ['a form', () => call('/v1/conversations/main/messages', form('text=a')), '400 request-malformed'],
  [
    'a body of 3 MB',
    () => post('/v1/conversations/main/messages', { text: 'a'.repeat(3_000_000) }),
    '413 message-too-long',
  ],
  ['an unknown path', () => call('/v1/nothing'), '404 route-unknown'],
  ['a wrong method', () => call('/v1/status', { method: 'DELETE' }), '405 method-wrong'],
  ['a wrong method on files', () => call('/v1/files/a/b.txt', { method: 'PUT' }), '405 method-wrong'],
  [
    'a slash in a name',
    () => post('/v1/conversations/a%2Fb/messages', { text: 'a' }),
    '400 request-malformed',
  ],
  [
    'a line feed in a name',
    () => post('/v1/conversations/a%0Ab/messages', { text: 'a' }),
    '400 request-malformed',
  ],
  ['such a name for events', () => call('/v1/events?conversation=a%00b'), '400 request-malformed'],
  [
    'a last event that is no number',
    () => call('/v1/events', { headers: { 'last-event-id': 'abc' } }),
    '400 request-malformed',
  ],
  ['a start that is no number', () => call('/v1/events?after=abc'), '400 request-malformed'],
  ['a bad limit', () => call('/v1/tasks?limit=0'), '400 request-malformed'],
  ['a bad event number', () => call('/v1/events?after=-1'), '400 request-malformed'],
  ['no task id', () => call('/v1/tasks/nonsense'), '404 task-unknown'],
  ['an unknown task', () => call('/v1/tasks/T-9'), '404 task-unknown'],
  ['cancelling an unknown task', () => post('/v1/tasks/T-9/cancel', {}), '404 task-unknown'],
  ['an unknown question', () => call('/v1/approvals/ZZZZ'), '404 approval-unknown'],
  ['no code', () => call('/v1/approvals/!'), '404 approval-unknown'],
  [
    'a bad decision',
    () => post('/v1/approvals/A7K2/decision', { decision: 'maybe' }),
    '400 request-malformed',
  ],
  ['an unknown file', () => call('/v1/files/none.txt'), '404 file-unknown'],
  ['a broken file name', () => call('/v1/files/%E0%A4%A'), '422 file-name-refused'],
  [
    'an upload without a name',
    () => call('/v1/uploads', { method: 'POST', body: 'x' }),
    '400 request-malformed',
  ],
])('%s is refused in words', async (_what, send, expected) => {
  expect(await problemOf(await send())).toBe(expected);
  expect(house.received).toEqual([]);
});

function json(body: string): Call {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body };
}

function form(body: string): Call {
  return { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body };
}

test('what the coordinator refuses is passed on with its sentence', async () => {
  house.refuseMessages = { kind: 'refused', failure: { code: 'message-empty' } };
  expect(await problemOf(await post('/v1/conversations/main/messages', { text: '' }))).toBe(
    '422 message-empty',
  );
});

test('a breakdown is answered with a reference and no details', async () => {
  house.onMessage = () => undefined;
  house.onDecision = () => {
    throw new Error('secret detail of the inside');
  };
  const answer = await post('/v1/approvals/A7K2/decision', { decision: 'deny' });
  const body = await answer.text();
  expect(answer.status).toBe(500);
  expect(body).toContain('reference');
  expect(body).not.toContain('secret detail');
  expect(house.logged).toContain('an API call failed');
});

test('a decision reaches the coordinator with its scope or its words', async () => {
  await post('/v1/approvals/a7k2/decision', { decision: 'approve' });
  await post('/v1/approvals/A7K2/decision', { decision: 'deny', note: 'not today' });
  expect(house.decisions.map(({ code, decision }) => ({ code, decision }))).toEqual([
    { code: 'A7K2', decision: { kind: 'approve', scope: 'once' } },
    { code: 'A7K2', decision: { kind: 'deny', note: 'not today' } },
  ]);
});

test('every answer keeps to the served description', async () => {
  house.tasks.set('T-1', sampleTask());
  house.tasks.set(
    'T-2',
    sampleTask({ id: 'T-2', state: 'failed', outcome: { kind: 'failed', summary: 's', evidence: [1] } }),
  );
  house.tasks.set(
    'T-3',
    sampleTask({
      id: 'T-3',
      state: 'succeeded',
      outcome: { kind: 'succeeded', summary: 's', evidence: [1], verdict: 'proved' },
    }),
  );
  house.approvals.set('A7K2', sampleApproval());
  house.schedules.push(
    sampleSchedule(),
    sampleSchedule({ id: 'S-2', rule: { kind: 'once', at: new Date() }, state: 'paused', nextAt: null }),
  );
  house.files.set('a.txt', Buffer.from('a'));
  house.messages.push({
    sequence: 1,
    conversationId: 'conversation-main',
    turnId: 'turn-1',
    taskId: null,
    role: 'user',
    origin: { kind: 'owner', person: 'owner' },
    text: 'Hello',
    attachments: [],
    at: new Date(),
  });
  const calls: [string, () => Promise<Response>][] = [
    ['GET /healthz', () => call('/healthz')],
    ['GET /v1/conversations', () => call('/v1/conversations')],
    ['GET /v1/conversations/{conversation}/messages', () => call('/v1/conversations/main/messages')],
    [
      'POST /v1/conversations/{conversation}/messages',
      () => post('/v1/conversations/main/messages', { text: 'a' }),
    ],
    [
      'POST /v1/conversations/{conversation}/messages',
      () => post('/v1/conversations/main/messages', { text: 5 }),
    ],
    ['GET /v1/audit/check', () => call('/v1/audit/check')],
    ['GET /v1/me', () => call('/v1/me')],
    ['GET /v1/config', () => call('/v1/config')],
    ['GET /v1/status', () => call('/v1/status')],
    ['GET /v1/tasks', () => call('/v1/tasks?state=running')],
    ['GET /v1/tasks/{task}', () => call('/v1/tasks/T-1')],
    ['GET /v1/tasks/{task}', () => call('/v1/tasks/T-2')],
    ['GET /v1/tasks/{task}', () => call('/v1/tasks/T-3')],
    ['GET /v1/tasks/{task}', () => call('/v1/tasks/T-7')],
    ['POST /v1/tasks/{task}/cancel', () => post('/v1/tasks/T-1/cancel', {})],
    ['GET /v1/schedules', () => call('/v1/schedules')],
    ['GET /v1/approvals', () => call('/v1/approvals')],
    ['GET /v1/approvals/{code}', () => call('/v1/approvals/A7K2')],
    [
      'POST /v1/approvals/{code}/decision',
      () => post('/v1/approvals/A7K2/decision', { decision: 'approve' }),
    ],
    ['POST /v1/choices', () => post('/v1/choices', { card: 'tour:1:tone', option: 'warm' })],
    ['POST /v1/choices', () => post('/v1/choices', { card: 'tour:1:tone' })],
    ['GET /v1/secrets', () => call('/v1/secrets')],
    ['PUT /v1/secrets/{name}', () => put('/v1/secrets/KEY', { value: 'hunter2hunter2', hosts: ['a.org'] })],
    ['PUT /v1/secrets/{name}', () => put('/v1/secrets/OTHER', { value: 'hunter2hunter2' })],
    ['PUT /v1/secrets/{name}', () => put('/v1/secrets/KEY', { value: 5 })],
    ['DELETE /v1/secrets/{name}', () => call('/v1/secrets/KEY', { method: 'DELETE' })],
    ['DELETE /v1/secrets/{name}', () => call('/v1/secrets/KEY', { method: 'DELETE' })],
    ['POST /v1/secret-keys', () => post('/v1/secret-keys', {})],
    ['GET /v1/files', () => call('/v1/files')],
    ['GET /v1/conversations/{conversation}/timeline', () => call('/v1/conversations/main/timeline?limit=1')],
    ['GET /v1/search', () => call('/v1/search?q=a')],
    ['PUT /v1/conversations/{conversation}/title', () => put('/v1/conversations/main/title', { title: 'b' })],
    ['PUT /v1/conversations/{conversation}/title', () => put('/v1/conversations/main/title', { title: ' ' })],
    ['PUT /v1/conversations/{conversation}/title', () => put('/v1/conversations/none/title', { title: 'b' })],
    ['GET /v1/conversations', () => call('/v1/conversations')],
    ['GET /v1/turns/{turn}', () => call('/v1/turns/turn-1')],
    ['POST /v1/login-links', () => post('/v1/login-links', {})],
    ['POST /v1/login', () => post('/v1/login', { token: 'x' })],
    ['POST /v1/uploads', () => call('/v1/uploads?name=b.txt', { method: 'POST', body: 'b' })],
  ];
  const schema = await fetchApiSchema(house.url);
  for (const [operation, send] of calls) {
    const answer = await send();
    const violations = schema.violations(operation, answer.status, await answer.json());
    expect([operation, violations]).toEqual([operation, []]);
  }
  const withoutJson = ['GET /v1/events', 'GET /v1/files/{path}', 'POST /v1/logout'];
  expect(new Set([...calls.map(([operation]) => operation), ...withoutJson])).toEqual(
    new Set(schema.operations),
  );
});

test('the value of a secret is handed on and not said again; without hosts it keeps those it has', async () => {
  const long = await put('/v1/secrets/KEY', { value: 'x'.repeat(70_000) });
  expect([long.status, await long.json()]).toEqual([
    422,
    expect.objectContaining({ detail: expect.stringContaining('longer than any secret') }),
  ]);
  const set = await put('/v1/secrets/KEY', { value: 'the first value', hosts: ['api.example.org'] });
  expect(await set.json()).toMatchObject({ name: 'KEY', hosts: ['api.example.org'], version: 1 });
  expect(house.secrets.get('KEY')).toBe('the first value');
  await put('/v1/secrets/KEY', { value: 'the second value' });
  const listed = await (await call('/v1/secrets')).text();
  expect(JSON.parse(listed)).toMatchObject({ secrets: [{ hosts: ['api.example.org'], version: 2 }] });
  expect(listed).not.toContain('value');
});

test('a refused secret is not repeated in the answer', async () => {
  const tooLong = await put('/v1/secrets/KEY', { value: 'x'.repeat(70_000), hosts: ['a.org'] });
  expect(await problemOf(tooLong)).toBe('422 secret-value-refused');
  const mistaken = await put('/v1/secrets/KEY', { value: ['the only value'] });
  expect(await mistaken.text()).not.toContain('the only value');
});
