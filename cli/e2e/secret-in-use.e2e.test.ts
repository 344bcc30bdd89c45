import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import path from 'node:path';
import { startRedis } from '@reeve/postgres/testing';
import { afterEach, expect, it } from 'vitest';
import { type Descendant, descendantsOf } from '../testing/descendants.ts';
import { canariesIn, canariesInFiles, dumpDatabase } from '../testing/find-canary.ts';
import { eventually, makeTestHome, runReeve, startReeve } from '../testing/reeve-process.ts';
import { startScriptedModelServer } from '../testing/scripted-model-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A site that takes a key and answers only when it is told to. */
async function serveSlowly(): Promise<{ host: string; url: string; given: string[] }> {
  const given: string[] = [];
  const server = createServer((request) => void given.push(String(request.headers['x-api-key'])));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}/slow`, given };
}

/** A Redis, and everything that is ever said to it. */
async function watchRedis(): Promise<{ url: string; heard: () => string }> {
  const redis = await startRedis();
  closing.push(() => redis.stop());
  const { hostname, port } = new URL(redis.url);
  const socket = connect(Number(port), hostname);
  let heard = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    heard += text;
  });
  socket.write('MONITOR\r\n');
  closing.push(() => socket.destroy());
  return { url: redis.url, heard: () => heard };
}

const halfOf = (processes: readonly Descendant[], entry: string): Descendant[] =>
  processes.filter(({ commandLine }) =>
    new RegExp(`^\\S*node\\S* (?:--\\S+ )*/app/${entry} ?$`).test(commandLine),
  );

/** Does nothing to a process that has ended by itself. */
function crash(pid: number): void {
  try {
    process.kill(pid, 'SIGSEGV');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

it('while a secret is in use, and when its worker and its gateway crash, it is nowhere but at its site', async ({
  annotate,
}) => {
  const canary = `cnry${randomBytes(18).toString('hex')}`;
  const site = await serveSlowly();
  const redis = await watchRedis();
  const models = await startScriptedModelServer();
  closing.push(() => models.close());
  const settings = {
    OPENAI_BASE_URL: models.url,
    OPENAI_API_KEY: 'sk-test',
    REEVE_MODEL_COORDINATOR: 'chat-model',
    REEVE_MODEL_EXECUTOR: 'work-model',
    REEVE_PRIVATE_HOSTS: site.host,
    REDIS_URL: redis.url,
    REEVE_WARM_EXECUTORS: '0',
  };
  await using home = await makeTestHome();
  await runReeve(home, ['secret', 'set', 'SLOW', '--host', '127.0.0.1'], settings, `${canary}\n`);
  await using reeve = await startReeve(home, settings);
  const text = models.words([
    { tool: 'shell_run', arguments: { command: 'env > marker-of-the-test; ls' } },
    {
      tool: 'http_fetch',
      arguments: { url: site.url, headers: { 'x-api-key': 'secret:SLOW' }, reason: 'to wait' },
    },
  ]);
  await reeve.call('POST', '/v1/conversations/main/messages', { text });
  const code = await eventually('the question', async () => {
    const { body } = await reeve.call('GET', '/v1/approvals');
    return (body['approvals'] as { code: string }[])[0]?.code;
  });
  await reeve.call('POST', `/v1/approvals/${code}/decision`, { decision: 'approve' });
  await eventually('the key at its site', async () => site.given[0]);
  expect(site.given).toEqual([canary]);

  const processes = await descendantsOf(reeve.pid);
  const [loops, shims] = [halfOf(processes, 'loop.mjs'), halfOf(processes, 'shim.mjs')];
  expect(Math.min(loops.length, shims.length)).toBeGreaterThan(0);
  const readable = [...loops, ...shims].flatMap(({ environment }) => environment ?? []);
  if (readable.length > 0) expect(readable.join()).toContain('NODE_COMPILE_CACHE');
  else await annotate('the environments of workers may not be read by this user');
  expect(canariesIn(JSON.stringify(processes), [canary])).toEqual([]);
  const scratches = shims.map(({ pid }) => `/proc/${pid}/root/work`);
  const own = scratches.filter((scratch) => existsSync(path.join(scratch, 'marker-of-the-test')));
  if (process.geteuid?.() === 0) expect(own).toHaveLength(1);
  for (const scratch of own) expect(await canariesInFiles(scratch, [canary])).toEqual([]);
  expect(redis.heard()).toContain('reeve:tasks:');

  for (const { pid } of [...loops, ...shims]) crash(pid);
  await eventually('the end of the crashed', async () => {
    const left = (await descendantsOf(reeve.pid)).map(({ pid }) => pid);
    return [...loops, ...shims].every(({ pid }) => !left.includes(pid));
  });
  process.kill(reeve.pid, 'SIGABRT');
  const { stderr } = await reeve.ended;

  const why = await runReeve(home, ['audit', 'verify'], settings);
  const dump = await dumpDatabase(path.join(home.path, 'database'));
  expect(dump).toContain('secret:SLOW');
  const spoken = [stderr, why.stdout, why.stderr, redis.heard(), JSON.stringify(models.asked())].join('\n');
  expect(canariesIn(spoken, [canary])).toEqual([]);
  expect(canariesIn(dump, [canary])).toEqual([]);
  expect(await canariesInFiles(home.path, [canary])).toEqual([]);
  expect(models.asked().join()).toContain('marker-of-the-test');
});
