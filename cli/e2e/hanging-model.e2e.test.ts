import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, makeTestHome, type RunningReeve, startReeve } from '../testing/reeve-process.ts';

let provider: Server;
afterEach(() => provider.closeAllConnections());

/** A provider that takes every request and never answers. */
async function startSilentProvider(): Promise<string> {
  provider = createServer(() => undefined).listen(0, '127.0.0.1');
  await new Promise((resolve) => provider.once('listening', resolve));
  return `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`;
}

async function texts(reeve: RunningReeve): Promise<string[]> {
  const { body } = await reeve.call('GET', '/v1/conversations/main/messages?limit=50');
  return (body['messages'] as { role: string; text: string }[]).flatMap(({ role, text }) =>
    role === 'assistant' ? [text] : [],
  );
}

describe('a model that never answers', () => {
  it('is seen in the status, and the person can break the answer off', async () => {
    await using home = await makeTestHome();
    await using reeve = await startReeve(home, {
      OPENAI_BASE_URL: await startSilentProvider(),
      OPENAI_API_KEY: 'x',
    });
    await reeve.call('POST', '/v1/conversations/main/messages', { text: 'hello' });
    await eventually('an answer in the making', async () => {
      const { body } = await reeve.call('GET', '/v1/status');
      return (body['answering'] as unknown[]).length === 1;
    });
    await reeve.call('POST', '/v1/conversations/main/messages', { text: '/cancel' });
    await eventually('the end of it', async () =>
      (await texts(reeve))[0]?.startsWith('Stopped before there was an answer.'),
    );
    expect((await reeve.call('GET', '/v1/status')).body).toMatchObject({ answering: [], trouble: [] });
  });
});
