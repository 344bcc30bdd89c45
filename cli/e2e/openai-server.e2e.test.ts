import { LLMock } from '@copilotkit/aimock';
import { afterEach, describe, expect, it } from 'vitest';
import { makeTestHome, runReeve, say } from '../testing/reeve-process.ts';

const KEY = 'sk-test-canary-0123456789';
let server: LLMock;
afterEach(() => server.stop());

/** The settings of a home whose model is the OpenAI-compatible server that others wrote. */
function settings(baseUrl: string): Record<string, string> {
  return {
    OPENAI_BASE_URL: `${baseUrl}/v1`,
    OPENAI_API_KEY: KEY,
    REEVE_MODEL_COORDINATOR: 'chat-model',
    REEVE_MODEL_EXECUTOR: 'work-model',
  };
}

describe('with an OpenAI-compatible server written by others', () => {
  it('a message becomes a task, a command in the sandbox, and a proved result', async () => {
    server = new LLMock({ port: 0 });
    const last = (request: { messages: { role: string }[] }) => request.messages.at(-1)?.role;
    const call = (name: string, args: object) => ({ toolCalls: [{ name, arguments: JSON.stringify(args) }] });
    server.on(
      { model: 'chat-model', predicate: (request) => last(request) === 'user' },
      call('task_start', { title: 'Add up', goal: 'Add 40 and 2 with a command' }),
    );
    server.on(
      { model: 'chat-model', predicate: (request) => last(request) === 'tool' },
      { content: 'I have started on it.' },
    );
    server.on(
      { model: 'work-model', predicate: (request) => last(request) === 'user' },
      call('shell_run', { command: 'echo $((40 + 2))' }),
    );
    server.on(
      { model: 'work-model', predicate: (request) => JSON.stringify(request.messages.at(-1)).includes('42') },
      { content: 'It is 42.' },
    );
    await server.start();
    await using home = await makeTestHome();

    const said = await say(home, 'add 40 and 2', 'none', settings(server.url));
    const texts = said.events.flatMap((event) =>
      event['kind'] === 'message' ? [String(event['markdown'])] : [],
    );
    expect(texts).toEqual([
      'I have started on it.',
      expect.stringMatching(
        /T-1 Add up.*: done\.[\s\S]*It is 42\.[\s\S]*Proof: step 3 ran `echo \$\(\(40 \+ 2\)\)`/,
      ),
    ]);
    expect(said.code).toBe(0);

    const doctor = await runReeve(home, ['doctor', '--json'], settings(server.url));
    expect(doctor.stdout).not.toContain(KEY);
    const config = await runReeve(home, ['config', 'print'], settings(server.url));
    expect(config.stdout).toContain('set (hidden)');
    expect(config.stdout).not.toContain(KEY);
  });

  it('a refused key is said in words, and commands still work', async () => {
    server = new LLMock({ port: 0 });
    server.on(
      { model: 'chat-model' },
      { error: { message: 'bad key', type: 'invalid_request_error' }, status: 401 },
    );
    await server.start();
    await using home = await makeTestHome();
    const said = await say(home, 'hello', 'none', settings(server.url));
    expect(JSON.stringify(said.events)).toContain('The model provider refused the key');
    expect(JSON.stringify(said.events)).not.toContain(KEY);
    const status = await say(home, '/status', 'none', settings(server.url));
    expect(JSON.stringify(status.events)).toContain('Model: chat-model');
  });
});
