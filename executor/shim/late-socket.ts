import type { Socket } from 'node:net';
import { createFrameWriter, readFrames, type WriteFrame } from './frame-socket.ts';
import type { Frame } from './frames.ts';
import type { ToShim } from './protocol.ts';

export type SendFrame = (header: ToShim, payload?: Uint8Array) => Promise<void>;

/** Frames over a socket that is only made when somebody wants it. */
export interface LateSocket {
  /** Has it made, unless it is. */
  open(): void;
  /** Sends in the order of the calls, once it is made; what comes after its loss is dropped. */
  readonly send: SendFrame;
  close(): void;
}

/**
 * Most that the other side may leave unread: several times what all streams and a call can have on the way. What it makes
 * us say (grants, refusals of tunnels) is bounded by nothing else.
 */
const maxUnreadBytes = 4 * 1024 * 1024;

interface MadeSocket {
  readonly socket: Socket;
  readonly write: WriteFrame;
}

/**
 * `connect` is called once at the most. `lost` is told of the first thing that ends it, what it leaves unread past its bound
 * included; after that nothing is received any more.
 */
export function createLateSocket(deps: {
  readonly connect: () => Promise<Socket>;
  readonly receive: (frame: Frame) => void;
  readonly lost: (reason: string, cause?: unknown) => void;
}): LateSocket {
  const { receive, lost } = deps;
  let made: Promise<MadeSocket | undefined> | undefined;
  let isClosed = false;

  async function make(): Promise<MadeSocket | undefined> {
    try {
      const socket = await deps.connect();
      socket.on('error', (error) => lost('connection failed', error));
      socket.on('close', () => lost('connection closed'));
      if (isClosed) socket.destroy();
      else
        readFrames(socket, receive, (error) =>
          lost(error instanceof Error ? error.message : 'broken frames', error),
        );
      return { socket, write: createFrameWriter(socket) };
    } catch (error) {
      lost('it did not connect', error);
      return undefined;
    }
  }

  function socket(): Promise<MadeSocket | undefined> {
    made ??= isClosed ? Promise.resolve(undefined) : make();
    return made;
  }

  return {
    open: () => void socket(),
    async send(header, payload) {
      const there = await socket();
      if (there === undefined) return;
      if (there.socket.writableLength > maxUnreadBytes) lost('it does not read what it is told');
      else await there.write(header, payload);
    },
    close() {
      isClosed = true;
      void made?.then((there) => there?.socket.destroy());
    },
  };
}
