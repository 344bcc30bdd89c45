import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { LLMock } from '@copilotkit/aimock';
import { afterEach, expect, it } from 'vitest';
import { canariesIn, canariesInFiles, dumpDatabase } from '../testing/find-canary.ts';
import { makeTestHome, runReeve, say, startReeve } from '../testing/reeve-process.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Changes under percent, base64 and JSON encoding alike. */
const newCanary = () => `cnry+/="%\\${randomBytes(18).toString('base64')}`;

/** A site that repeats the key it was sent, in every form. */
async function serveEcho(): Promise<{ url: string; host: string; given: string[] }> {
  const given: string[] = [];
  const server = createServer((request, response) => {
    const key = String(request.headers['x-api-key']);
    given.push(key);
    const forms = ['', 'x', 'xx'].flatMap((before) => {
      const bytes = Buffer.from(`${before}${key}after`);
      return [bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')];
    });
    const body = `the tide turns at noon ${forms.join(' ')} ${encodeURIComponent(key)} ${JSON.stringify({ key })}`;
    response.setHeader('x-echo', Buffer.from(key).toString('base64')).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/tides`, host: `127.0.0.1:${port}`, given };
}

/** A model whose worker fetches the page with the secret in a header. */
async function startModel(url: string): Promise<{ settings: Record<string, string>; server: LLMock }> {
  const server = new LLMock({ port: 0 });
  const last = (request: { messages: { role: string }[] }) => request.messages.at(-1)?.role;
  const call = (name: string, args: object) => ({ toolCalls: [{ name, arguments: JSON.stringify(args) }] });
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
    call('http_fetch', { url, headers: { 'x-api-key': 'secret:TIDES' }, reason: 'to read it' }),
  );
  server.on(
    {
      model: 'work-model',
      predicate: (request) => JSON.stringify(request.messages.at(-1)).includes('tide turns'),
    },
    { content: 'It turns at noon.' },
  );
  server.on(
    { model: 'work-model', predicate: (request) => last(request) === 'tool' },
    { content: 'It did not go out.' },
  );
  await server.start();
  closing.push(() => server.stop());
  return {
    server,
    settings: {
      OPENAI_BASE_URL: `${server.url}/v1`,
      OPENAI_API_KEY: 'sk-test',
      REEVE_MODEL_COORDINATOR: 'chat-model',
      REEVE_MODEL_EXECUTOR: 'work-model',
    },
  };
}

it('a secret reaches the site that it is for and nothing else: no file, row, log, prompt or answer', async () => {
  const site = await serveEcho();
  const model = await startModel(site.url);
  const settings = { ...model.settings, REEVE_PRIVATE_HOSTS: site.host };
  await using home = await makeTestHome();
  const canaries = [newCanary(), newCanary()] as const;
  const outputs: string[] = [];
  const run = async (args: readonly string[], input = '') => {
    const finished = await runReeve(home, args, settings, input);
    outputs.push(finished.stdout, finished.stderr);
    expect([finished.code, finished.stderr]).toEqual([0, '']);
    return finished.stdout;
  };
  const ask = async () => {
    const said = await say(home, 'when does the tide turn?', 'once', settings);
    outputs.push(JSON.stringify(said.events), said.stderr);
    return outputs.at(-2) ?? '';
  };

  await run(['secret', 'set', 'TIDES', '--host', '127.0.0.1'], `${canaries[0]}\n`);
  const reeve = await startReeve(home, settings);
  expect(await ask()).toContain('It turns at noon.');
  await run(['secret', 'rotate', 'TIDES'], canaries[1]);
  await run(['secret', 'rekey']);
  expect(await ask()).toContain('It turns at noon.');
  expect(site.given).toEqual(canaries);
  expect(await run(['secret', 'list'])).toMatch(/^TIDES {2}version 2 of [\d-]+, for 127\.0\.0\.1\n$/);
  await run(['secret', 'rm', 'TIDES']);
  expect(await ask()).toContain('It did not go out.');
  expect(site.given).toHaveLength(2);
  await reeve.kill('SIGTERM');
  outputs.push((await reeve.ended).stderr);
  await run(['audit', 'verify']);

  const prompts = JSON.stringify(model.server.getRequests().map(({ body }) => body));
  expect(prompts).toContain('the tide turns');
  expect(prompts).toContain('[secret]');
  expect(prompts).toContain('[Secrets: secret:TIDES for 127.0.0.1.]');
  const dump = await dumpDatabase(path.join(home.path, 'database'));
  expect(dump).toContain('secret:TIDES');
  expect(canariesIn(dump, canaries)).toEqual([]);
  expect(canariesIn(prompts, canaries)).toEqual([]);
  expect(canariesIn(outputs.join('\n'), canaries)).toEqual([]);
  expect(await readFile(path.join(home.path, 'logs', 'reeve.log'), 'utf8')).toContain('Reeve is up');
  expect(await canariesInFiles(home.path, canaries)).toEqual([]);
});

it('what a secret is refused for is said without its value', async () => {
  await using home = await makeTestHome();
  const canary = `${newCanary()}é`;
  for (const [args, words] of [
    [['set', 'tides', '--host', 'example.com'], 'not a usable name'],
    [['set', 'TIDES', '--host', '*.example.com'], 'wildcards are too wide'],
    [['set', 'TIDES', '--host', 'example.com'], 'characters that no header may hold'],
    [['rotate', 'TIDES'], 'characters that no header may hold'],
  ] as const) {
    const refused = await runReeve(home, ['secret', ...args], {}, canary);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(words)]);
    expect(canariesIn(refused.stderr + refused.stdout, [canary.slice(0, -1)])).toEqual([]);
  }
});
