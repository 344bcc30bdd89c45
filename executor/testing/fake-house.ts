import { createHash } from 'node:crypto';
import type {
  Assignment,
  ControlMessage,
  DeclareReply,
  DeclareRequest,
  EffectReply,
  FileEntry,
  FinishRequest,
  Step,
} from '@reeve/core';
import type { ControlConnection, LinkClient } from '../link-client.ts';
import { Superseded } from '../link-transport.ts';
import type { RunRequest, ShimClient } from '../shim/client.ts';

/** A coordinator's side of the link, in memory: what a test gives and what the executor said. */
export interface FakeHouse {
  readonly link: LinkClient;
  readonly steps: Step[];
  readonly finished: FinishRequest[];
  readonly declared: DeclareRequest[];
  readonly snapshots: number[];
  readonly files: Map<string, Uint8Array>;
  /** What the next declarations are answered with; `allow` when empty. */
  readonly declareReplies: DeclareReply[];
  send(message: ControlMessage): void;
  /** From the n-th append on, answers that another attempt holds the task. */
  staleFrom: number;
}

export function createFakeHouse(assignment: Assignment): FakeHouse {
  const lines: string[] = [];
  let wake: (() => void) | null = null;
  const house: FakeHouse = {
    steps: [...assignment.steps],
    finished: [],
    declared: [],
    snapshots: [],
    files: new Map(),
    declareReplies: [],
    staleFrom: Number.POSITIVE_INFINITY,
    send(message) {
      lines.push(JSON.stringify(message));
      wake?.();
    },
    link: {
      async append({ attempt, seq, body }) {
        if (house.steps.length >= house.staleFrom) throw new Superseded('stale');
        house.steps.push({ seq, attempt, at: '2026-11-20T10:00:00.000Z', body });
      },
      async declare(request) {
        house.declared.push(request);
        return house.declareReplies.shift() ?? { kind: 'allow', permit: `permit-${house.declared.length}` };
      },
      async finish(request) {
        house.finished.push(request);
      },
      listFiles: async (prefix) => ({
        files: [...house.files].filter(([path]) => path.startsWith(prefix)).map(entryOf),
        truncated: false,
      }),
      readFile: async (path) => {
        const bytes = house.files.get(path);
        return bytes ? ReadableStream.from([bytes]) : null;
      },
      async putFile({ callId }, content): Promise<EffectReply> {
        const call = house.declared.findLast((declared) => declared.callId === callId);
        const bytes = Buffer.concat(await Array.fromAsync(content));
        house.files.set(String(call?.arguments['path']), bytes);
        return { kind: 'done', content: `Stored ${call?.arguments['path']} (${bytes.length} bytes).` };
      },
      async deleteFile({ callId }): Promise<EffectReply> {
        const path = String(
          house.declared.findLast((declared) => declared.callId === callId)?.arguments['path'],
        );
        house.files.delete(path);
        return { kind: 'done', content: `Deleted ${path}.` };
      },
      openHost: async ({ callId }): Promise<EffectReply> => ({
        kind: 'done',
        content: `opened for ${callId}`,
      }),
      createSchedule: async ({ callId }): Promise<EffectReply> => ({
        kind: 'done',
        content: `scheduled for ${callId}`,
      }),
      async saveScratch(seq, content) {
        await Array.fromAsync(content);
        house.snapshots.push(seq);
      },
      openScratch: async () => ReadableStream.from([Buffer.from('tar')]),
      openControl: (): ControlConnection => ({
        beat: () => undefined,
        lines: (async function* () {
          for (;;) {
            const line = lines.shift();
            if (line !== undefined) yield line;
            else
              await new Promise<void>((resolve) => {
                wake = resolve;
              });
          }
        })(),
      }),
    },
  };
  return house;
}

function entryOf([path, bytes]: [string, Uint8Array]): FileEntry {
  return {
    path,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    modifiedAt: '2026-11-20T10:00:00.000Z',
  };
}

/** A sandbox in memory: `run` is the test's, files are a map. */
export interface FakeSandbox {
  readonly shim: ShimClient;
  readonly commands: string[];
  readonly files: Map<string, Uint8Array>;
  readonly restored: number[];
}

const empty = { head: new Uint8Array(0), totalBytes: 0, truncated: false };

export function createFakeSandbox(
  run: (command: string) => { exitCode: number; stdout: string } = () => ({ exitCode: 0, stdout: '' }),
): FakeSandbox {
  const files = new Map<string, Uint8Array>();
  const commands: string[] = [];
  const restored: number[] = [];
  const missing = { kind: 'refused', code: 'not-found', detail: 'no such file' } as const;
  const shim: ShimClient = {
    open: () => undefined,
    async run(request: RunRequest) {
      request.signal?.throwIfAborted();
      commands.push(request.command);
      const { exitCode, stdout } = run(request.command);
      const head = Buffer.from(stdout);
      return {
        kind: 'done',
        value: {
          exitCode,
          signal: null,
          timedOut: false,
          durationMs: 1,
          stdout: { head, totalBytes: head.length, truncated: false },
          stderr: empty,
        },
      };
    },
    async readFile(path) {
      const bytes = files.get(path);
      return bytes ? { kind: 'done', value: { bytes, totalBytes: bytes.length } } : missing;
    },
    async *readStream(path) {
      yield files.get(path) ?? new Uint8Array(0);
    },
    async writeFile(path, content) {
      const bytes = content instanceof Uint8Array ? content : Buffer.concat(await Array.fromAsync(content));
      files.set(path, bytes);
      return { kind: 'done', value: { bytes: bytes.length } };
    },
    list: async () => ({ kind: 'done', value: { entries: [], truncated: false } }),
    stat: async () => missing,
    remove: async () => ({ kind: 'done', value: undefined }),
    async hash(path) {
      const bytes = files.get(path);
      if (!bytes) return missing;
      return {
        kind: 'done',
        value: { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length },
      };
    },
    async *snapshot() {
      yield Buffer.from('tar');
    },
    async restore(content) {
      restored.push((await Array.fromAsync(content)).length);
      return { kind: 'done', value: undefined };
    },
    onTunnel: () => undefined,
    gone: new Promise(() => undefined),
    close: () => undefined,
  };
  return { shim, commands, files, restored };
}
