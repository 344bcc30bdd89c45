import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  About,
  Accepted,
  Approval,
  ChannelAdapter,
  ChoiceRequest,
  DecisionRequest,
  DecisionResult,
  Desk,
  EventLog,
  FileEntry,
  InboundMessage,
  Message,
  Outbound,
  OutboundContent,
  ScheduleView,
  Task,
} from '@reeve/core';
import { createHttpChannel } from '../http-channel.ts';
import type { PageReader } from '../pages.ts';
import { createFakeSecrets } from './fake-secrets.ts';
import { createMemoryEventLog } from './memory-event-log.ts';

const NOON = new Date('2026-11-21T12:00:00.000Z');
const UPLOAD_LIMIT = 25 * 1024 * 1024;

/** The real HTTP channel in front of a coordinator that does as the test says. */
export interface FakeHouse {
  readonly url: string;
  readonly token: string;
  readonly received: InboundMessage[];
  readonly decisions: DecisionRequest[];
  readonly tasks: Map<string, Task>;
  readonly approvals: Map<string, Approval>;
  readonly schedules: ScheduleView[];
  readonly files: Map<string, Uint8Array>;
  /** Who handed a file over, by path. */
  readonly uploaders: Map<string, string>;
  /** Values of secrets as the API handed them on, by name. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly messages: Message[];
  /** Names of the conversations there are. */
  readonly conversations: string[];
  /** Who is known beside the owner, by id. */
  readonly people: Map<string, { role: 'owner' | 'member'; name: string }>;
  /** Messages that the log of the channel got: for tests that expect one. */
  readonly logged: string[];
  /** How many downloads were let go of, finished or not. */
  readonly closedDownloads: () => number;
  /** Called for every new message after it was accepted. */
  onMessage: (message: InboundMessage, turnId: string) => void | Promise<void>;
  /** Answers in place of accepting. */
  refuseMessages: Extract<Accepted, { kind: 'refused' }> | null;
  onDecision: (request: DecisionRequest) => DecisionResult | Promise<DecisionResult>;
  /** Delivers to the conversation with this name; `id` repeats a delivery. */
  deliver(
    content: OutboundContent,
    about: About,
    options?: { conversation?: string; id?: string },
  ): ReturnType<ChannelAdapter['deliver']>;
  draft(turnId: string, text: string, conversation?: string): void;
  /** A new link to the web chat. */
  newWebLink(): string;
  /** Stops listening; the state stays. */
  stop(): Promise<void>;
  /** Listens again on the same port. */
  resume(): Promise<void>;
}

/** Opens a house on a free port. */
export async function openFakeHouse(
  options: { eventLog?: EventLog; heartbeatMs?: number; pages?: PageReader } = {},
): Promise<FakeHouse> {
  const token = 'token-of-the-test';
  const turns = new Map<string, string>();
  let names = 0;
  const newName = (kind: string) => {
    names += 1;
    return `${kind}-${names}`;
  };
  let closed = 0;
  const logged: string[] = [];
  const keep = (_fields: object, message: string) => void logged.push(message);
  const secrets = createFakeSecrets();
  const channel = createHttpChannel({
    eventLog: options.eventLog ?? createMemoryEventLog(),
    desk: () =>
      createFakeDesk(house, () => {
        closed += 1;
      }),
    secrets,
    token,
    pages: options.pages ?? (async () => null),
    webKey: new Uint8Array(32).fill(7),
    randomBytes: (count) => randomBytes(count),
    clock: {
      now: () => new Date(),
      sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
    },
    newId: () => newName('id'),
    log: { debug: keep, info: keep, warn: keep, error: keep },
    version: '0.0.0',
    heartbeatMs: options.heartbeatMs ?? 15_000,
  });
  const house: FakeHouse & { receive(message: InboundMessage): Promise<Accepted> } = {
    url: '',
    token,
    received: [],
    decisions: [],
    tasks: new Map(),
    approvals: new Map(),
    schedules: [],
    files: new Map(),
    uploaders: new Map(),
    secrets: secrets.given,
    messages: [],
    conversations: ['main', 'other'],
    people: new Map(),
    logged,
    closedDownloads: () => closed,
    onMessage: () => undefined,
    refuseMessages: null,
    onDecision: () => ({ kind: 'decided', sentence: 'Decided.' }),
    deliver: (content, about, { conversation = 'main', id = newName('delivery') } = {}) =>
      channel.deliver(outbound(content, about, conversation, id)),
    draft: (turnId, text, conversation = 'main') =>
      channel.draft({
        conversationId: `conversation-${conversation}`,
        chat: chatOf(conversation),
        turnId,
        text,
      }),
    async receive(message) {
      if (house.refuseMessages) return house.refuseMessages;
      const conversationId = `conversation-${message.chat.externalId}`;
      const known = turns.get(message.updateId);
      if (known) return { kind: 'duplicate', turnId: known, conversationId };
      const turnId = `turn-${turns.size + 1}`;
      turns.set(message.updateId, turnId);
      house.received.push(message);
      setImmediate(() => void house.onMessage(message, turnId));
      return { kind: 'accepted', turnId, conversationId };
    },
    newWebLink: () => listening.newWebLink(),
    stop: () => listening.close(),
    async resume() {
      listening = await channel.listen({ host: '127.0.0.1', port: listening.port });
    },
  };
  const decide = async (request: DecisionRequest) => {
    house.decisions.push(request);
    return house.onDecision(request);
  };
  const choose = async ({ option }: ChoiceRequest): Promise<DecisionResult> => ({
    kind: 'decided',
    sentence: `Chosen: ${option}.`,
  });
  await channel.start(
    { receive: (message) => house.receive(message), decide, choose },
    new AbortController().signal,
  );
  let listening = await channel.listen({ host: '127.0.0.1', port: 0 });
  return Object.assign(house, { url: listening.url });
}

function chatOf(externalId: string) {
  return { channel: 'http', externalId };
}

function outbound(content: OutboundContent, about: About, conversation: string, id: string): Outbound {
  const conversationId = `conversation-${conversation}`;
  const chat = chatOf(conversation);
  return { id, conversationId, chat, content, about, replyTo: null, edits: null, possibleDuplicate: false };
}

const NOTHING_SPENT = { spent: { tokens: 0, micros: 0 }, cap: { tokens: null, micros: null } };

function createFakeDesk(house: FakeHouse, onClosed: () => void): Desk {
  const entryOf = (path: string, bytes: Uint8Array): FileEntry => ({
    path,
    bytes: bytes.length,
    sha256: 'e'.repeat(64),
    modifiedAt: NOON.toISOString(),
  });
  const inState = (state: Task['state']) => [...house.tasks.values()].filter((task) => task.state === state);
  return {
    status: async () => ({
      limit: 5,
      running: inState('running'),
      waiting: inState('waiting'),
      queued: inState('queued'),
      paused: inState('paused'),
      approvals: [...house.approvals.values()].filter((approval) => approval.state === 'pending'),
      scheduled: [...house.schedules],
      answering: [],
      today: { finished: 1, failed: 0, modelCalls: 3, inputTokens: 10, outputTokens: 5 },
      spending: {
        day: { of: '2026-11-21', ...NOTHING_SPENT },
        month: { of: '2026-11', ...NOTHING_SPENT },
        shares: [],
        topTasks: [],
        unpricedModels: [],
      },
      trouble: [],
      model: 'rehearsal',
      webSearch: 'off',
      hearing: 'off',
      speaking: 'off',
    }),
    whoIs: ({ externalId, name }) =>
      externalId === 'owner'
        ? { role: 'owner', name }
        : (house.people.get(externalId) ?? { role: 'stranger', name }),
    listSchedules: async () => [...house.schedules],
    listSettings: () => [
      {
        name: 'tone',
        value: 'warm',
        source: 'file',
        layers: [{ source: 'file', value: 'warm' }],
        revision: null,
      },
    ],
    listTasks: async ({ states, limit }) =>
      [...house.tasks.values()].filter((task) => !states || states.includes(task.state)).slice(0, limit),
    async getTask(id) {
      const task = house.tasks.get(id);
      if (!task) return { kind: 'failed', failure: { code: 'task-unknown', about: id } };
      const approvals = [...house.approvals.values()].filter((approval) => approval.call.task === id);
      return { kind: 'ok', value: { task, steps: [], approvals, usage: { ...NOTHING_SPENT, shares: [] } } };
    },
    async cancelTask(id) {
      const task = house.tasks.get(id);
      if (!task) return { kind: 'failed', failure: { code: 'task-unknown', about: id } };
      return { kind: 'ok', value: { ...task, state: 'cancelled' } };
    },
    pendingApprovals: async () => [...house.approvals.values()],
    async getApproval(code) {
      const approval = house.approvals.get(code);
      return approval
        ? { kind: 'ok', value: approval }
        : { kind: 'failed', failure: { code: 'approval-unknown', about: code } };
    },
    listConversations: async () =>
      house.conversations.map((name) => ({
        id: `conversation-${name}`,
        chat: chatOf(name),
        createdAt: NOON,
      })),
    listMessages: async (conversationId, _before, limit) =>
      house.messages.filter((message) => message.conversationId === conversationId).slice(-limit),
    listRounds: async () => [],
    listExchanges: async () => [],
    listFiles: async (prefix) =>
      [...house.files]
        .filter(([path]) => path.startsWith(prefix))
        .map(([path, bytes]) => entryOf(path, bytes)),
    async openFile(path) {
      const bytes = house.files.get(path);
      if (!bytes) return { kind: 'failed', failure: { code: 'file-unknown', about: path } };
      return { kind: 'ok', value: { entry: entryOf(path, bytes), content: inPieces(bytes, onClosed) } };
    },
    listUploads: async ({ externalId }, prefix) =>
      [...house.files]
        .filter(([path]) => path.startsWith(prefix) && house.uploaders.get(path) === externalId)
        .map(([path, bytes]) => entryOf(path, bytes)),
    async openUpload(path, { externalId }) {
      const bytes = house.uploaders.get(path) === externalId ? house.files.get(path) : undefined;
      if (!bytes) return { kind: 'failed', failure: { code: 'file-unknown', about: path } };
      return { kind: 'ok', value: { entry: entryOf(path, bytes), content: inPieces(bytes, onClosed) } };
    },
    checkAudit: async () => ({ kind: 'intact', entries: 3, head: 'f'.repeat(64) }),
    async saveUpload(name, content, by) {
      const pieces: Uint8Array[] = [];
      let total = 0;
      for await (const piece of content) {
        total += piece.length;
        if (total > UPLOAD_LIMIT) return { kind: 'failed', failure: { code: 'file-too-large' } };
        pieces.push(piece);
      }
      const path = `uploads/${name}`;
      house.files.set(path, Buffer.concat(pieces));
      house.uploaders.set(path, by.externalId);
      return { kind: 'ok', value: entryOf(path, Buffer.concat(pieces)) };
    },
  };
}

async function* inPieces(bytes: Uint8Array, onClosed: () => void): AsyncGenerator<Uint8Array> {
  const size = 64 * 1024;
  try {
    for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
  } finally {
    onClosed();
  }
}
