import { Duplex } from 'node:stream';
import { endsBatch, greeting, isTerminate, joinBytes } from './wire.ts';

export interface VirtualConnection {
  readonly stream: Duplex;
  readonly searchPath: string;
  /** Hands server messages to the client. */
  deliver(messages: readonly Uint8Array[]): void;
  /** Ends the connection; the client's pending and later queries fail with `error`. */
  fail(error: Error): void;
}

/** The methods of a socket that `pg` calls besides those of a stream. */
class SocketLike extends Duplex {
  connect(): this {
    queueMicrotask(() => this.emit('connect'));
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

/**
 * A socket for `pg` without a network: it answers the start-up itself, gathers what `pg` writes into whole
 * batches (up to a Query or Sync), and hands each to `submit`. `closed` is called once, when the client said
 * goodbye or the stream was destroyed.
 */
export function createVirtualConnection(deps: {
  readonly searchPath: string;
  readonly submit: (connection: VirtualConnection, batch: Uint8Array) => void;
  readonly closed: (connection: VirtualConnection) => void;
}): VirtualConnection {
  let started = false;
  let gathered: Uint8Array[] = [];

  function receive(chunk: Uint8Array): void {
    if (!started) {
      started = true;
      stream.push(greeting());
      return;
    }
    gathered.push(chunk);
    const batch = joinBytes(gathered);
    if (!endsBatch(batch)) return;
    gathered = [];
    if (isTerminate(batch)) stream.push(null);
    else deps.submit(connection, batch);
  }

  const stream = new SocketLike({
    read() {
      // Data is pushed when the server answers; there is nothing to ask for.
    },
    write(chunk: Uint8Array, _encoding, done) {
      receive(chunk);
      done();
    },
    writev(chunks, done) {
      receive(joinBytes(chunks.map(({ chunk }) => chunk as Uint8Array)));
      done();
    },
    destroy(error, done) {
      deps.closed(connection);
      done(error);
    },
  });
  const connection: VirtualConnection = {
    stream,
    searchPath: deps.searchPath,
    deliver(messages) {
      if (!stream.readable) return;
      for (const message of messages) stream.push(message);
    },
    fail: (error) => stream.destroy(error),
  };
  return connection;
}
