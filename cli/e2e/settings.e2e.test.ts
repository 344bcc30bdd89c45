import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LLMock } from '@copilotkit/aimock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTestHome, runReeve, say, startReeve, type TestHome } from '../testing/reeve-process.ts';

let server: LLMock;
beforeEach(async () => {
  server = new LLMock({ port: 0 });
  for (const model of ['first', 'second', 'eyes']) server.on({ model }, { content: `${model} answers` });
  await server.start();
});
afterEach(() => server.stop());

const settings = (extra: Record<string, string> = {}) => ({
  OPENAI_BASE_URL: `${server.url}/v1`,
  OPENAI_API_KEY: 'sk-test',
  ...extra,
});

/** Names the file instead of the environment, so that the owner may change it. */
async function writeSettingsFile(home: TestHome): Promise<void> {
  await writeFile(
    path.join(home.path, 'settings.json'),
    JSON.stringify({ REEVE_MODEL_COORDINATOR: 'first' }),
  );
}

async function answerTo(home: TestHome, text: string): Promise<string> {
  const { events } = await say(home, text);
  const [message] = events.filter((event) => event['kind'] === 'message');
  return String(message?.['markdown']);
}

describe('settings in the chat', () => {
  it('reach the provider, the API, `config print` and the next start, and are taken back', async () => {
    await using home = await makeTestHome();
    await writeSettingsFile(home);
    {
      await using reeve = await startReeve(home, settings());
      expect(await answerTo(home, 'hello')).toBe('first answers');
      expect(await answerTo(home, '/model second')).toContain('Answering now: second at');
      expect(await answerTo(home, 'hello')).toBe('second answers');
      const { body } = await reeve.call('GET', '/v1/config');
      expect(body['settings']).toContainEqual(
        expect.objectContaining({ name: 'model-chat', value: 'second', source: 'owner', changedBy: 'owner' }),
      );
      const printed = await runReeve(home, ['config', 'print', '--json']);
      expect(JSON.parse(printed.stdout)['REEVE_MODEL_COORDINATOR']).toMatchObject({
        value: 'second',
        source: 'owner',
      });
      await reeve.kill('SIGKILL');
    }
    const printed = await runReeve(home, ['config', 'print']);
    expect(printed.stderr).toContain('what was changed in the chat (/config) is not shown');
    await using again = await startReeve(home, settings());
    expect(await answerTo(home, 'hello')).toBe('second answers');
    expect(await answerTo(home, '/undo')).toContain('`second` → `first` (from the settings file)');
    expect(await answerTo(home, 'hello')).toBe('first answers');
    await again.kill('SIGTERM');
  });

  it('cap what models may use up, from the next call on', async () => {
    await using home = await makeTestHome();
    await writeSettingsFile(home);
    await using reeve = await startReeve(home, settings());
    expect(await answerTo(home, 'hello')).toBe('first answers');
    expect(await answerTo(home, '/config cap-day-tokens 1000')).toContain('`off` → `1000` (you)');
    expect(await answerTo(home, 'hello')).toContain('No model was called');
    expect(await answerTo(home, '/config cap-day-tokens off')).toContain('`1000` → `off` (you)');
    expect(await answerTo(home, 'hello')).toBe('first answers');
    await reeve.kill('SIGTERM');
  });

  it('cannot be changed where the operator has pinned them', async () => {
    await using home = await makeTestHome();
    await using reeve = await startReeve(home, settings({ REEVE_MODEL_COORDINATOR: 'first' }));
    expect(await answerTo(home, '/model second')).toBe(
      'This is set in the environment of the operator: REEVE_MODEL_COORDINATOR. Nothing was changed. Change it there and start Reeve again.',
    );
    expect(await answerTo(home, 'hello')).toBe('first answers');
    await reeve.kill('SIGTERM');
  });

  it('give images to the model that sees them, as soon as there is one', async () => {
    await using home = await makeTestHome();
    await writeSettingsFile(home);
    const picture = path.join(home.path, 'dot.png');
    await writeFile(picture, Buffer.from(PNG, 'base64'));
    await using reeve = await startReeve(home, settings());
    const look = async () => {
      const message = ['chat', '--json', '--message', 'what is this?', '--attach', picture];
      return (await runReeve(home, message)).stdout;
    };
    expect(await look()).toContain('first answers');
    await answerTo(home, '/config model-vision eyes');
    expect(await look()).toContain('eyes answers');
    expect(await answerTo(home, 'and without one?')).toBe('first answers');
    await reeve.kill('SIGTERM');
  });
});

/** One transparent pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
