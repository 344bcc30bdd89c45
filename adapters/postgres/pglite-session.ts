import type { Duplex } from 'node:stream';
import { DatabaseUnavailableError } from './database-error.ts';
import { createSubscriptions } from './subscriptions.ts';
import { createVirtualConnection, type VirtualConnection } from './virtual-connection.ts';
import { afterFirstReady, completed, joinBytes, listenStatement, queryMessage, readReply } from './wire.ts';

export interface PgliteSession {
  /** A stream that `pg` can use as a socket. `searchPath` holds for this connection alone. */
  openConnection(searchPath: string): Duplex;
  /** Ends every connection with `reason`: what lived in the old session (transactions, LISTEN) is gone. */
  reset(reason: DatabaseUnavailableError): void;
}

interface Batch {
  readonly connection: VirtualConnection;
  readonly bytes: Uint8Array;
}

/**
 * Shares PGlite's only session between many connections, as a server would share its machine: batches run one
 * at a time in order of arrival, a connection with an open transaction keeps the session until it commits, rolls
 * back or goes away, and a notification reaches every connection that asked for its channel.
 *
 * Session state other than the search path (SET, temporary tables, session advisory locks) is shared by all
 * connections; advisory locks therefore exclude nobody here, but a transaction does.
 */
export function createPgliteSession(deps: {
  readonly execute: (batch: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;
  /** The longest a transaction may sit between two statements, in milliseconds, before it is rolled back. */
  readonly idleTransactionMs: number;
}): PgliteSession {
  const connections = new Set<VirtualConnection>();
  const subscriptions = createSubscriptions();
  let waiting: Batch[] = [];
  let owner: VirtualConnection | undefined;
  let running = false;
  let searchPath: string | undefined;
  let idleTimer: NodeJS.Timeout | undefined;
  let generation = 0;

  function submit(connection: VirtualConnection, bytes: Uint8Array): void {
    waiting.push({ connection, bytes });
    pump();
  }

  function pump(): void {
    if (running) return;
    const index = owner === undefined ? 0 : waiting.findIndex((batch) => batch.connection === owner);
    const [batch] = index < 0 ? [] : waiting.splice(index, 1);
    if (batch === undefined) return;
    clearTimeout(idleTimer);
    running = true;
    const startedIn = generation;
    void run(batch, startedIn).then(() => {
      if (startedIn !== generation) return;
      running = false;
      pump();
    });
  }

  async function run({ connection, bytes }: Batch, startedIn: number): Promise<void> {
    const listen = listenStatement(bytes);
    if (listen?.kind === 'unlisten') {
      // The server keeps listening: the session belongs to all, and unheard notifications are dropped.
      subscriptions.remove(connection, listen.channel);
      connection.deliver([completed('UNLISTEN', owner === connection ? 'T' : 'I')]);
      return;
    }
    try {
      const reply = readReply(await execute(connection, bytes));
      if (startedIn !== generation) return;
      if (listen !== undefined) subscriptions.add(connection, listen.channel);
      settle(connection, reply.status !== 'I');
      connection.deliver(reply.forCaller);
      for (const { channel, message } of reply.notifications) subscriptions.publish(channel, message);
    } catch (error) {
      if (startedIn !== generation) return;
      searchPath = undefined;
      settle(connection, false);
      connection.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async function execute(connection: VirtualConnection, bytes: Uint8Array): Promise<Uint8Array> {
    if (owner === connection || searchPath === connection.searchPath) {
      return deps.execute(joinBytes([bytes]));
    }
    const setPath = queryMessage(`set search_path to ${connection.searchPath}`);
    const reply = await deps.execute(joinBytes([setPath, bytes]));
    searchPath = connection.searchPath;
    return afterFirstReady(reply);
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
    waiting = waiting.filter((batch) => batch.connection !== connection);
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
      waiting = [];
      owner = undefined;
      running = false;
      searchPath = undefined;
      clearTimeout(idleTimer);
      for (const connection of [...connections]) connection.fail(reason);
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
