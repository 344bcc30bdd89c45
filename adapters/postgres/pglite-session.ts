import type { Duplex } from 'node:stream';
import { type Batch, createBatchLine } from './batch-line.ts';
import { DatabaseUnavailableError } from './database-error.ts';
import { createSubscriptions } from './subscriptions.ts';
import { createVirtualConnection, type VirtualConnection } from './virtual-connection.ts';
import { afterFirstReady, completed, joinBytes, queryMessage, readReply } from './wire.ts';

export interface PgliteSession {
  /** A stream that `pg` can use as a socket. `searchPath` holds for this connection alone. */
  openConnection(searchPath: string): Duplex;
  /** Ends every connection with `reason`: what lived in the old session (transactions, LISTEN) is gone. */
  reset(reason: DatabaseUnavailableError): void;
}

/** Batches that are at the thread at once; it then need not wait for this one between two of them. */
const MOST_AT_ONCE = 8;

/**
 * Shares PGlite's only session between many connections, as a server would share its machine: batches run one
 * at a time, as they came (`BatchLine` says when not), a connection with an open transaction keeps the session until it commits, rolls
 * back or goes away, and a notification reaches every connection that asked for its channel. Batches of other
 * connections are sent ahead of the answers before them; those that a transaction was in the way of come back and wait.
 *
 * Session state other than the search path (SET, temporary tables, session advisory locks) is shared by all
 * connections; advisory locks therefore exclude nobody here, but a transaction does.
 */
export function createPgliteSession(deps: {
  /** Null when the batch was sent ahead and not run, because a transaction is open. */
  readonly execute: (batch: Uint8Array<ArrayBuffer>, isAhead: boolean) => Promise<Uint8Array | null>;
  /** The longest a transaction may sit between two statements, in milliseconds, before it is rolled back. */
  readonly idleTransactionMs: number;
}): PgliteSession {
  const connections = new Set<VirtualConnection>();
  const subscriptions = createSubscriptions();
  const line = createBatchLine();
  const sent = new Set<Batch>();
  let owner: VirtualConnection | undefined;
  const session = createSessionPath(deps.execute);
  let idleTimer: NodeJS.Timeout | undefined;
  let generation = 0;

  function submit(connection: VirtualConnection, bytes: Uint8Array): void {
    line.add(connection, bytes);
    pump();
  }

  function pump(): void {
    for (;;) {
      const batch = line.next({ owner, path: session.path() });
      if (batch === undefined || (sent.size > 0 && (owner || !mayGoAhead(batch, sent, session.path()))))
        return;
      line.take(batch);
      clearTimeout(idleTimer);
      void send(batch);
    }
  }

  async function send(batch: Batch): Promise<void> {
    const { connection, bytes, listen } = batch;
    if (listen?.kind === 'unlisten') {
      // The server keeps listening: the session belongs to all, and unheard notifications are dropped.
      subscriptions.remove(connection, listen.channel);
      return connection.deliver([completed('UNLISTEN', owner === connection ? 'T' : 'I')]);
    }
    const startedIn = generation;
    const isAhead = sent.size > 0;
    const path = owner === connection ? undefined : connection.searchPath;
    sent.add(batch);
    const answer = await session.execute(path, bytes, isAhead).catch(toError);
    if (startedIn !== generation) return;
    sent.delete(batch);
    conclude(batch, answer);
    pump();
  }

  function conclude(batch: Batch, answer: Uint8Array | null | Error): void {
    const { connection, listen } = batch;
    if (answer === null) {
      if (connections.has(connection)) line.putBack(batch);
    } else if (answer instanceof Error) {
      session.forget();
      settle(connection, false);
      connection.fail(answer);
    } else {
      const reply = readReply(answer);
      if (listen !== undefined) subscriptions.add(connection, listen.channel);
      settle(connection, reply.status !== 'I');
      connection.deliver(reply.forCaller);
      for (const { channel, message } of reply.notifications) subscriptions.publish(channel, message);
    }
  }

  function settle(connection: VirtualConnection, keeps: boolean): void {
    owner = keeps ? connection : undefined;
    if (!keeps) return;
    if (!connections.has(connection)) {
      submit(connection, queryMessage('rollback'));
      return;
    }
    idleTimer = startIdleTimer(connection, deps.idleTransactionMs);
  }

  function forget(connection: VirtualConnection): void {
    connections.delete(connection);
    subscriptions.forget(connection);
    line.dropOf(connection);
    if (owner === connection) submit(connection, queryMessage('rollback'));
  }

  return {
    openConnection(path) {
      const connection = createVirtualConnection({ searchPath: path, submit, closed: forget });
      connections.add(connection);
      return connection.stream;
    },
    reset(reason) {
      generation += 1;
      line.clear();
      owner = undefined;
      sent.clear();
      session.forget();
      clearTimeout(idleTimer);
      for (const connection of [...connections]) connection.fail(reason);
    },
  };
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Only what neither changes the session nor needs it changed; of each connection one batch at a time. */
function mayGoAhead(
  { connection, listen }: Batch,
  sent: ReadonlySet<Batch>,
  path: string | undefined,
): boolean {
  if (sent.size >= MOST_AT_ONCE || listen !== undefined || connection.searchPath !== path) return false;
  return [...sent].every((batch) => batch.connection !== connection && batch.listen === undefined);
}

/** Runs batches in the search path that they need: the session has only one. */
function createSessionPath(
  run: (batch: Uint8Array<ArrayBuffer>, isAhead: boolean) => Promise<Uint8Array | null>,
) {
  let current: string | undefined;
  return {
    /** The one that the next batch finds; undefined when nobody knows. */
    path: () => current,
    forget(): void {
      current = undefined;
    },
    /** @param path undefined in mid-transaction, which keeps its own. */
    async execute(path: string | undefined, bytes: Uint8Array, isAhead: boolean): Promise<Uint8Array | null> {
      if (path === undefined || path === current) return run(joinBytes([bytes]), isAhead);
      const setPath = queryMessage(`set search_path to ${path}`);
      current = path;
      const reply = await run(joinBytes([setPath, bytes]), isAhead);
      return reply && afterFirstReady(reply);
    },
  };
}

function startIdleTimer(connection: VirtualConnection, limitMs: number): NodeJS.Timeout {
  const timer = setTimeout(() => {
    const detail = `a transaction was idle for ${limitMs} ms and was rolled back`;
    connection.fail(new DatabaseUnavailableError('deadline', 'not-done', detail));
  }, limitMs);
  return timer.unref();
}
