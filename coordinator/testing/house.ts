import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createSystemIds } from '@reeve/clock';
import type {
  Accepted,
  Approval,
  ChatAddress,
  Clock,
  DecisionResult,
  Model,
  OwnerValues,
  SecretView,
  Sender,
  Speech,
  Store,
  Task,
  TaskId,
  TaskQueue,
} from '@reeve/core';
import { createDiskObjectStore } from '@reeve/object-store';
import { createPostgresStore } from '@reeve/postgres';
import { emptyDatabase, type FreshDatabase, silentLog } from '@reeve/postgres/testing';
import { createTaskQueue } from '@reeve/queue';
import { type Coordinator, createCoordinator } from '../coordinator.ts';
import { createPeople, LOCAL_OWNER } from '../people.ts';
import {
  type CoordinatorSettings,
  DEFAULT_COORDINATOR_SETTINGS,
  DEFAULT_LIVE_SETTINGS,
  type LiveSettings,
} from '../settings.ts';
import { createSettingsDesk } from '../settings-desk.ts';
import { noLayers } from './layers.ts';
import { createMortalStore, type MortalStore } from './mortal-store.ts';
import { createRecordingChannel, type RecordingChannel } from './recording-channel.ts';
import type { ScriptedExecutor } from './scripted-executor.ts';
import { createScriptedLauncher, type ScriptedLauncher, type Work } from './scripted-launcher.ts';
import { until } from './until.ts';

export interface HousePlan {
  readonly model: Model;
  readonly work?: Work;
  readonly beforeAttach?: (executor: ScriptedExecutor) => Promise<void>;
  /** Listens to recordings; nobody unless given. */
  readonly speech?: Pick<Speech, 'transcribe'>;
  readonly settings?: Partial<CoordinatorSettings & LiveSettings>;
  /** Which secrets there are; none unless given. */
  readonly secrets?: readonly SecretView[];
  /** What the owner's settings make of the coordinator's; nothing unless given. */
  readonly live?: (values: OwnerValues) => Partial<LiveSettings>;
}

/** One coordinator at work on the real database, queue and task link. */
export interface House {
  readonly coordinator: Coordinator;
  readonly mortal: MortalStore;
  readonly queue: TaskQueue;
  readonly launcher: ScriptedLauncher;
  readonly channel: RecordingChannel;
  readonly running: Promise<void>;
  say(
    text: string,
    updateId?: string,
    sender?: Sender,
    chat?: ChatAddress,
  ): Promise<Extract<Accepted, { conversationId: string }>>;
  decide(code: string, kind?: 'approve' | 'deny', by?: string): Promise<DecisionResult>;
  /** Ends it as `kill -9` does: nothing is put in order, its executors die with it. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** What outlives coordinators: the database, the files, the clock. */
export interface Estate {
  readonly store: Store;
  readonly clock: Clock & { jump(milliseconds: number): void };
  open(plan: HousePlan): Promise<House>;
  task(id: TaskId): Promise<Task>;
  reaches(id: TaskId, state: Task['state']): Promise<Task>;
  openQuestion(): Promise<Approval>;
  /** Keys of the object store that begin with this folder. */
  objectKeys(folder: string): Promise<string[]>;
  close(): Promise<void>;
}

const CHAT = { channel: 'http', externalId: 'main' } as const;
const TOKEN_KEY = Buffer.alloc(32, 7);

/** An empty estate on a shared database; every house opened on it is closed with it. */
export async function openEstate(database: FreshDatabase, name: string): Promise<Estate> {
  await emptyDatabase(database);
  const root = await mkdtemp(path.join(tmpdir(), 'reeve-coordinator-'));
  const store = await createPostgresStore({ pool: database });
  const clock = createMovableClock();
  const houses: House[] = [];
  let updates = 0;

  async function open(plan: HousePlan): Promise<House> {
    const socketPath = path.join(root, `link-${houses.length}.sock`);
    const own = await createPostgresStore({ pool: database });
    await own.takeOver(`house ${houses.length}`, clock.now());
    const mortal = createMortalStore(own);
    const queue = await createTaskQueue({
      backend: { kind: 'pglite', pool: database.view('bullmq') },
      name,
      log: silentLog,
    });
    const launcher = createScriptedLauncher({
      socketPath: () => socketPath,
      work: plan.work ?? succeed,
      ...(plan.beforeAttach ? { beforeAttach: plan.beforeAttach } : {}),
    });
    const channel = createRecordingChannel();
    const config = createSettingsDesk({ store: mortal.store, clock, fixed: noLayers() });
    await config.load();
    const people = createPeople({ store: mortal.store, clock });
    await people.load();
    const coordinator = createCoordinator({
      store: mortal.store,
      queue,
      launcher,
      objects: createDiskObjectStore(path.join(root, 'objects')),
      model: plan.model,
      channels: new Map([[channel.name, channel]]),
      clock,
      ids: createSystemIds(),
      log: silentLog,
      tokenKey: TOKEN_KEY,
      people,
      settings: {
        ...DEFAULT_COORDINATOR_SETTINGS,
        executorsDieWithCoordinator: true,
        webSearch: { isOn: false, summary: 'off' },
        privateHosts: [],
        speech: { hearing: { isOn: false, summary: 'off' }, speaking: { isOn: false, summary: 'off' } },
        ...plan.settings,
      },
      live: () => ({
        ...DEFAULT_LIVE_SETTINGS,
        holdMs: 400,
        modelSummary: 'fixed',
        ...plan.settings,
        ...plan.live?.(config.current()),
      }),
      config,
      reach: () => ({ hasModel: true, telegram: null }),
      trouble: () => [],
      speech: plan.speech ?? {
        transcribe: async () => ({ kind: 'failed', failure: { code: 'hearing-off' } }),
      },
      secrets: { list: async () => [...(plan.secrets ?? [])] },
      checkpoints: { note: async () => undefined, all: async () => [] },
    });
    coordinator.link.listen(socketPath);
    await once(coordinator.link, 'listening');
    const stopping = new AbortController();
    const running = coordinator.run(stopping.signal);
    running.catch(() => undefined);
    const funerals: Promise<void>[] = [];
    let isOver = false;
    const bury = async () => {
      mortal.bury();
      stopping.abort(new Error('the test is over'));
      await running.catch(() => undefined);
      await Promise.all(funerals);
    };
    const closeLink = () => {
      coordinator.link.close();
      coordinator.link.closeAllConnections();
    };
    const house: House = {
      coordinator,
      mortal,
      queue,
      launcher,
      channel,
      running,
      async say(text, updateId = `update-${++updates}`, sender = LOCAL_OWNER, chat = CHAT) {
        const accepted = await coordinator.inbound.receive({
          chat,
          updateId,
          sender,
          text,
          attachments: [],
        });
        if (accepted.kind === 'refused') throw new Error(accepted.failure.code);
        return accepted;
      },
      decide: (code, kind = 'approve', by = LOCAL_OWNER.name) =>
        coordinator.inbound.decide({
          code,
          decision: kind === 'approve' ? { kind, scope: 'once' } : { kind, note: null },
          chat: CHAT,
          sender: { ...LOCAL_OWNER, name: by },
        }),
      async crash() {
        isOver = true;
        mortal.die();
        funerals.push(queue.close());
        closeLink();
        await launcher.killAll();
      },
      async stop() {
        channel.release();
        if (isOver) return bury();
        isOver = true;
        stopping.abort(new Error('the test is over'));
        await running.catch(() => undefined);
        await queue.close();
        closeLink();
      },
    };
    houses.push(house);
    return house;
  }

  const task = async (id: TaskId): Promise<Task> => {
    const found = await store.tasks.get(id);
    if (!found) throw new Error(`there is no ${id}`);
    return found;
  };
  return {
    store,
    clock,
    open,
    task,
    reaches: (id, state) =>
      until(async () => {
        const found = await store.tasks.get(id);
        return found?.state === state ? found : null;
      }, `${id} to be ${state}`),
    openQuestion: () => until(async () => (await store.approvals.pending())[0], 'a question'),
    async objectKeys(folder) {
      const entries = await readdir(path.join(root, 'objects', 'objects', folder), {
        recursive: true,
        withFileTypes: true,
      }).catch(() => []);
      return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    },
    async close() {
      for (const house of houses) await house.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Works one step and says that it is done. */
export async function succeed(executor: ScriptedExecutor): Promise<void> {
  await executor.result('counted to three');
  await executor.finish({ evidence: [1] });
}

/** The machine's clock, which a test can move ahead. */
function createMovableClock(): Estate['clock'] {
  let ahead = 0;
  return {
    now: () => new Date(Date.now() + ahead),
    sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal ? { signal } : undefined),
    jump(milliseconds) {
      ahead += milliseconds;
    },
  };
}
