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

/**
 * Batches that wait for the session, in order of arrival; but those that need no other search path than the session has
 * go before those that do, because each change of it waits for all answers and costs a statement of its own.
 */
export interface BatchLine {
  add(connection: VirtualConnection, bytes: Uint8Array): void;
  /** The next one; while a connection owns the session, the next one of its own. */
  next(session: Session): Batch | undefined;
  take(batch: Batch): void;
  /** Back to its old place. */
  putBack(batch: Batch): void;
  dropOf(connection: VirtualConnection): void;
  clear(): void;
}

/** What the next batch finds. */
interface Session {
  readonly owner: VirtualConnection | undefined;
  /** Undefined when nobody knows. */
  readonly path: string | undefined;
}

/** A batch that needs another search path waits for at most so many that came after it. */
const MOST_BEFORE = 8;

export function createBatchLine(): BatchLine {
  let waiting: Batch[] = [];
  let added = 0;
  /** Batches that went before the first one. */
  let before = 0;
  return {
    add(connection, bytes) {
      waiting.push({ number: added, connection, bytes, listen: listenStatement(bytes) });
      added += 1;
    },
    next({ owner, path }) {
      if (owner !== undefined) return waiting.find((batch) => batch.connection === owner);
      const alike =
        before < MOST_BEFORE ? waiting.find(({ connection }) => connection.searchPath === path) : undefined;
      return alike ?? waiting[0];
    },
    take(batch) {
      const place = waiting.indexOf(batch);
      before = place === 0 ? 0 : before + 1;
      waiting.splice(place, 1);
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
