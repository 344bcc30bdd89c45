import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTestHome, runReeve, say, startReeve, type TestHome } from '../testing/reeve-process.ts';

async function refusedStart(home: TestHome, extra: Readonly<Record<string, string>> = {}): Promise<string> {
  const finished = await runReeve(home, ['up'], extra);
  expect(finished.code).not.toBe(0);
  expect(finished.stdout).toBe('');
  expect(finished.stderr).not.toMatch(/\n\s+at /);
  return finished.stderr;
}

describe('a start that cannot work says why and what to do', () => {
  it('a second one on the same home names the first', async () => {
    await using home = await makeTestHome();
    await using reeve = await startReeve(home);
    const said = await refusedStart(home);
    expect(said).toContain(String(reeve.pid));
    expect(said).toContain(reeve.url);
  });

  it('a port in use', async () => {
    await using home = await makeTestHome();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = String(typeof address === 'object' ? address?.port : 0);
    expect(await refusedStart(home, { REEVE_PORT: port })).toMatch(new RegExp(`Port ${port} .* in use`));
    server.close();
  });

  it('a home that is a file', async () => {
    await using home = await makeTestHome();
    const file = path.join(home.path, 'file');
    await writeFile(file, '');
    expect(await refusedStart(home, { REEVE_HOME: file })).toContain(`The home ${file} cannot be used`);
  });

  it.each([
    ['REEVE_PORT', 'seventy', /REEVE_PORT/],
    ['REEVE_TIME_ZONE', 'Mars/Base', /REEVE_TIME_ZONE must be an IANA time zone/],
    ['OPENAI_BASE_URL', 'not an address', /OPENAI_BASE_URL must be an http or https address/],
    ['REEVE_PARALLEL_TASKS', '0', /REEVE_PARALLEL_TASKS/],
  ])('%s=%s', async (name, value, expected) => {
    await using home = await makeTestHome();
    expect(await refusedStart(home, { [name]: value })).toMatch(expected);
  });

  it('a database server that is not there', async () => {
    await using home = await makeTestHome();
    const said = await refusedStart(home, { DATABASE_URL: 'postgres://user:hunter2@127.0.0.1:1/none' });
    expect(said).toContain('Cannot open the Postgres server');
    expect(said).not.toContain('hunter2');
  });

  it('an unknown command', async () => {
    await using home = await makeTestHome();
    const finished = await runReeve(home, ['dance']);
    expect(finished.code).toBe(2);
    expect(finished.stderr).toContain('unknown command');
  });
});

describe('messages that cannot be taken', () => {
  it('are refused in words and not stored', async () => {
    await using home = await makeTestHome();
    await using reeve = await startReeve(home);
    const send = (text: string) => reeve.call('POST', '/v1/conversations/main/messages', { text });
    expect(await send('')).toMatchObject({ status: 422, body: { code: 'message-empty' } });
    expect(await send('x'.repeat(1_000_000))).toMatchObject({
      status: 413,
      body: { code: 'message-too-long' },
    });
    expect(await send('\u0000\u0001\u0002')).toMatchObject({
      status: 422,
      body: { code: 'message-not-text' },
    });
    expect(await reeve.call('GET', '/v1/tasks/T-99')).toMatchObject({
      status: 404,
      body: { code: 'task-unknown' },
    });
    expect(await reeve.call('POST', '/v1/tasks/T-99/cancel')).toMatchObject({ status: 404 });
    expect(await reeve.call('GET', '/v1/files/..%2F..%2Fetc%2Fpasswd')).toMatchObject({ status: 404 });
    expect((await reeve.call('GET', '/v1/conversations/main/messages')).body['messages']).toEqual([]);
  });

  it('unknown commands and ids are answered without a model', async () => {
    await using home = await makeTestHome();
    const extra = { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_API_KEY: 'none' };
    for (const [command, expected] of [
      ['/dance', 'There is no such command: /dance'],
      ['/cancel T-99', 'There is no such task: T-99'],
      ['/why T-99', 'There is no such task: T-99'],
      ['/approve ZZZZ', 'There is no such question: ZZZZ'],
      ['/status', 'Running 0 of 5'],
      ['/tasks', 'There are no tasks yet'],
      ['/help', '/cancel [T-3 | all | answer]'],
    ] as const) {
      const said = await say(home, command, 'none', extra);
      expect(said.code, JSON.stringify(said)).toBe(expected.startsWith('There is no') ? 1 : 0);
      expect(JSON.stringify(said.events)).toContain(expected);
    }
    const unanswered = await say(home, 'hello', 'none', extra);
    expect(JSON.stringify(unanswered.events)).toContain('The model could not be reached');
    expect(unanswered.code).toBe(1);
  });
});
