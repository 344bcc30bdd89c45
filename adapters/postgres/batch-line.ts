import type { VirtualConnection } from './virtual-connection.ts';
import { type ListenStatement, listenStatement } from './wire.ts';

/** What one connection asks in one go. */
export interface Batch {
  /** The order of arrival. */
  readonly number: number;
  readonly connection: VirtualConnection;
  readonly bytes: Uint8Array;
  readonly listen: ListenStatement | undefined;
}

/** Batches that wait for the session, in order of arrival. */
export interface BatchLine {
  add(connection: VirtualConnection, bytes: Uint8Array): void;
  /** The first one, or the first one of the connection that owns the session. */
  first(owner: VirtualConnection | undefined): Batch | undefined;
  take(batch: Batch): void;
  /** Back to its old place. */
  putBack(batch: Batch): void;
  dropOf(connection: VirtualConnection): void;
  clear(): void;
}

export function createBatchLine(): BatchLine {
  let waiting: Batch[] = [];
  let added = 0;
  return {
    add(connection, bytes) {
      waiting.push({ number: added, connection, bytes, listen: listenStatement(bytes) });
      added += 1;
    },
    first: (owner) =>
      owner === undefined ? waiting[0] : waiting.find((batch) => batch.connection === owner),
    take(batch) {
      waiting.splice(waiting.indexOf(batch), 1);
    },
    putBack(batch) {
      const later = waiting.findIndex(({ number }) => number > batch.number);
      waiting.splice(later < 0 ? waiting.length : later, 0, batch);
    },
    dropOf(connection) {
      waiting = waiting.filter((batch) => batch.connection !== connection);
    },
    clear() {
      waiting = [];
    },
  };
}
