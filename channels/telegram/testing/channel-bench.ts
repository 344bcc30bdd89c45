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

/** A channel on the stand-in, with a coordinator that only takes notes. */
export interface ChannelBench extends AsyncDisposable {
  readonly peer: TelegramPeer;
  readonly ann: Person;
  readonly received: InboundMessage[];
  readonly decisions: Parameters<Inbound['decide']>[0][];
  readonly choices: ChoiceRequest[];
  readonly box: MemoryBox;
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

function createMemoryBox(): MemoryBox {
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
  /** How far the host's clock is off, in milliseconds. */
  readonly clockOffMs?: number;
}

export async function openChannelBench(options: BenchOptions = {}): Promise<ChannelBench> {
  const peer = await createTelegramPeer(options);
  const box = createMemoryBox();
  const received: InboundMessage[] = [];
  const decisions: ChannelBench['decisions'] = [];
  const choices: ChoiceRequest[] = [];
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
    now: () => new Date(Date.now() + (options.clockOffMs ?? 0)),
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
      },
      desk: () => fakeDesk,
      commands: () => [{ name: 'status', description: 'what runs' }],
      key: new Uint8Array(32).fill(7),
      readNote: () => note,
      writeNote: (changed) => {
        note = changed;
      },
      clock,
      randomBytes: (count) => new Uint8Array(count).fill(3),
      fetch: globalThis.fetch,
      log: silent,
    });
  let channel = make(null);
  let stopping = new AbortController();
  const inbound: Inbound = {
    async receive(message) {
      const answer = answers.shift();
      if (answer) return answer();
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
    decisions,
    choices,
    answers,
    box,
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
const fakeDesk = {
  async saveUpload(name: string, content: AsyncIterable<Uint8Array>) {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const piece of content) {
      hash.update(piece);
      bytes += piece.length;
    }
    const value = {
      path: `uploads/${name}`,
      bytes,
      sha256: hash.digest('hex'),
      modifiedAt: AT.toISOString(),
    };
    return { kind: 'ok', value } as const;
  },
  getTask: async () => ({ kind: 'failed', failure: { code: 'task-unknown' } }) as const,
  async openFile(path: string) {
    const entry = { path, bytes: 5, sha256: '', modifiedAt: AT.toISOString() };
    const content = (async function* () {
      yield new TextEncoder().encode('bytes');
    })();
    return { kind: 'ok', value: { entry, content } } as const;
  },
} as unknown as Desk;

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
