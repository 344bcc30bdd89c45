import type { Socket } from 'node:net';
import { z } from 'zod';
import { type CheckedAnswer, createShimCalls, type ShimOutcome } from './calls.ts';
import { createShimConnection, type ShimGoneError, type ShimRefusal } from './connection.ts';
import { createLane } from './lane.ts';
import {
  type KeptOutput,
  maxKeptOutputBytes,
  type OutputChannel,
  type RunValue,
  type ScratchEntry,
  type ShimCall,
} from './protocol.ts';
import type { TunnelStream } from './tunnel-streams.ts';

export interface RunRequest {
  /** For `bash -c`, in the scratch directory. */
  readonly command: string;
  readonly timeoutMs: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Bytes kept of stdout and of stderr, each: 64 KiB unless told, 256 KiB at most. */
  readonly maxOutputBytes?: number;
  /** Now and then the newest output, at most 4 KiB per channel: a glimpse, not the output. */
  readonly onOutput?: (channel: OutputChannel, bytes: Uint8Array) => void;
  readonly signal?: AbortSignal;
}

export interface CapturedOutput {
  readonly head: Uint8Array;
  /** Present only when output between head and tail was dropped. */
  readonly tail?: Uint8Array;
  readonly totalBytes: number;
  readonly truncated: boolean;
}

export interface CommandResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly durationMs: number;
  readonly stdout: CapturedOutput;
  readonly stderr: CapturedOutput;
}

export interface ScratchListing {
  readonly entries: readonly ScratchEntry[];
  /** There are more entries than the limit. */
  readonly truncated: boolean;
}

/** The loop's hands. Paths are relative to the scratch directory, or absolute inside it (`/work/...`). */
export interface ShimClient {
  /** Connects, unless it has, so that the first call finds the sandbox awake; the first call does, too. */
  open(): void;
  /** One at a time with snapshots and restores. When it ends, nothing that the command started is left running. */
  run(request: RunRequest): Promise<ShimOutcome<CommandResult>>;
  readFile(
    path: string,
    options: { readonly offset?: number; readonly maxBytes: number; readonly signal?: AbortSignal },
  ): Promise<ShimOutcome<{ readonly bytes: Uint8Array; readonly totalBytes: number }>>;
  /** The whole file. Throws ShimRefusedError, ShimGoneError. */
  readStream(path: string, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Creates parents; the file appears whole or not at all. Rejects with the source's own error. */
  writeFile(
    path: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<ShimOutcome<{ readonly bytes: number }>>;
  list(
    path: string,
    options: { readonly recursive: boolean; readonly limit: number; readonly signal?: AbortSignal },
  ): Promise<ShimOutcome<ScratchListing>>;
  /** Describes a link itself, not what it points to. */
  stat(path: string): Promise<ShimOutcome<ScratchEntry>>;
  /** A file, a link or a directory with all it holds. */
  remove(path: string): Promise<ShimOutcome<undefined>>;
  hash(
    path: string,
    signal?: AbortSignal,
  ): Promise<ShimOutcome<{ readonly sha256: string; readonly bytes: number }>>;
  /** Scratch as an uncompressed tar. Throws ShimRefusedError (`too-large` past `maxBytes`), ShimGoneError. */
  snapshot(options: { readonly maxBytes: number; readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;
  /** Replaces all of scratch by a snapshot. */
  restore(content: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<ShimOutcome<undefined>>;
  /** From now on connections of commands to 127.0.0.1:3128 go to `accept`; before, they are cut. */
  onTunnel(accept: (tunnel: TunnelStream) => void): void;
  /** Resolves with the reason when the sandbox is lost. */
  readonly gone: Promise<ShimGoneError>;
  /** Ends the connection and with it the sandbox. */
  close(): void;
}

const defaultOutputBytes = 64 * 1024;
/** Beyond a command's timeout, for killing what it started and sending what it said. */
const runGraceMs = 10_000;
/** Far above what a listing within its limit needs; a hostile shim stops here. */
const maxListingBytes = 16 * 1024 * 1024;
const cancelled: ShimRefusal = { kind: 'refused', code: 'cancelled', detail: 'cancelled' };

const count = z.int().min(0);
const keptOutput = z.object({ headBytes: count, tailBytes: count, totalBytes: count });
const runValue = z
  .object({
    exitCode: z.int().nullable(),
    signal: z.string().max(32).nullable(),
    timedOut: z.boolean(),
    durationMs: count,
    stdout: keptOutput,
    stderr: keptOutput,
  })
  .refine(({ stdout, stderr }) => isConsistent(stdout) && isConsistent(stderr));
const entrySchema = z.object({
  path: z.string(),
  escaped: z.literal(true).exactOptional(),
  kind: z.enum(['file', 'directory', 'symlink', 'other']),
  bytes: count,
  modifiedAt: z.int(),
});
const readValue = z.object({ totalBytes: count });
const writtenValue = z.object({ bytes: count });
const hashValue = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: count });
const listValue = z.object({ count, truncated: z.boolean() });
const nothing = z.unknown().transform(() => undefined);

/**
 * A typed client for the shim that `connect` reaches, which is called once, when the shim is wanted. Everything that
 * comes back is checked and bounded.
 */
export function createShimClient(connect: () => Promise<Socket>): ShimClient {
  const connection = createShimConnection(connect);
  const calls = createShimCalls(connection);
  const lane = createLane();

  return {
    open: connection.open,
    async run(request) {
      using turn = await lane.enter(request.signal);
      if (turn === undefined) return cancelled;
      const outcome = await calls.ask(runValue, runCall(request), {
        signal: request.signal,
        onProgress: request.onOutput,
        deadlineMs: request.timeoutMs + runGraceMs,
      });
      if (outcome.kind === 'refused') return outcome;
      const result = cutOutput(outcome.value.value, outcome.value.payload);
      if (result === undefined) throw connection.fail('output that does not add up');
      return { kind: 'done', value: result };
    },
    async readFile(path, { offset = 0, maxBytes, signal }) {
      const outcome = await calls.collect(
        readValue,
        { op: 'read', path, offset, maxBytes },
        { maxBytes, signal },
      );
      return mapValue(outcome, ({ value, payload }) => ({ bytes: payload, totalBytes: value.totalBytes }));
    },
    readStream(path, signal) {
      const maxBytes = Number.MAX_SAFE_INTEGER;
      return calls.stream({ op: 'read', path, offset: 0, maxBytes }, { maxBytes, signal });
    },
    async writeFile(path, content, signal) {
      const upload = content instanceof Uint8Array ? single(content) : content;
      return mapValue(await calls.ask(writtenValue, { op: 'write', path }, { upload, signal }), valueOnly);
    },
    async list(path, { recursive, limit, signal }) {
      const call: ShimCall = { op: 'list', path, recursive, limit };
      const outcome = await calls.collect(listValue, call, { maxBytes: maxListingBytes, signal });
      if (outcome.kind === 'refused') return outcome;
      const entries = parseEntries(outcome.value.payload, limit);
      if (entries === undefined || entries.length > limit)
        throw connection.fail('a listing of the wrong shape');
      return { kind: 'done', value: { entries, truncated: outcome.value.value.truncated } };
    },
    stat: async (path) => mapValue(await calls.ask(entrySchema, { op: 'stat', path }), valueOnly),
    remove: async (path) => mapValue(await calls.ask(nothing, { op: 'remove', path }), valueOnly),
    hash: async (path, signal) =>
      mapValue(await calls.ask(hashValue, { op: 'hash', path }, { signal }), valueOnly),
    async *snapshot({ maxBytes, signal }) {
      using turn = await lane.enter(signal);
      if (turn === undefined) throw signal?.reason;
      yield* calls.stream({ op: 'snapshot', maxBytes }, { maxBytes, signal });
    },
    async restore(content, signal) {
      using turn = await lane.enter(signal);
      if (turn === undefined) return cancelled;
      return mapValue(await calls.ask(nothing, { op: 'restore' }, { upload: content, signal }), valueOnly);
    },
    onTunnel: connection.onTunnel,
    gone: connection.gone,
    close: () => {
      connection.fail('closed by the loop');
    },
  };
}

function valueOnly<T>({ value }: CheckedAnswer<T>): T {
  return value;
}

function mapValue<T, U>(outcome: ShimOutcome<T>, map: (value: T) => U): ShimOutcome<U> {
  return outcome.kind === 'refused' ? outcome : { kind: 'done', value: map(outcome.value) };
}

function runCall(request: RunRequest): ShimCall {
  return {
    op: 'run',
    command: request.command,
    timeoutMs: request.timeoutMs,
    environment: request.environment ?? {},
    maxOutputBytes: Math.min(request.maxOutputBytes ?? defaultOutputBytes, maxKeptOutputBytes),
    progress: request.onOutput !== undefined,
  };
}

function isConsistent({ headBytes, tailBytes, totalBytes }: KeptOutput): boolean {
  return headBytes + tailBytes <= Math.min(totalBytes, maxKeptOutputBytes);
}

/** Undefined when the lengths do not fill the payload exactly. */
function cutOutput(value: RunValue, payload: Uint8Array): CommandResult | undefined {
  const { stdout, stderr, ...rest } = value;
  const stdoutBytes = stdout.headBytes + stdout.tailBytes;
  if (stdoutBytes + stderr.headBytes + stderr.tailBytes !== payload.length) return undefined;
  return {
    ...rest,
    stdout: cutChannel(stdout, payload.subarray(0, stdoutBytes)),
    stderr: cutChannel(stderr, payload.subarray(stdoutBytes)),
  };
}

function cutChannel({ headBytes, tailBytes, totalBytes }: KeptOutput, bytes: Uint8Array): CapturedOutput {
  const truncated = headBytes + tailBytes < totalBytes;
  const head = bytes.slice(0, headBytes);
  return { head, ...(tailBytes > 0 ? { tail: bytes.slice(headBytes) } : {}), totalBytes, truncated };
}

/** Looks at one line more than may be: what a hostile shim fills a listing with would cost many times its bytes. */
function parseEntries(lines: Uint8Array, limit: number): ScratchEntry[] | undefined {
  try {
    const values: unknown[] = Buffer.from(lines)
      .toString('utf8')
      .split('\n', limit + 1)
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
    return z.array(entrySchema).parse(values);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
