import type { Socket } from 'node:net';
import { z } from 'zod';
import { type ByteQueue, createByteQueue, createSendWindow, type SendWindow } from './byte-stream.ts';
import { chunkBytes, type Frame } from './frames.ts';
import { createLateSocket, type SendFrame } from './late-socket.ts';
import {
  type OutputChannel,
  type RefusalCode,
  refusalCodes,
  type ShimCall,
  streamingCalls,
  type TunnelMessage,
  windowBytes,
} from './protocol.ts';
import { createTunnelStreams, type TunnelStream } from './tunnel-streams.ts';

/** The sandbox is lost: it ended, broke the protocol or stopped answering. Its task needs a new attempt. */
export class ShimGoneError extends Error {
  override readonly name = 'ShimGoneError';
}

export interface ShimRefusal {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  /** Words of the sandbox, so untrusted. */
  readonly detail: string;
}

export type RawAnswer =
  | { readonly kind: 'done'; readonly value: unknown; readonly payload: Uint8Array }
  | ShimRefusal;

export interface CallOptions {
  readonly upload?: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((channel: OutputChannel, bytes: Uint8Array) => void) | undefined;
}

export interface OpenCall {
  /** Chunks as they arrive; the sandbox cannot send ahead of the reader by more than one window. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Settles after the last chunk was received. Rejects with ShimGoneError, or with the error of the upload's source. */
  readonly answer: Promise<RawAnswer>;
  /** Tells the shim to stop. The answer still comes, or the connection fails after 2 s. */
  cancel(): void;
}

export interface ShimConnection {
  /** Connects, unless it has; the first call does, too. */
  open(): void;
  call(call: ShimCall, options?: CallOptions): OpenCall;
  /** Closes the connection, which ends the shim; every call under way rejects with the ShimGoneError returned. */
  fail(reason: string, cause?: unknown): ShimGoneError;
  /** From now on connections of commands to the proxy go to `accept`; before, they are cut. */
  onTunnel(accept: (tunnel: TunnelStream) => void): void;
  /** Resolves with the reason when the connection has ended. */
  readonly gone: Promise<ShimGoneError>;
}

const id = z.int().min(1);
const fromTunnel = z.discriminatedUnion('step', [
  z.strictObject({ kind: z.literal('tunnel'), id, step: z.enum(['open', 'data', 'end', 'cut']) }),
  z.strictObject({
    kind: z.literal('tunnel'),
    id,
    step: z.literal('credit'),
    bytes: z.int().min(1).max(windowBytes),
  }),
]);
const fromShim = z.discriminatedUnion('kind', [
  fromTunnel,
  z.strictObject({ kind: z.literal('data'), id }),
  z.strictObject({ kind: z.literal('credit'), id, bytes: z.int().min(1).max(windowBytes) }),
  z.strictObject({ kind: z.literal('progress'), id, channel: z.enum(['stdout', 'stderr']) }),
  z.strictObject({ kind: z.literal('done'), id, value: z.unknown() }),
  z.strictObject({
    kind: z.literal('refused'),
    id,
    code: z.enum(refusalCodes),
    detail: z.string().max(8192),
  }),
]);

interface Waiting {
  /** Bytes come before its answer, and somebody reads them. */
  readonly isStream: boolean;
  readonly received: ByteQueue;
  readonly window: SendWindow;
  /** Aborted when the answer is here or will not come. */
  readonly settled: AbortController;
  readonly onProgress: CallOptions['onProgress'];
  readonly answer: PromiseWithResolvers<RawAnswer>;
}

/** Longest header of all but answers; a longer one costs the loop's time and memory for nothing. */
const maxShortHeaderBytes = 256;
/** After a cancellation the shim has this long to confirm that the command is dead. */
const cancelGraceMs = 2000;

/**
 * Speaks frames with a shim that is not trusted: whatever breaks the protocol or a bound ends the connection, and no
 * call holds more than one window of unread bytes. `connect` is called once, when the shim is wanted.
 */
export function createShimConnection(connect: () => Promise<Socket>): ShimConnection {
  const waiting = new Map<number, Waiting>();
  const gone = Promise.withResolvers<ShimGoneError>();
  let lost: ShimGoneError | undefined;
  let lastId = 0;
  let acceptTunnel = (tunnel: TunnelStream): void => tunnel.cut();
  const link = createLateSocket({ connect, receive, lost: (...why) => void fail(...why) });
  const { send } = link;
  const tunnels = createTunnelStreams({
    send: (message: TunnelMessage, payload) => send(message, payload),
    accept: (tunnel) => acceptTunnel(tunnel),
  });

  function fail(reason: string, cause?: unknown): ShimGoneError {
    if (lost !== undefined) return lost;
    lost = new ShimGoneError(`sandbox lost: ${reason}`, { cause });
    for (const call of waiting.values()) giveUp(call, lost);
    waiting.clear();
    tunnels.cutAll();
    link.close();
    gone.resolve(lost);
    return lost;
  }

  function receive({ header, headerBytes, payload }: Frame): void {
    const parsed = fromShim.safeParse(header);
    if (!parsed.success) throw new Error('a message that is not in the protocol', { cause: parsed.error });
    const message = parsed.data;
    const isAnswer = message.kind === 'done' || message.kind === 'refused';
    if (!isAnswer && headerBytes > maxShortHeaderBytes) throw new Error(`a header of ${headerBytes} bytes`);
    if (message.kind === 'tunnel') {
      tunnels.receive(message, payload);
      return;
    }
    const call = waiting.get(message.id);
    if (call === undefined) throw new Error('an answer that nobody asked for');
    switch (message.kind) {
      case 'data':
        if (!call.isStream) throw new Error('bytes that nobody asked for');
        if (!call.received.push(payload)) throw new Error('more bytes than were granted');
        return;
      case 'credit':
        call.window.grant(message.bytes);
        return;
      case 'progress':
        call.onProgress?.(message.channel, payload);
        return;
      case 'done':
      case 'refused':
        waiting.delete(message.id);
        call.settled.abort();
        call.received.end();
        call.answer.resolve(
          message.kind === 'done' ? { kind: 'done', value: message.value, payload } : message,
        );
    }
  }

  function call(request: ShimCall, options: CallOptions = {}): OpenCall {
    lastId += 1;
    const callId = lastId;
    const opened = createWaiting(request, options, (bytes) => {
      if (waiting.has(callId)) void send({ kind: 'credit', id: callId, bytes });
    });
    if (lost === undefined) waiting.set(callId, opened);
    else giveUp(opened, lost);

    function cancel(): void {
      if (!waiting.has(callId)) return;
      void send({ kind: 'cancel', id: callId });
      const timer = setTimeout(() => fail('a cancelled call did not end'), cancelGraceMs);
      opened.settled.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    }

    void send({ kind: 'call', id: callId, call: request });
    if (options.upload !== undefined) void upload(callId, opened, options.upload, { send, cancel });
    onAbort(options.signal, opened.settled.signal, cancel);
    return { chunks: opened.received, answer: opened.answer.promise, cancel };
  }

  return {
    open: link.open,
    call,
    fail,
    gone: gone.promise,
    onTunnel: (accept) => {
      acceptTunnel = accept;
    },
  };
}

function createWaiting(request: ShimCall, options: CallOptions, grant: (bytes: number) => void): Waiting {
  const answer = Promise.withResolvers<RawAnswer>();
  // Whoever reads the chunks meets the same failure there, so this one may stay unread.
  answer.promise.catch(() => undefined);
  return {
    isStream: streamingCalls.has(request.op),
    received: createByteQueue(windowBytes, grant),
    window: createSendWindow(windowBytes),
    settled: new AbortController(),
    onProgress: options.onProgress,
    answer,
  };
}

function giveUp(call: Waiting, error: Error): void {
  call.settled.abort(error);
  call.received.fail(error);
  call.answer.reject(error);
}

/** Runs `action` when `signal` aborts (or has), and forgets about it once the call has `settled`. */
function onAbort(signal: AbortSignal | undefined, settled: AbortSignal, action: () => void): void {
  if (signal === undefined) return;
  if (signal.aborted) {
    action();
    return;
  }
  signal.addEventListener('abort', action, { once: true });
  settled.addEventListener('abort', () => signal.removeEventListener('abort', action), { once: true });
}

async function upload(
  callId: number,
  call: Waiting,
  content: AsyncIterable<Uint8Array>,
  { send, cancel }: { readonly send: SendFrame; readonly cancel: () => void },
): Promise<void> {
  try {
    for await (const bytes of content) {
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        const chunk = bytes.subarray(at, at + chunkBytes);
        await call.window.take(chunk.length, call.settled.signal);
        await send({ kind: 'data', id: callId }, chunk);
      }
    }
    await send({ kind: 'end', id: callId });
  } catch (error) {
    // Either the shim has already answered, or the source broke: then half a file must not count as the file.
    if (call.settled.signal.aborted) return;
    // It rejects when the shim has confirmed, so that nothing of the half is left by then.
    call.settled.signal.addEventListener('abort', () => call.answer.reject(error), { once: true });
    cancel();
  }
}
