import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LLMock } from '@copilotkit/aimock';
import { afterEach, describe, expect, it } from 'vitest';
import { makeTestHome, runReeve, say } from '../testing/reeve-process.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A page on loopback, which no request reaches by itself, and how often it was asked for. */
async function servePage(): Promise<{ url: string; asked: string[]; port: number }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.setHeader('content-type', 'text/plain').end('the tide turns at noon');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/tides`, asked, port };
}

/** A model whose worker fetches the page and repeats what it was told. */
async function startModel(url: string): Promise<Record<string, string>> {
  const server = new LLMock({ port: 0 });
  const last = (request: { messages: { role: string }[] }) => request.messages.at(-1)?.role;
  const call = (name: string, args: object) => ({ toolCalls: [{ name, arguments: JSON.stringify(args) }] });
  const tells = (text: string) => (request: { messages: unknown[] }) =>
    JSON.stringify(request.messages.at(-1)).includes(text);
  server.on(
    { model: 'chat-model', predicate: (request) => last(request) === 'user' },
    call('task_start', { title: 'Tides', goal: 'Read the page about tides' }),
  );
  server.on(
    { model: 'chat-model', predicate: (request) => last(request) === 'tool' },
    { content: 'I have started on it.' },
  );
  server.on(
    { model: 'work-model', predicate: (request) => last(request) === 'user' },
    call('http_fetch', { url, reason: 'to read it' }),
  );
  server.on({ model: 'work-model', predicate: tells('the tide turns') }, { content: 'It turns at noon.' });
  server.on(
    { model: 'work-model', predicate: tells('not on the public internet') },
    { content: 'The gateway does not go there.' },
  );
  await server.start();
  closing.push(() => server.stop());
  return {
    OPENAI_BASE_URL: `${server.url}/v1`,
    OPENAI_API_KEY: 'sk-test',
    REEVE_MODEL_COORDINATOR: 'chat-model',
    REEVE_MODEL_EXECUTOR: 'work-model',
  };
}

const textOf = (events: readonly Record<string, unknown>[]) =>
  events.flatMap((event) => (event['kind'] === 'message' ? [String(event['markdown'])] : [])).join('\n');

describe('a request to a private host', () => {
  it('goes out once after a yes, when the operator has exempted the host', async () => {
    const page = await servePage();
    const settings = {
      ...(await startModel(page.url)),
      REEVE_PRIVATE_HOSTS: `127.0.0.1:${page.port}`,
    };
    await using home = await makeTestHome();
    const said = await say(home, 'when does the tide turn?', 'once', settings);
    expect(textOf(said.events)).toContain('It turns at noon.');
    expect(page.asked).toEqual(['GET /tides']);
    expect(said.code).toBe(0);
    const doctor = await runReeve(home, ['doctor'], settings);
    expect(doctor.stdout).toContain(`exempt: 127.0.0.1:${page.port}`);
  });

  it('is refused in words even after a yes, when nobody has', async () => {
    const page = await servePage();
    const settings = await startModel(page.url);
    await using home = await makeTestHome();
    const said = await say(home, 'when does the tide turn?', 'once', settings);
    expect(textOf(said.events)).toContain('The gateway does not go there.');
    expect(textOf(said.events)).toContain('ended without what was refused');
    expect(page.asked).toEqual([]);
    const verified = await runReeve(home, ['audit', 'verify'], settings);
    expect(verified.code).toBe(0);
  });
});
