import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LLMock } from '@copilotkit/aimock';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, makeTestHome, type RunningReeve, startReeve } from '../testing/reeve-process.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A shop that takes an order and, as long as `isCutting`, cuts the line instead of answering. */
async function openShop() {
  const shop = { orders: 0, isCutting: true, isSilent: false, port: 0 };
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      shop.orders += 1;
      if (shop.isSilent) return;
      if (shop.isCutting) request.socket.destroy();
      else response.writeHead(201).end('ordered');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  shop.port = (server.address() as AddressInfo).port;
  return shop;
}

/** A model whose worker orders once and then says what it was told. */
async function startModel(port: number): Promise<Record<string, string>> {
  const server = new LLMock({ port: 0 });
  const call = (name: string, args: object) => ({ toolCalls: [{ name, arguments: JSON.stringify(args) }] });
  const last = (request: { messages: { role: string }[] }) => request.messages.at(-1)?.role;
  const hears = (text: string) => (request: { messages: unknown[] }) =>
    JSON.stringify(request.messages.at(-1)).includes(text);
  server.on(
    { model: 'chat-model', predicate: (request) => last(request) === 'user' },
    call('task_start', { title: 'Order', goal: 'Order one book' }),
  );
  server.on(
    { model: 'chat-model', predicate: (request) => last(request) === 'tool' },
    { content: 'I have started on it.' },
  );
  server.on(
    { model: 'work-model', predicate: (request) => last(request) === 'user' },
    call('http_fetch', { url: `http://127.0.0.1:${port}/orders`, method: 'POST', body: 'one book' }),
  );
  server.on({ model: 'work-model', predicate: hears('status 201') }, { content: 'It is ordered now.' });
  server.on(
    { model: 'work-model', predicate: hears('says that it happened') },
    { content: 'It was ordered.' },
  );
  server.on({ model: 'work-model', predicate: hears('must not be tried') }, { content: 'I left it.' });
  await server.start();
  closing.push(() => server.stop());
  return {
    OPENAI_BASE_URL: `${server.url}/v1`,
    OPENAI_API_KEY: 'sk-test',
    REEVE_MODEL_COORDINATOR: 'chat-model',
    REEVE_MODEL_EXECUTOR: 'work-model',
    REEVE_PRIVATE_HOSTS: `127.0.0.1:${port}`,
  };
}

interface Asked {
  readonly code: string;
  readonly question: string;
}

const question = (reeve: RunningReeve, kind: string): Promise<Asked> =>
  eventually(`a question of kind ${kind}`, async () => {
    const { approvals } = (await reeve.call('GET', '/v1/approvals')).body as { approvals: Asked[] };
    return approvals.find((approval) => approval.question === kind);
  });

const decide = (reeve: RunningReeve, { code }: Asked, decision: string) =>
  reeve.call('POST', `/v1/approvals/${code}/decision`, { decision });

const ending = (reeve: RunningReeve): Promise<{ state: string; outcome: { summary: string } }> =>
  eventually('the end of the task', async () => {
    const task = (await reeve.call('GET', '/v1/tasks/T-1')).body as never as {
      state: string;
      outcome: { summary: string } | null;
    };
    return task.outcome === null ? null : { state: task.state, outcome: task.outcome };
  });

const order = (reeve: RunningReeve) =>
  reeve.call('POST', '/v1/conversations/main/messages', { text: 'order me one book' });

describe('a request whose answer was lost', () => {
  it('is asked about, and done again only on the owner’s word', async () => {
    const shop = await openShop();
    await using home = await makeTestHome();
    await using reeve = await startReeve(home, await startModel(shop.port));
    await order(reeve);
    await decide(reeve, await question(reeve, 'permission'), 'approve');
    const asked = await question(reeve, 'outcome');
    expect(shop.orders).toBe(1);
    shop.isCutting = false;
    expect((await decide(reeve, asked, 'approve')).body).toMatchObject({
      sentence: expect.stringContaining('To be done again'),
    });
    expect((await ending(reeve)).outcome.summary).toBe('It is ordered now.');
    expect(shop.orders).toBe(2);
  });

  it('counts as done when the owner says that it happened', async () => {
    const shop = await openShop();
    await using home = await makeTestHome();
    await using reeve = await startReeve(home, await startModel(shop.port));
    await order(reeve);
    await decide(reeve, await question(reeve, 'permission'), 'approve');
    await decide(reeve, await question(reeve, 'outcome'), 'happened');
    expect((await ending(reeve)).outcome.summary).toBe('It was ordered.');
    expect(shop.orders).toBe(1);
  });

  it('is asked about after kill -9 in the middle of it, and not repeated', async () => {
    const shop = await openShop();
    shop.isSilent = true;
    const model = await startModel(shop.port);
    await using home = await makeTestHome();
    {
      await using reeve = await startReeve(home, model);
      await order(reeve);
      await decide(reeve, await question(reeve, 'permission'), 'approve');
      await eventually('the order to arrive', async () => shop.orders === 1);
      await reeve.kill('SIGKILL');
    }
    await using again = await startReeve(home, model);
    await decide(again, await question(again, 'outcome'), 'deny');
    const { outcome } = await ending(again);
    expect(outcome.summary).toBe('I left it.');
    expect(shop.orders).toBe(1);
  });
});
