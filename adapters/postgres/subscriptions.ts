import type { VirtualConnection } from './virtual-connection.ts';

/** Which connection listens to which channel. */
export interface Subscriptions {
  add(connection: VirtualConnection, channel: string): void;
  /** `*` removes all of the connection's channels. */
  remove(connection: VirtualConnection, channel: string): void;
  forget(connection: VirtualConnection): void;
  /** Hands the message to every connection that listens to the channel. */
  publish(channel: string, message: Uint8Array): void;
}

/** Subscriptions of the connections that share one session; the server knows only of the session. */
export function createSubscriptions(): Subscriptions {
  const channels = new Map<VirtualConnection, Set<string>>();
  return {
    add(connection, channel) {
      const known = channels.get(connection) ?? new Set();
      channels.set(connection, known.add(channel));
    },
    remove(connection, channel) {
      if (channel === '*') channels.delete(connection);
      else channels.get(connection)?.delete(channel);
    },
    forget: (connection) => void channels.delete(connection),
    publish(channel, message) {
      for (const [connection, known] of channels) {
        if (known.has(channel)) connection.deliver([message]);
      }
    },
  };
}
