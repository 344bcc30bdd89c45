import type { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { type ByteQueue, createByteQueue, createSendWindow, type SendWindow } from './byte-stream.ts';
import { chunkBytes } from './frames.ts';
import { maxTunnels, type TunnelMessage, windowBytes } from './protocol.ts';

/** One byte stream in both directions between a command's connection and the loop. */
export interface TunnelStream {
  /** For one reader. Throws when the stream was cut. */
  readonly received: AsyncIterable<Uint8Array>;
  /** Waits until the other side has room. One caller at a time. Rejects when the stream was cut. */
  send(bytes: Uint8Array): Promise<void>;
  /** No more will be sent; receiving goes on. */
  end(): Promise<void>;
  /** Ends both directions at once; what has not been read is dropped. Harmless when it has ended. */
  cut(): void;
}

export interface TunnelStreams {
  /** Undefined when as many are open as may be. */
  open(): TunnelStream | undefined;
  /**
   * Takes a message of the other side; what it opens goes to `accept`. Throws when it breaks a bound: more open streams,
   * or more bytes on the way, than allowed.
   */
  receive(message: TunnelMessage, payload: Uint8Array): void;
  cutAll(): void;
}

export interface TunnelStreamsOptions {
  readonly send: (message: TunnelMessage, payload?: Uint8Array) => Promise<void>;
  /** Absent on the side that opens. */
  readonly accept?: (stream: TunnelStream) => void;
}

interface OpenStream {
  readonly received: ByteQueue;
  readonly window: SendWindow;
  readonly cut: AbortController;
  sentEnd: boolean;
  receivedEnd: boolean;
}

/** Several byte streams over one connection of frames, each with a window of its own; the same on both sides. */
export function createTunnelStreams({ send, accept }: TunnelStreamsOptions): TunnelStreams {
  const streams = new Map<number, OpenStream>();
  let lastId = 0;

  function end(id: number, stream: OpenStream, reason: Error): void {
    streams.delete(id);
    stream.received.fail(reason);
    stream.cut.abort(reason);
  }

  function dropWhenEnded(id: number, stream: OpenStream): void {
    if (stream.sentEnd && stream.receivedEnd) streams.delete(id);
  }

  function add(id: number): TunnelStream {
    const stream: OpenStream = {
      window: createSendWindow(windowBytes),
      received: createByteQueue(windowBytes, (bytes) => {
        if (streams.has(id)) void send({ kind: 'tunnel', id, step: 'credit', bytes });
      }),
      cut: new AbortController(),
      sentEnd: false,
      receivedEnd: false,
    };
    streams.set(id, stream);
    return {
      received: stream.received,
      async send(bytes) {
        for (let at = 0; at < bytes.length; at += chunkBytes) {
          const chunk = bytes.subarray(at, at + chunkBytes);
          await stream.window.take(chunk.length, stream.cut.signal);
          await send({ kind: 'tunnel', id, step: 'data' }, chunk);
        }
      },
      async end() {
        if (stream.sentEnd || !streams.has(id)) return;
        stream.sentEnd = true;
        dropWhenEnded(id, stream);
        await send({ kind: 'tunnel', id, step: 'end' });
      },
      cut() {
        if (streams.get(id) !== stream) return;
        end(id, stream, new Error('the tunnel was cut'));
        void send({ kind: 'tunnel', id, step: 'cut' });
      },
    };
  }

  function acceptNew(id: number): void {
    if (accept === undefined || id <= lastId) throw new Error('a tunnel that may not be opened');
    if (streams.size >= maxTunnels) throw new Error('too many tunnels');
    lastId = id;
    accept(add(id));
  }

  return {
    open() {
      if (streams.size >= maxTunnels) return undefined;
      lastId += 1;
      const stream = add(lastId);
      void send({ kind: 'tunnel', id: lastId, step: 'open' });
      return stream;
    },
    receive(message, payload) {
      if (message.step === 'open') return acceptNew(message.id);
      const stream = streams.get(message.id);
      // It was cut here, and this was on the way.
      if (stream === undefined) return;
      switch (message.step) {
        case 'data':
          if (!stream.received.push(payload)) throw new Error('more bytes in a tunnel than were granted');
          return;
        case 'credit':
          stream.window.grant(message.bytes);
          return;
        case 'end':
          stream.receivedEnd = true;
          stream.received.end();
          dropWhenEnded(message.id, stream);
          return;
        case 'cut':
          end(message.id, stream, new Error('the other side has cut the tunnel'));
      }
    },
    cutAll() {
      for (const [id, stream] of streams) end(id, stream, new Error('the connection has ended'));
    },
  };
}

/**
 * Carries bytes between a stream and a socket, which must allow half-open connections, until both directions have ended
 * or one breaks; then both are closed. Never rejects: how a connection of somebody else's ended is their business.
 */
export async function joinSocket(stream: TunnelStream, socket: Socket): Promise<void> {
  const closed = (): void => stream.cut();
  socket.on('error', closed).on('close', closed);
  async function outward(): Promise<void> {
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)
      await stream.send(chunk);
    await stream.end();
  }
  try {
    await Promise.all([outward(), pipeline(stream.received, socket)]);
  } catch {
    stream.cut();
  } finally {
    socket.destroy();
  }
}
