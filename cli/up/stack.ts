import { once } from 'node:events';
import type { Server } from 'node:net';
import path from 'node:path';
import { createHttpChannel, type HttpChannel } from '@reeve/channel-http';
import type { TelegramChannel } from '@reeve/channel-telegram';
import { createSystemClock, createSystemIds } from '@reeve/clock';
import {
  type Coordinator,
  createCoordinator,
  createPeople,
  createSettingsDesk,
  DEFAULT_COORDINATOR_SETTINGS,
  type FixedLayers,
  type People,
  type SettingsDesk,
} from '@reeve/coordinator';
import {
  type ChannelAdapter,
  type Clock,
  type Launcher,
  type Log,
  type Model,
  type SecretDesk,
  type Store,
  signToken,
  type TaskQueue,
} from '@reeve/core';
import { createPageReader } from '@reeve/dashboard';
import {
  chooseSearch,
  chooseSpeech,
  createGateway,
  createGitCredentials,
  createSecretFiller,
  DEFAULT_GATEWAY_LIMITS,
  type Network,
} from '@reeve/gateway';
import { createDiskObjectStore } from '@reeve/object-store';
import { createEventLog, createGatewayStore, createPostgresStore } from '@reeve/postgres';
import { createBwrapLauncher } from '@reeve/sandbox';
import { createCheckpointFile } from '../audit/checkpoint-file.ts';
import { EXECUTOR_CODE } from '../executor-code.ts';
import { type Home, readOrMakeKey } from '../home.ts';
import { createHomeSecrets } from '../secret/open-secret-desk.ts';
import type { Settings } from '../settings.ts';
import { UserError } from '../user-error.ts';
import { type Database, openDatabase } from './database.ts';
import { createLiveHouse, type LiveHouse } from './live-house.ts';
import { createModelMaker } from './models.ts';
import { makeRuntimeDirectory } from './runtime-directory.ts';
import { openSpeech } from './speech.ts';
import { openTelegram } from './telegram.ts';
import { readTelegramNote, telegramReach, telegramText } from './telegram-note.ts';
import { createTrouble, type Trouble } from './trouble.ts';

/** A running Reeve: coordinator, gateway and channels in one process. */
export interface Stack {
  readonly url: string;
  readonly token: string;
  /** Signs one browser in to the web chat. */
  readonly webLink: string;
  /** How the model is set, in words. */
  readonly modelSummary: string;
  readonly isRehearsal: boolean;
  /** How far Telegram's set-up has come, in words; null without a bot. */
  readonly telegram: string | null;
  /** Rejects when the stack breaks down by itself; resolves after `stop`. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const KEY_BYTES = 32;
const TOKEN_HOURS = 12;
const HEARTBEAT_MS = 15_000;
/** How long the start waits to learn the Telegram bot's name. */
const TELEGRAM_WAIT_MS = 3000;

export interface StackDeps {
  readonly home: Home;
  readonly settings: Settings;
  /** What file and environment say of what the owner may change too. */
  readonly fixed: FixedLayers;
  readonly log: Log;
  readonly version: string;
  /** The gateway's; the system's resolver and sockets unless given. */
  readonly network?: Network;
}

/**
 * Starts everything on one machine, innermost first; what was started is stopped again, in reverse, by `stop` or when
 * a later part cannot be started.
 *
 * @throws {UserError} for what the person can mend.
 */
export async function startStack(deps: StackDeps): Promise<Stack> {
  await using opened = new AsyncDisposableStack();
  const { home, settings, log } = deps;
  const clock = createSystemClock();
  const parts = await openParts(deps, clock, opened);
  const { coordinator, http, telegram } = await createRooms(deps, clock, parts);
  const models = parts.live.summary();
  await listen(coordinator.link, parts.sockets.link);
  opened.defer(() => closeServer(coordinator.link));
  const stopping = new AbortController();
  await http.start(coordinator.inbound, stopping.signal);
  const face = await listenHttp(http, settings.REEVE_PORT);
  opened.defer(() => face.close());
  await telegram?.start(coordinator.inbound, stopping.signal);
  const running = coordinator.run(stopping.signal);
  await home.announce(face.url);
  log.info(
    { url: face.url, database: parts.database.kind, queue: parts.queue.kind, model: models.summary },
    'Reeve is up',
  );
  const resources = opened.move();
  return {
    url: face.url,
    token: parts.apiToken,
    webLink: face.newWebLink(),
    modelSummary: models.summary,
    isRehearsal: models.isRehearsal,
    telegram: telegram ? telegramText(await telegram.setup(TELEGRAM_WAIT_MS)) : null,
    ended: running,
    async stop() {
      stopping.abort(new Error('Reeve is stopping'));
      // Why it broke down by itself, if it did, is what `ended` says.
      await running.catch(() => undefined);
      await telegram?.ended();
      await resources.disposeAsync();
      log.info({}, 'Reeve has stopped');
    },
  };
}

/** What coordinator and gateway stand on. */
interface Parts {
  readonly sockets: { readonly link: string; readonly gateway: string };
  readonly tokenKey: Uint8Array;
  readonly apiToken: string;
  readonly webKey: Uint8Array;
  readonly database: Database;
  readonly queue: TaskQueue;
  readonly store: Store;
  readonly launcher: Launcher;
  /** The gateway's, for the coordinator. */
  readonly model: Model;
  readonly trouble: Trouble;
  readonly secrets: SecretDesk;
  readonly config: SettingsDesk;
  readonly people: People;
  readonly live: LiveHouse;
}

async function openParts(deps: StackDeps, clock: Clock, opened: AsyncDisposableStack): Promise<Parts> {
  const { home, settings, log } = deps;
  const runtime = await makeRuntimeDirectory(home.paths.root);
  opened.defer(() => runtime.remove());
  const sockets = {
    link: path.join(runtime.path, 'link.sock'),
    gateway: path.join(runtime.path, 'gateway.sock'),
  };
  const tokenKey = await readOrMakeKey(home.paths.tokenKey, KEY_BYTES);
  const apiToken = Buffer.from(await readOrMakeKey(home.paths.apiToken, KEY_BYTES)).toString('base64url');
  const webKey = await readOrMakeKey(home.paths.webKey, KEY_BYTES);
  const database = await openDatabase(settings, home.paths, log);
  opened.defer(() => database.pool.close());
  const trouble = createTrouble(home.paths.root);
  const queue = trouble.watchQueue(await database.openQueue());
  opened.defer(() => queue.close());
  const store = await createPostgresStore({ pool: database.pool });
  await store.takeOver(`pid ${process.pid}`, clock.now());
  const config = createSettingsDesk({ store, clock, fixed: deps.fixed });
  await config.load();
  const people = createPeople({ store, clock });
  await people.load();
  const live = createLiveHouse({
    settings,
    desk: config,
    makeModels: createModelMaker(clock, trouble.watchModel),
  });
  const secrets = createHomeSecrets(database.pool, home.paths, settings);
  const gateway = createGateway({
    models: live.models,
    budget: live.budget,
    store: createGatewayStore({ pool: database.pool }),
    tokenKey,
    clock,
    log,
    limits: DEFAULT_GATEWAY_LIMITS,
    privateHosts: settings.REEVE_PRIVATE_HOSTS,
    closedRanges: settings.REEVE_CLOSED_RANGES,
    search: chooseSearch(settings),
    speech: chooseSpeech(settings),
    secrets: createSecretFiller({ ...secrets, log }),
    gitCredentials: createGitCredentials({ ...secrets, log }),
    ...(deps.network ? { network: deps.network } : {}),
  });
  const listening = await gateway.listen({ socketPath: sockets.gateway });
  opened.defer(() => listening.close());
  const launcher = createLauncher({ home, runtimeDirectory: runtime.path, sockets, log });
  opened.defer(() => launcher.close());
  return {
    sockets,
    tokenKey,
    apiToken,
    webKey,
    database,
    queue,
    store,
    launcher,
    model: gateway.coordinatorModel,
    trouble,
    secrets: secrets.desk,
    config,
    people,
    live,
  };
}

/** The coordinator and its local channel, which know each other: the channel's counter is the coordinator's desk. */
async function createRooms(
  deps: StackDeps,
  clock: Clock,
  parts: Parts,
): Promise<{ coordinator: Coordinator; http: HttpChannel; telegram: TelegramChannel | null }> {
  const { home, settings, log } = deps;
  const ids = createSystemIds();
  const { tokenKey, sockets, store, queue, launcher } = parts;
  const search = chooseSearch(settings);
  const speaking = openSpeech({
    ...parts,
    settings,
    gatewaySocket: sockets.gateway,
    token: coordinatorToken(tokenKey, clock),
  });
  const http = createHttpChannel({
    eventLog: createEventLog({ pool: parts.database.pool }),
    desk: () => coordinator.desk,
    secrets: parts.secrets,
    token: parts.apiToken,
    pages: createPageReader(),
    webKey: parts.webKey,
    randomBytes: (count) => ids.randomBytes(count),
    clock,
    newId: () => ids.newId(),
    log,
    version: deps.version,
    heartbeatMs: HEARTBEAT_MS,
  });
  const telegram = await openTelegram({
    ...parts,
    settings,
    noteFile: home.paths.telegram,
    desk: () => coordinator.desk,
    speaking,
    clock,
    ids,
    log,
  });
  const channels: ChannelAdapter[] = telegram ? [http, telegram] : [http];
  const coordinator = createCoordinator({
    store,
    queue,
    launcher,
    objects: createDiskObjectStore(home.paths.objects),
    checkpoints: createCheckpointFile(home.paths.auditCheckpoints),
    model: parts.model,
    speech: speaking.speech,
    secrets: parts.secrets,
    channels: new Map(channels.map((channel) => [channel.name, channel])),
    clock,
    ids,
    log,
    tokenKey,
    people: parts.people,
    settings: {
      ...DEFAULT_COORDINATOR_SETTINGS,
      warmExecutors: settings.REEVE_WARM_EXECUTORS,
      executorsDieWithCoordinator: true,
      webSearch: { isOn: search.kind === 'on', summary: search.describe },
      privateHosts: settings.REEVE_PRIVATE_HOSTS,
      speech: speaking.state,
    },
    live: parts.live.settings,
    config: parts.config,
    reach: () => ({
      hasModel: !parts.live.summary().isRehearsal,
      telegram: telegram && telegramReach(readTelegramNote(home.paths.telegram)),
    }),
    trouble: () => [
      ...parts.trouble.lines(),
      ...parts.config.trouble(),
      ...speaking.trouble(),
      ...(telegram?.trouble() ?? []),
    ],
  });
  return { coordinator, http, telegram };
}

function coordinatorToken(key: Uint8Array, clock: Clock): () => string {
  return () =>
    signToken(
      { role: 'coordinator', expires: Math.floor(clock.now().getTime() / 1000) + TOKEN_HOURS * 3600 },
      key,
    );
}

function createLauncher(options: {
  home: Home;
  runtimeDirectory: string;
  sockets: { link: string; gateway: string };
  log: Log;
}): Launcher {
  return createBwrapLauncher({
    ...EXECUTOR_CODE,
    nodeBinary: process.execPath,
    linkSocket: options.sockets.link,
    gatewaySocket: options.sockets.gateway,
    stateDir: options.home.paths.executors,
    runtimeDir: options.runtimeDirectory,
    logger: options.log,
  });
}

async function listenHttp(
  http: ReturnType<typeof createHttpChannel>,
  port: number,
): ReturnType<typeof http.listen> {
  try {
    return await http.listen({ host: '127.0.0.1', port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new UserError(
      `Port ${port} on 127.0.0.1 is in use by another program. Nothing was started.`,
      'Set REEVE_PORT to a free port, or to 0 to take any.',
    );
  }
}

async function listen(server: Server, socketPath: string): Promise<void> {
  server.listen(socketPath);
  await once(server, 'listening');
}

async function closeServer(server: Server): Promise<void> {
  server.close();
  if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function')
    server.closeAllConnections();
  await once(server, 'close');
}
