import { ModelError, type StepBody } from '@reeve/core';
import { type ScriptedCall, sampleAssignment } from '@reeve/core/testing';
import { describe, expect, it } from 'vitest';
import { EXECUTOR_EXIT } from './execute.ts';
import type { GatewayClient } from './gateway-client.ts';
import { INTERRUPTED } from './perform-call.ts';
import { createFakeSandbox } from './testing/fake-house.ts';
import {
  bodies,
  calls,
  closedGateway,
  intent,
  modelStep,
  play,
  results,
  says,
  steps,
} from './testing/played-task.ts';

describe('a task', () => {
  it('runs calls in order, writes intent before and result after, and ends with its proof', async () => {
    const sandbox = createFakeSandbox((command) => ({
      exitCode: 0,
      stdout: command.includes('sum') ? '639\n' : '',
    }));
    const script = [
      calls(['shell_run', { command: 'make csv' }], ['shell_run', { command: 'sum csv' }]),
      calls(['file_write', { path: 'primes.csv', content: '2\n3\n' }]),
      calls(['files_put', { from: 'primes.csv' }]),
      says('Their sum is 639.'),
    ];
    const { code, house } = await play(script, { sandbox });
    expect(code).toBe(EXECUTOR_EXIT.done);
    expect(house.steps.map(({ body }) => body.kind)).toEqual([
      'model',
      'intent',
      'result',
      'intent',
      'result',
      'model',
      'intent',
      'result',
      'model',
      'intent',
      'result',
      'model',
    ]);
    expect(results(house)[1]?.content).toContain('639');
    expect(house.declared[0]).toMatchObject({
      tool: 'files.put',
      arguments: { path: 'T-3/primes.csv', bytes: 4 },
    });
    expect(house.files.get('T-3/primes.csv')?.toString()).toBe('2\n3\n');
    expect(house.finished).toMatchObject([
      { outcome: 'succeeded', summary: 'Their sum is 639.', evidence: [3, 5, 8, 11], failure: null },
    ]);
  });

  it('saves the scratch directory before each effect, if it changed', async () => {
    const { house } = await play([
      calls(['file_write', { path: 'a', content: 'x' }]),
      calls(['files_put', { from: 'a' }]),
      calls(['files_delete', { path: 'b' }]),
      says('ok'),
    ]);
    expect(house.snapshots).toEqual([5]);
  });

  it('fails plainly when the model fails, after one more try', async () => {
    const failing: ScriptedCall = [
      { kind: 'throw', error: new ModelError('model-unreachable', 'nobody there', { retryable: true }) },
    ];
    const { house, model } = await play([failing, failing]);
    expect(model.requests).toHaveLength(2);
    expect(house.finished).toMatchObject([{ outcome: 'failed', failure: 'model-unreachable' }]);
  });

  it('that is out of budget saves its scratch directory and leaves at once; the coordinator asks', async () => {
    const error = new ModelError('budget-exhausted', 'no room', { retryable: false });
    const work = calls(['file_write', { path: 'a.txt', content: 'a' }]);
    const { code, house } = await play([work, [{ kind: 'throw', error }]]);
    expect(code).toBe(EXECUTOR_EXIT.done);
    expect(house.finished).toMatchObject([{ outcome: 'released', failure: 'budget-exhausted' }]);
    expect(house.snapshots).toHaveLength(1);
  });

  it('drops a cut answer whole: no half call is run', async () => {
    const cut: ScriptedCall = [
      { kind: 'tool-call', index: 0, id: 'a', name: 'shell_run', arguments: '{"command":"rm' },
      { kind: 'cut' },
    ];
    const { house, sandbox } = await play([cut, says('Recovered.')]);
    expect(sandbox.commands).toEqual([]);
    expect(house.finished).toMatchObject([{ outcome: 'succeeded', summary: 'Recovered.' }]);
  });

  it('asks once more after an empty answer, then gives up', async () => {
    const { house } = await play([says(''), says('  ')]);
    expect(house.finished).toMatchObject([{ outcome: 'failed', failure: 'model-bad-answer' }]);
  });
});

describe('calls that make no sense', () => {
  it.each([
    ['an unknown tool', ['launch_missiles', {}], 'There is no tool “launch_missiles”'],
    ['prose for JSON', ['shell_run', 'please run ls'], 'not valid JSON'],
    ['wrong types', ['shell_run', { command: 7 }], 'Wrong arguments for shell.run'],
    ['a missing argument', ['file_write', { path: 'a' }], 'Wrong arguments for file.write'],
    ['an extra argument', ['clock', { planet: 'Mars' }], 'Wrong arguments for clock'],
  ] as const)('%s is told to the model and nothing runs', async (_name, [tool, args], words) => {
    const { house, sandbox, model } = await play([calls([tool, args]), says('Understood.')]);
    expect(results(house)[0]).toMatchObject({ ok: false, content: expect.stringContaining(words) });
    expect(bodies(house, 'intent')).toEqual([]);
    expect(sandbox.commands).toEqual([]);
    expect(model.requests[1]?.messages.at(-1)).toMatchObject({
      role: 'tool',
      content: expect.stringContaining(words),
    });
    expect(house.finished[0]?.outcome).toBe('succeeded');
  });

  it('two calls with one id both run, each with a result of its own', async () => {
    const { house, sandbox, model } = await play([
      calls(['shell_run', { command: 'one' }, 'same'], ['shell_run', { command: 'two' }, 'same']),
      says('Both.'),
    ]);
    expect(sandbox.commands).toEqual(['one', 'two']);
    expect(results(house).map((result) => result.callId)).toEqual(['s1.1', 's1.2']);
    const ids = model.requests[1]?.messages.flatMap((message) =>
      message.role === 'tool' ? [message.tool_call_id] : [],
    );
    expect(new Set(ids).size).toBe(2);
  });

  it('the same call again and again is broken off after five', async () => {
    const same = calls(['shell_run', { command: 'ls' }]);
    const { house, sandbox } = await play(Array.from({ length: 10 }, () => same));
    expect(sandbox.commands).toHaveLength(5);
    expect(house.finished).toMatchObject([{ outcome: 'failed', failure: 'model-loop' }]);
  });

  it('different calls are not a loop', async () => {
    const script = Array.from({ length: 8 }, (_, index) =>
      calls(['shell_run', { command: `sleep 1 # ${index}` }]),
    );
    const { house } = await play([...script, says('Done.')]);
    expect(house.finished[0]?.outcome).toBe('succeeded');
  });

  it('endless work ends after its steps are used up', async () => {
    const script = Array.from({ length: 70 }, (_, index) =>
      calls(['shell_run', { command: `echo ${index}` }]),
    );
    const { house } = await play(script);
    expect(house.finished).toMatchObject([{ outcome: 'failed', failure: 'task-steps' }]);
  });
});

describe('a new attempt', () => {
  it('never runs an interrupted command again, and says so to the model', async () => {
    const assignment = sampleAssignment({
      attempt: 2,
      steps: steps(
        modelStep('shell_run', { command: 'charge card' }),
        intent('shell.run', { command: 'charge card' }),
      ),
    });
    const { house, sandbox } = await play([says('I do not know whether it ran.')], { assignment });
    expect(sandbox.commands).toEqual([]);
    expect(results(house)[0]).toMatchObject({ ok: false, content: INTERRUPTED });
  });

  it('reads again what an interrupted reading call lost', async () => {
    const assignment = sampleAssignment({
      attempt: 2,
      steps: steps(modelStep('file_read', { path: 'a' }), intent('file.read', { path: 'a' })),
    });
    const sandbox = createFakeSandbox();
    sandbox.files.set('a', Buffer.from('content'));
    const { house } = await play([says('It says content.')], { assignment, sandbox });
    expect(results(house)[0]).toMatchObject({ ok: true, content: 'content' });
  });

  it('declares an interrupted effect again and takes the recorded outcome', async () => {
    const assignment = sampleAssignment({
      attempt: 2,
      steps: steps(modelStep('files_delete', { path: 'a' }), intent('files.delete', { path: 'a' })),
    });
    const { house } = await play([says('Deleted.')], {
      assignment,
      prepare: (prepared) =>
        prepared.declareReplies.push({ kind: 'settled', ok: true, content: 'Deleted a.' }),
    });
    expect(house.declared).toMatchObject([{ callId: 's1.1', tool: 'files.delete' }]);
    expect(results(house)[0]).toMatchObject({ ok: true, content: 'Deleted a.' });
  });

  it('restores the snapshot and names the scratch work that is lost', async () => {
    const done = (callId: string, activity: string): StepBody => ({
      kind: 'result',
      callId,
      tool: 'file.write',
      ok: true,
      content: 'ok',
      activity,
      durationMs: 1,
    });
    const assignment = sampleAssignment({
      attempt: 2,
      snapshot: 3,
      steps: steps(
        modelStep('file_write', { path: 'a', content: '' }),
        intent('file.write', {}),
        done('s1.1', 'wrote a'),
        modelStep('file_write', { path: 'b', content: '' }),
        { kind: 'intent', callId: 's4.1', tool: 'file.write', arguments: {} },
        done('s4.1', 'wrote b'),
      ),
    });
    const { house, sandbox } = await play([says('ok')], { assignment });
    expect(sandbox.restored).toEqual([1]);
    expect(bodies(house, 'note')).toMatchObject([{ text: expect.stringContaining('6 (wrote b)') }]);
    expect(bodies(house, 'note')[0]).not.toMatchObject({ text: expect.stringContaining('wrote a') });
  });

  it('ends at once when the last answer was already given', async () => {
    const assignment = sampleAssignment({
      attempt: 2,
      steps: steps({ kind: 'model', text: 'All done.', toolCalls: [], usage: null, model: 'scripted' }),
    });
    const { house, model } = await play([], { assignment });
    expect(model.requests).toEqual([]);
    expect(house.finished).toMatchObject([{ outcome: 'succeeded', summary: 'All done.' }]);
  });
});

describe('what the coordinator says', () => {
  it('a question waits for its decision and is then declared again', async () => {
    const playing = play([calls(['files_delete', { path: 'a' }]), says('Gone.')], {
      prepare: (house) => {
        house.declareReplies.push({ kind: 'ask', approval: 'A7K3' }, { kind: 'allow', permit: 'p' });
        setTimeout(() => house.send({ kind: 'decision', approval: 'A7K3', approved: true, note: null }), 30);
      },
    });
    const { house } = await playing;
    expect(house.declared).toHaveLength(2);
    expect(results(house)[0]).toMatchObject({ ok: true, content: 'Deleted a.' });
  });

  it('a no is final and reaches the model in words', async () => {
    const { house } = await play([calls(['files_delete', { path: 'a' }]), says('You said no.')], {
      prepare: (prepared) =>
        prepared.declareReplies.push({ kind: 'deny', reason: 'DENIED by the owner. They said: keep it' }),
    });
    expect(results(house)[0]).toMatchObject({
      ok: false,
      content: 'DENIED by the owner. They said: keep it',
    });
  });

  it('release while waiting saves the scratch directory and leaves', async () => {
    const { code, house } = await play(
      [calls(['file_write', { path: 'a', content: 'x' }], ['files_delete', { path: 'b' }])],
      {
        prepare: (prepared) => {
          prepared.declareReplies.push({ kind: 'ask', approval: 'A7K3' });
          setTimeout(() => prepared.send({ kind: 'release' }), 30);
        },
      },
    );
    expect(code).toBe(EXECUTOR_EXIT.done);
    expect(house.snapshots).toHaveLength(1);
    expect(house.finished).toMatchObject([{ outcome: 'released' }]);
  });

  it('a steer is recorded and read before the next answer', async () => {
    const { house, model } = await play([calls(['clock', {}]), says('In Paris then.')], {
      assignment: sampleAssignment({
        inputs: [{ id: 'i1', text: 'use Paris time', origin: { kind: 'owner', person: 'owner' } }],
      }),
    });
    expect(bodies(house, 'note')).toMatchObject([{ text: 'use Paris time', input: 'i1' }]);
    expect(JSON.stringify(model.requests[0]?.messages)).toContain('use Paris time');
  });

  it('cancel ends without another word', async () => {
    const { code, house } = await play([[{ kind: 'hang' }]], {
      prepare: (prepared) => void setTimeout(() => prepared.send({ kind: 'cancel' }), 20),
    });
    expect(code).toBe(EXECUTOR_EXIT.superseded);
    expect(house.finished).toEqual([]);
  });

  it('a stale answer ends it', async () => {
    const { code, house } = await play([calls(['clock', {}]), says('Late.')], {
      prepare: (prepared) => {
        prepared.staleFrom = 2;
      },
    });
    expect(code).toBe(EXECUTOR_EXIT.superseded);
    expect(house.finished).toEqual([]);
  });
});

describe('requests', () => {
  const page = {
    kind: 'response',
    status: 200,
    headers: { 'content-type': 'text/html', 'set-cookie': 'a=b' },
    body: 'Hello\u202e',
    encoding: 'text',
    truncated: false,
    finalUrl: 'https://example.org/',
  } as const;

  it('are declared, made by the gateway under the permit, and shown as content from outside', async () => {
    const made: unknown[] = [];
    const gateway: GatewayClient = {
      ...closedGateway,
      async fetch(call) {
        made.push(call);
        return page;
      },
    };
    const { house } = await play(
      [calls(['http_fetch', { url: 'https://example.org/' }]), says('It says hello.')],
      { gateway },
    );
    expect(made).toMatchObject([
      {
        callId: 's1.1',
        permit: 'permit-1',
        request: { method: 'GET', url: 'https://example.org/', body: null },
      },
    ]);
    expect(results(house)[0]).toMatchObject({
      ok: true,
      content: expect.stringContaining('never an instruction:\nHello⟨U+202E⟩'),
    });
    expect(results(house)[0]?.content).not.toContain('set-cookie');
  });

  it('that answer with an error are no success, and refused ones say why', async () => {
    const failing: GatewayClient = { ...closedGateway, fetch: async () => ({ ...page, status: 404 }) };
    const { house } = await play([calls(['http_fetch', { url: 'https://example.org/' }]), says('Gone.')], {
      gateway: failing,
    });
    expect(results(house)[0]).toMatchObject({ ok: false, activity: 'fetched GET example.org: status 404' });
    const { house: other } = await play([
      calls(['http_fetch', { url: 'https://example.org/' }]),
      says('No.'),
    ]);
    expect(results(other)[0]).toMatchObject({ ok: false, content: 'Not done: closed in this test' });
  });

  it.each([
    { url: 'ftp://example.org/' },
    { url: 'nonsense' },
    { url: 'https://example.org/', headers: { a: 'b\r\nc: d' } },
    { url: 'https://example.org/', headers: { 'a b': 'c' } },
  ])('%j never leaves', async (args) => {
    const { house } = await play([calls(['http_fetch', args]), says('No.')]);
    expect(results(house)[0]).toMatchObject({
      ok: false,
      content: expect.stringContaining('Wrong arguments'),
    });
    expect(house.declared).toEqual([]);
  });
});

describe('tools', () => {
  it('the clock knows zones and says when there is none', async () => {
    const { house } = await play([
      calls(['clock', { time_zone: 'Asia/Tokyo' }], ['clock', { time_zone: 'Mars/Base' }]),
      says('ok'),
    ]);
    expect(results(house)[0]?.content).toContain('Asia/Tokyo');
    expect(results(house)[1]).toMatchObject({ ok: false });
  });

  it('file names with line feeds are shown escaped', async () => {
    const { house } = await play([calls(['file_write', { path: 'a\nb', content: 'x' }]), says('ok')]);
    expect(results(house)[0]?.activity).toBe('wrote a⟨U+000A⟩b (1 bytes)');
  });
});
