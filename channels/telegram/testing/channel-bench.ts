import { createHash } from 'node:crypto';
import type {
  ChannelUpdate,
  ChoiceRequest,
  Clock,
  Desk,
  Inbound,
  InboundMessage,
  Outbound,
  UpdateBox,
} from '@reeve/core';
import { createTelegramPeer, type Person, type TelegramPeer } from '@reeve/core/testing/telegram-peer';
import type { SetupNote } from '../setup/setup.ts';
import { createTelegramChannel, type TelegramChannel } from '../telegram-channel.ts';
import type { WebhookSettings } from '../webhook.ts';
import { createFakeSpeech, type FakeSpeech } from './fake-speech.ts';

/** A channel on the stand-in, with a coordinator that only takes notes. */
export interface ChannelBench extends AsyncDisposable {
  readonly peer: TelegramPeer;
  readonly ann: Person;
  readonly received: InboundMessage[];
  /** Messages that came again, and were known. */
  repeats(): number;
  readonly decisions: Parameters<Inbound['decide']>[0][];
  readonly choices: ChoiceRequest[];
  readonly box: UpdateBox;
  /** What the box in memory holds. */
  readonly stored: MemoryBox['stored'];
  /** The owner's files, by path. */
  readonly files: Map<string, Uint8Array>;
  readonly speech: FakeSpeech;
  channel(): TelegramChannel;
  /** Answers of the coordinator to the next messages; accepted when there is none. */
  readonly answers: (() => Promise<Awaited<ReturnType<Inbound['receive']>>>)[];
  /** Polls unless a webhook is given. */
  start(webhook?: WebhookSettings): Promise<void>;
  stop(): Promise<void>;
}

export const ANN = 4711;
const AT = new Date('2026-11-21T09:00:00.000Z');

export interface MemoryBox extends UpdateBox {
  readonly stored: Map<number, { body: string; handled: boolean }>;
}

export function createMemoryBox(): MemoryBox {
  const stored = new Map<number, { body: string; handled: boolean }>();
  return {
    stored,
    async store(_channel, updates) {
      const fresh = updates.filter(({ updateId }, index) => {
        const isFirst = updates.findIndex((other) => other.updateId === updateId) === index;
        return isFirst && !stored.has(updateId);
      });
      for (const { updateId, body } of fresh) stored.set(updateId, { body, handled: false });
      return fresh;
    },
    async pending() {
      const open: ChannelUpdate[] = [];
      for (const [updateId, { body, handled }] of stored) if (!handled) open.push({ updateId, body });
      return open.sort((a, b) => a.updateId - b.updateId);
    },
    async markHandled(_channel, ids) {
      for (const id of ids) {
        const update = stored.get(id);
        if (update) update.handled = true;
      }
    },
    async forget() {
      // Nothing is old here.
    },
  };
}

const systemClock: Clock = {
  now: () => new Date(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, milliseconds);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    }),
};

export interface BenchOptions {
  readonly limitsRate?: boolean;
  readonly privacyMode?: boolean;
  /** Whether a transcriber is set up; so unless said. */
  readonly hears?: boolean;
  /** How far the host's clock is off, in milliseconds. */
  readonly clockOffMs?: number;
  /** The same, for a clock that jumps on the way. */
  readonly clock?: { readonly offMs: number };
  /** One in memory unless given. */
  readonly box?: UpdateBox;
}

export async function openChannelBench(options: BenchOptions = {}): Promise<ChannelBench> {
  const peer = await createTelegramPeer(options);
  const memory = createMemoryBox();
  const box = options.box ?? memory;
  const speech = createFakeSpeech();
  const received: InboundMessage[] = [];
  const turns = new Map<string, string>();
  let repeats = 0;
  const decisions: ChannelBench['decisions'] = [];
  const choices: ChoiceRequest[] = [];
  const files = new Map([['questions/x/body.txt', new TextEncoder().encode('bytes')]]);
  const desk = createFakeDesk(files);
  const answers: ChannelBench['answers'] = [];
  let note: SetupNote = {
    bot: null,
    isPrivacyOn: false,
    webhook: null,
    pairing: null,
    finishedAt: AT.toISOString(),
    trouble: null,
  };
  const clock: Clock = {
    ...systemClock,
    now: () => new Date(Date.now() + (options.clock?.offMs ?? options.clockOffMs ?? 0)),
  };
  const make = (webhook: WebhookSettings | null) =>
    createTelegramChannel({
      token: peer.token,
      apiRoot: peer.url,
      webhook,
      box,
      people: {
        roleOf: ({ externalId }) => (externalId === String(ANN) ? 'owner' : 'stranger'),
        list: () => [{ externalId: String(ANN), role: 'owner' }],
        addOwner: async () => {
          throw new Error('there is an owner');
        },
        heard: async () => undefined,
      },
      desk: () => desk,
      commands: () => [{ name: 'status', description: 'what runs' }],
      key: new Uint8Array(32).fill(7),
      readNote: () => note,
      writeNote: (changed) => {
        note = changed;
      },
      clock,
      randomBytes: (count) => new Uint8Array(count).fill(3),
      fetch: globalThis.fetch,
      speech,
      hears: options.hears ?? true,
      voice: () => speech.voice,
      log: silent,
    });
  let channel = make(null);
  let stopping = new AbortController();
  const inbound: Inbound = {
    async receive(message) {
      const answer = answers.shift();
      if (answer) return answer();
      const turnId = turns.get(message.updateId);
      repeats += turnId === undefined ? 0 : 1;
      if (turnId !== undefined) return { kind: 'duplicate', turnId, conversationId: 'c' };
      turns.set(message.updateId, `turn-${received.length + 1}`);
      received.push(message);
      return { kind: 'accepted', turnId: `turn-${received.length}`, conversationId: 'c' };
    },
    async decide(request) {
      decisions.push(request);
      return { kind: 'decided', sentence: `${request.code} was decided.` };
    },
    async choose(request) {
      choices.push(request);
      return { kind: 'decided', sentence: `${request.option} it is.` };
    },
  };
  const ann = peer.person(ANN, 'Ann');
  ann.open();
  const bench: ChannelBench = {
    peer,
    ann,
    received,
    repeats: () => repeats,
    decisions,
    choices,
    answers,
    files,
    box,
    stored: memory.stored,
    speech,
    channel: () => channel,
    async start(webhook) {
      channel = make(webhook ?? null);
      stopping = new AbortController();
      await channel.start(inbound, stopping.signal);
    },
    async stop() {
      stopping.abort(new Error('the test is over'));
      await channel.ended();
    },
    async [Symbol.asyncDispose]() {
      await bench.stop();
      await peer.close();
    },
  };
  return bench;
}

const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function nothing(): undefined {
  return undefined;
}

/** The counter of the house, as far as the channel uses it. */
function createFakeDesk(files: Map<string, Uint8Array>): Desk {
  const entryOf = (path: string, bytes: Uint8Array) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { path, bytes: bytes.length, sha256, modifiedAt: AT.toISOString() };
  };
  const desk = {
    async saveUpload(name: string, content: AsyncIterable<Uint8Array>) {
      const bytes = Buffer.concat(await Array.fromAsync(content));
      files.set(`uploads/${name}`, bytes);
      return { kind: 'ok', value: entryOf(`uploads/${name}`, bytes) } as const;
    },
    getTask: async () => ({ kind: 'failed', failure: { code: 'task-unknown' } }) as const,
    async openFile(path: string) {
      const bytes = files.get(path);
      if (!bytes) return { kind: 'failed', failure: { code: 'file-unknown' } } as const;
      return { kind: 'ok', value: { entry: entryOf(path, bytes), content: pieces(bytes) } } as const;
    },
  };
  return desk as unknown as Desk;
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** A text for Ann; `more` says what is different. */
export function textFor(markdown: string, more: Partial<Outbound> = {}): Outbound {
  return {
    id: crypto.randomUUID(),
    conversationId: 'c',
    chat: { channel: 'telegram', externalId: String(ANN) },
    content: { kind: 'text', markdown },
    about: { kind: 'notice' },
    replyTo: null,
    edits: null,
    possibleDuplicate: false,
    ...more,
  };
}
