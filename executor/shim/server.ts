import type { Socket } from 'node:net';
import { type ByteQueue, createByteQueue, createSendWindow, type SendWindow } from './byte-stream.ts';
import { createFrameWriter, readFrames } from './frame-socket.ts';
import type { Frame } from './frames.ts';
import { createProgress } from './progress.ts';
import {
  type FromShim,
  type OutputChannel,
  type RefusalCode,
  type ShimCall,
  type ToShim,
  windowBytes,
} from './protocol.ts';
import { type CommandSurroundings, runCommand } from './run-command.ts';
import { restoreScratch, snapshotScratch } from './scratch-archive.ts';
import {
  hashScratchFile,
  listScratch,
  readScratchFile,
  removeScratch,
  type SendChunk,
  statScratch,
  writeScratchFile,
} from './scratch-files.ts';
import { Refusal } from './scratch-path.ts';
import { createTunnelStreams, type TunnelStreams } from './tunnel-streams.ts';

interface OngoingCall {
  readonly abort: AbortController;
  readonly upload: ByteQueue;
  readonly window: SendWindow;
}

interface CallTools {
  readonly id: number;
  readonly signal: AbortSignal;
  readonly upload: AsyncIterable<Uint8Array>;
  readonly send: SendChunk;
  readonly reportOutput: (channel: OutputChannel, bytes: Uint8Array) => void;
}

interface Answer {
  readonly value: object;
  readonly payload?: Uint8Array;
}

/**
 * Serves the loop's calls on `socket` until it closes. Commands, snapshots and restores take turns (`busy` otherwise),
 * because the end of a command ends every process but this one. Returns what opens streams to the loop.
 */
export function serveShim(socket: Socket, surroundings: CommandSurroundings): Pick<TunnelStreams, 'open'> {
  const calls = new Map<number, OngoingCall>();
  let exclusive = false;

  const write: (header: FromShim, payload?: Uint8Array) => Promise<void> = createFrameWriter(socket);

  const tunnels = createTunnelStreams({ send: write });

  async function perform(id: number, call: ShimCall, ongoing: OngoingCall): Promise<Answer> {
    const needsTurn = call.op === 'run' || call.op === 'snapshot' || call.op === 'restore';
    if (!needsTurn) return performCall(call, surroundings, toolsFor(id, ongoing, write));
    if (exclusive) throw new Refusal('busy', 'another command or archive is running');
    exclusive = true;
    try {
      return await performCall(call, surroundings, toolsFor(id, ongoing, write));
    } finally {
      exclusive = false;
    }
  }

  async function serve(id: number, call: ShimCall): Promise<void> {
    const ongoing: OngoingCall = {
      abort: new AbortController(),
      window: createSendWindow(windowBytes),
      upload: createByteQueue(windowBytes, (bytes) => void write({ kind: 'credit', id, bytes })),
    };
    calls.set(id, ongoing);
    try {
      const { value, payload } = await perform(id, call, ongoing);
      await write({ kind: 'done', id, value }, payload);
    } catch (error) {
      await write({ kind: 'refused', id, ...explainRefusal(error, ongoing.abort.signal) });
    } finally {
      calls.delete(id);
    }
  }

  function receive({ header, payload }: Frame): void {
    // The loop is our own code, so its headers are taken as they are; it checks ours.
    const message = header as ToShim;
    if (message.kind === 'call') void serve(message.id, message.call);
    else if (message.kind === 'tunnel') tunnels.receive(message, payload);
    else receiveForCall(calls.get(message.id), message, payload);
  }

  readFrames(socket, receive, (error) => socket.destroy(error instanceof Error ? error : undefined));
  return tunnels;
}

/** A call that has ended meanwhile is undefined: what was on the way for it is dropped. */
function receiveForCall(
  ongoing: OngoingCall | undefined,
  message: Exclude<ToShim, { kind: 'call' | 'tunnel' }>,
  payload: Uint8Array,
): void {
  switch (message.kind) {
    case 'data':
      if (ongoing?.upload.push(payload) === false)
        stop(ongoing, new Refusal('invalid', 'upload past its window'));
      return;
    case 'end':
      ongoing?.upload.end();
      return;
    case 'cancel':
      if (ongoing !== undefined) stop(ongoing, new Refusal('cancelled', 'cancelled'));
      return;
    case 'credit':
      ongoing?.window.grant(message.bytes);
  }
}

function stop(ongoing: OngoingCall, reason: Refusal): void {
  ongoing.abort.abort(reason);
  ongoing.upload.fail(reason);
}

function toolsFor(
  id: number,
  { abort, upload, window }: OngoingCall,
  write: (header: FromShim, payload: Uint8Array) => Promise<void>,
): CallTools {
  return {
    id,
    signal: abort.signal,
    upload,
    reportOutput: (channel, bytes) => void write({ kind: 'progress', id, channel }, bytes),
    send: async (chunk) => {
      await window.take(chunk.length, abort.signal);
      await write({ kind: 'data', id }, chunk);
    },
  };
}

async function runWithProgress(
  call: ShimCall & { op: 'run' },
  surroundings: CommandSurroundings,
  tools: CallTools,
): Promise<Answer> {
  if (!call.progress) return runCommand(call, surroundings, tools.signal, () => undefined);
  const progress = createProgress(tools.reportOutput);
  try {
    return await runCommand(call, surroundings, tools.signal, progress.add);
  } finally {
    progress.stop();
  }
}

async function performCall(
  call: ShimCall,
  surroundings: CommandSurroundings,
  tools: CallTools,
): Promise<Answer> {
  const root = surroundings.workDirectory;
  switch (call.op) {
    case 'run':
      return runWithProgress(call, surroundings, tools);
    case 'read':
      return { value: await readScratchFile(root, call, tools.send) };
    case 'write': {
      const request = { path: call.path, partialSuffix: `partial-${tools.id}` };
      return { value: await writeScratchFile(root, request, tools.upload) };
    }
    case 'list':
      return { value: await listScratch(root, call, tools.send) };
    case 'stat':
      return { value: await statScratch(root, call.path) };
    case 'remove':
      await removeScratch(root, call.path);
      return { value: {} };
    case 'hash':
      return { value: await hashScratchFile(root, call.path, tools.signal) };
    case 'snapshot':
      return { value: await snapshotScratch(root, call.maxBytes, tools.send, tools.signal) };
    case 'restore':
      await restoreScratch(root, tools.upload, tools.signal);
      return { value: {} };
  }
}

const refusalOfErrno: Readonly<Record<string, RefusalCode>> = {
  ENOENT: 'not-found',
  ENOTDIR: 'wrong-kind',
  EISDIR: 'wrong-kind',
  ENXIO: 'wrong-kind',
  EACCES: 'denied',
  EPERM: 'denied',
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EFBIG: 'too-large',
  ENAMETOOLONG: 'invalid',
  ELOOP: 'invalid',
};

function explainRefusal(error: unknown, signal: AbortSignal): { code: RefusalCode; detail: string } {
  const cause: unknown = signal.aborted ? signal.reason : error;
  if (cause instanceof Refusal) return { code: cause.code, detail: cause.message };
  if (!(cause instanceof Error)) return { code: 'failed', detail: String(cause) };
  const errno = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return { code: refusalOfErrno[errno] ?? 'failed', detail: cause.message.slice(0, 2000) };
}
