import {
  type Approval,
  failureText,
  type OutboxEntry,
  type Outcome,
  ownerSettingNames,
  type Role,
  type Sender,
  type Store,
  type Task,
} from '@reeve/core';
import { describe, expect, it } from 'vitest';
import { createCommandHandler } from './command-handler.ts';
import { createPeople, type People } from './people.ts';
import type { CoordinatorSettings } from './settings.ts';
import { createSettingsDesk, type SettingsDesk } from './settings-desk.ts';
import { noLayers } from './testing/layers.ts';
import { createMemoryConfig } from './testing/memory-config.ts';
import { createMemoryPeople } from './testing/memory-people.ts';
import {
  createKeptLog,
  createManualClock,
  NOW,
  resultStep,
  sampleApproval,
  sampleEntry,
  sampleSpending,
  sampleTask,
} from './testing/samples.ts';

interface Scene {
  readonly tasks?: readonly Task[];
  readonly role?: Role;
  readonly breaks?: boolean;
  readonly waiting?: readonly Approval[];
  readonly config?: SettingsDesk;
  readonly speech?: CoordinatorSettings['speech'];
  readonly people?: People;
}

/** Types one command in a small house and yields its answer. */
async function type(text: string, scene: Scene = {}): Promise<string> {
  const tasks = scene.tasks ?? [sampleTask()];
  const answers: OutboxEntry[] = [];
  const records = {
    outbox: { add: async (entry: OutboxEntry) => answers.push(entry) },
    inbox: { markHandled: async () => undefined },
  };
  const act = async (id: string): Promise<Outcome<Task>> => {
    const task = tasks.find((each) => each.id === id);
    return task
      ? { kind: 'ok', value: task }
      : { kind: 'failed', failure: { code: 'task-unknown', about: id } };
  };
  const store = {
    tasks: {
      live: async () => tasks,
      list: async () => {
        if (scene.breaks) throw new Error('SELECT broke at 10.0.0.1');
        return tasks;
      },
      get: async (id: string) => tasks.find((each) => each.id === id) ?? null,
    },
    steps: { list: async () => [resultStep(1, 'wrote a.csv')] },
    approvals: { forTask: async () => [], pending: async () => scene.waiting ?? [] },
    audit: { about: async () => [] },
    files: {
      list: async (prefix: string) =>
        prefix === '' ? [{ path: 'a\u202e.csv', bytes: 61, modifiedAt: NOW.toISOString() }] : [],
    },
    transaction: (work: (given: object) => unknown) => work(records),
  } as unknown as Store;
  const config =
    scene.config ??
    createSettingsDesk({ store: createMemoryConfig().store, clock: createManualClock(), fixed: noLayers() });
  const handle = createCommandHandler({
    stopTurn: () => false,
    connections: async () => [
      { name: 'search', label: 'Web search', isOn: false, state: 'not yet', how: ['Set something.'] },
    ],
    store,
    taskDesk: {
      cancel: act,
      pause: act,
      resume: act,
      steer: act,
      hurry: act,
    },
    approvals: {
      decide: async (code, decision) =>
        code === 'A7K2'
          ? {
              kind: 'decided',
              approval: sampleApproval({ state: decision.kind === 'approve' ? 'approved' : 'denied' }),
            }
          : { kind: 'refused', failure: { code: 'approval-unknown', about: code } },
      expireDue: async () => undefined,
      newCode: async () => 'A7K2',
    },
    schedules: {} as never,
    drive: {
      restore: async (path: string) => ({ kind: 'failed', failure: { code: 'file-unknown', about: path } }),
    } as never,
    status: async () => ({
      limit: 5,
      running: [],
      waiting: [],
      queued: [],
      paused: [],
      approvals: [],
      scheduled: [],
      answering: [],
      today: { finished: 0, failed: 0, modelCalls: 0, inputTokens: 0, outputTokens: 0 },
      spending: sampleSpending(),
      trouble: [],
      model: 'm',
      webSearch: 'off',
      hearing: 'off',
      speaking: 'off',
    }),
    config,
    people: scene.people ?? createPeople({ store: createMemoryPeople().store, clock: createManualClock() }),
    onboarding: {
      begin: async () => ({ sentence: 'Hello Ada.', commit: async () => undefined }),
      choose: async () => ({ kind: 'failed', failure: { code: 'choice-over' } }),
    },
    hasChannel: (name) => name === 'http',
    speech: scene.speech ?? {
      hearing: { isOn: true, summary: 'ears at ears.example' },
      speaking: { isOn: true, summary: 'mouth at mouth.example' },
    },
    modelSummary: () => 'chat-model at models.example',
    clock: createManualClock(),
    timeZone: () => 'UTC',
    newId: () => 'id-123456',
    log: createKeptLog(),
    roleOf: (_sender: Sender) => scene.role ?? 'owner',
    onAnswered: () => undefined,
    signal: new AbortController().signal,
  });
  await handle(sampleEntry(text, { lane: 'command' }));
  const [only] = answers;
  if (answers.length !== 1 || only?.content.kind !== 'text') throw new Error('not one text');
  return only.content.markdown;
}

describe('commands', () => {
  it.each([
    ['/start', 'Hello Ada.'],
    ['/HELP', 'Say what you want done in your own words, or type:'],
    ['/status@reeve_bot', 'Running 0 of 5.'],
    ['/tasks', '- ▶ T-3 Make a CSV · starting · 12 s'],
    ['/cancel', 'T-3 was cancelled.'],
    ['/cancel t3', 'T-3 was cancelled.'],
    ['/cancel ALL', 'Cancelled 1 task: T-3.'],
    ['/pause T-3', 'T-3 is paused. /resume T-3 lets it go on.'],
    ['/resume 3', 'T-3 goes on.'],
    ['/tell T-3 in blue', 'Passed on to T-3.'],
    ['/approve a7k2', 'Approved: Delete 1 file: reports/may.csv. T-3 goes on.'],
    ['/deny A7K2 not now', 'Denied: Delete 1 file: reports/may.csv. It was not done.'],
    ['/why T-3', '**T-3 Make a CSV**: starting.'],
    ['/files', '- a⟨U+202E⟩.csv (61 bytes, 0 s ago)'],
    ['/files nothing', 'No file’s name starts with that.'],
  ])('%s is answered', async (text, beginning) => {
    expect((await type(text)).slice(0, beginning.length)).toBe(beginning);
  });

  it.each([
    ['/nonsense', 'command-unknown', '/nonsense'],
    ['/constructor', 'command-unknown', '/constructor'],
    ['/cancel T-9', 'task-unknown', 'T-9'],
    ['/cancel everything now', 'task-unknown', 'everything now'],
    ['/cancel T-0', 'task-unknown', 'T-0'],
    ['/pause', 'command-usage', 'type /pause T-3'],
    ['/resume', 'command-usage', 'type /resume T-3'],
    ['/why', 'command-usage', 'type /why T-3'],
    ['/why T-9', 'task-unknown', 'T-9'],
    ['/why a\u202eb', 'task-unknown', 'a⟨U+202E⟩b'],
    ['/tell', 'command-usage', 'type /tell T-3 words'],
    ['/tell T-3', 'command-usage', 'type /tell T-3 words'],
    ['/tell nobody hello', 'task-unknown', 'nobody'],
    ['/approve A7K2 forever', 'command-usage', 'type /approve A7K2'],
    ['/approve ZZZZ', 'approval-unknown', 'ZZZZ'],
    ['/approve !', 'approval-unknown', '!'],
    ['/deny !! why', 'approval-unknown', '!!'],
    ['/config colour', 'setting-unknown', 'colour'],
    ['/undo gone.csv', 'file-unknown', 'gone.csv'],
  ] as const)('%s is refused plainly', async (text, code, about) => {
    expect(await type(text)).toBe(failureText({ code, about }));
  });

  it('asks which one when several tasks could be meant, and says when there is none', async () => {
    const two = [sampleTask(), sampleTask({ id: 'T-4' })];
    expect(await type('/cancel', { tasks: two })).toBe('Which one? Type /cancel with T-3, T-4 or “all”.');
    expect(await type('/cancel', { tasks: [] })).toBe('Nothing is running, so there is nothing to cancel.');
    expect(await type('/cancel all', { tasks: [] })).toBe('Nothing was running.');
    expect(await type('/tasks', { tasks: [] })).toBe('There are no tasks yet.');
  });

  it('hides the owner’s commands from members', async () => {
    for (const text of ['/approve A7K2', '/deny A7K2', '/files', '/undo a'])
      expect(await type(text, { role: 'member' })).toBe(
        failureText({ code: 'command-unknown', about: text.split(' ')[0] ?? '' }),
      );
    expect(await type('/help', { role: 'member' })).not.toContain('/approve');
    expect(await type('/help')).toContain('- `/approve A7K2 [once | task | always]`: say yes to a question');
  });

  it.each(['/approve', '/deny', '/edit', '/happened'])(
    '%s without a code lists what waits, each with its code',
    async (text) => {
      expect(await type(text)).toBe('Nothing waits for your answer.');
      expect(await type(text, { waiting: [sampleApproval()] })).toBe(
        'Waiting for you:\n- **A7K2** T-3, started by you: Delete 1 file: reports/may.csv (until Sat 21 Nov, 14:05; `/approve A7K2` or `/deny A7K2`)',
      );
    },
  );

  it('answers with a reference when it breaks, and tells nothing of the inside', async () => {
    const answer = await type('/tasks', { breaks: true });
    expect(answer).toContain('reference 123456');
    expect(answer).not.toContain('SELECT');
  });
});

describe('/config', () => {
  const open = (said = {}) =>
    createSettingsDesk({
      store: createMemoryConfig().store,
      clock: createManualClock(),
      fixed: noLayers(said),
    });

  it('lists every setting by group, with its value and where it comes from', async () => {
    const text = await type('/config', {
      config: open({ 'hold-seconds': { file: 20, environment: undefined } }),
    });
    expect(text).toContain(
      '**Limits**\n- parallel-tasks: `5` (default)\n- hold-seconds: `20` (from the settings file)',
    );
    expect(text).toContain('- model-fallback: `off` (nobody has set it)');
    for (const name of ownerSettingNames()) expect(text).toContain(`- ${name}: `);
  });

  it('changes one in plain words, remembers why, and takes it back', async () => {
    const config = open();
    expect(await type('/config HOLD-SECONDS 30 because calls take long', { config })).toBe(
      '**hold-seconds**: `15` → `30` (you). It counts from now on; /undo takes it back.',
    );
    const explained = await type('/config hold-seconds', { config });
    expect(explained).toContain('You said why: calls take long.');
    expect(explained).toContain('The last counts: default `15` → you `30`.');
    expect(await type('/config history', { config })).toMatch(
      /^- 1\. .*, Ada: hold-seconds default → `30`; because calls take long$/,
    );
  });

  it('takes a tone whole, “because” and all', async () => {
    const config = open();
    await type('/config tone short because I am busy', { config });
    expect(config.current().tone).toBe('short because I am busy');
  });

  it('explains one, with a change that it takes', async () => {
    expect(await type('/config quiet-hours', { config: open() })).toContain(
      '`/config quiet-hours 22:00-07:00`',
    );
    const pinned = open({ 'time-zone': { file: undefined, environment: 'Europe/Paris' } });
    expect(await type('/config time-zone', { config: pinned })).toContain('REEVE_TIME_ZONE');
  });

  it('says plainly why a value cannot be taken', async () => {
    expect(await type('/config streaming maybe', { config: open() })).toBe(
      failureText({
        code: 'setting-refused',
        about: 'streaming is “maybe”; it must be on or off, such as off',
      }),
    );
    const pinned = open({ 'time-zone': { file: undefined, environment: 'Europe/Paris' } });
    expect(await type('/config time-zone UTC', { config: pinned })).toBe(
      failureText({ code: 'setting-pinned', about: 'REEVE_TIME_ZONE' }),
    );
  });

  it('has a short form for the voice: on, off, or whose it is', async () => {
    const config = open();
    expect(await type('/voice on', { config })).toContain('**voice**: `off` → `on` (you)');
    expect(await type('/voice', { config })).toContain(
      'Listening to your voice notes: ears at ears.example.',
    );
    expect(await type('/voice nova', { config: open() })).toContain('**voice-name**: `off` → `nova` (you)');
    const pinned = open({ voice: { file: true, environment: undefined } });
    expect(await type('/voice Off', { config: pinned })).toContain('**voice**: `on` → `off` (you)');
  });

  it('has no answers read out while no voice is set up', async () => {
    const config = open();
    const off = { isOn: false, summary: 'off: set REEVE_SPEECH_MODEL' };
    const speech = { hearing: off, speaking: off };
    for (const text of ['/voice on', '/config voice ON because I drive'])
      expect(await type(text, { config, speech })).toBe(failureText({ code: 'speaking-off' }));
    expect(await type('/voice', { config, speech })).toContain('Reading out: off: set REEVE_SPEECH_MODEL.');
    expect(config.current().voice).toBe(false);
  });

  it('has a short form for the model', async () => {
    const config = open();
    expect(await type('/model gpt-5', { config })).toContain('`off` → `gpt-5` (you)');
    expect(await type('/model', { config })).toContain('Answering now: chat-model at models.example.');
  });

  it('is not there for members', async () => {
    for (const text of ['/config', '/config tone warm', '/model', '/undo'])
      expect(await type(text, { config: open(), role: 'member' })).toContain('There is no such command');
  });
});
