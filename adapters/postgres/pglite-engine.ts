import { Worker } from 'node:worker_threads';
import type { Log } from '@reeve/core';
import { DatabaseUnavailableError } from './database-error.ts';

import type { ThreadOptions, ThreadReply, ThreadRequest } from './thread-messages.ts';

export interface EngineDeadlines {
  /** The longest one batch of statements may run, in milliseconds. */
  readonly callMs: number;
  /** The longest a start, and the recovery that it may include, may take, in milliseconds. */
  readonly openMs: number;
}

export interface PgliteEngine {
  /**
   * Runs one batch of wire-protocol bytes (which are handed over and unusable afterwards), after those before it. One
   * that is sent ahead, before their answers have come, is run only if they left no transaction open and nothing went
   * wrong; null when it was not run. Rejects with `DatabaseUnavailableError` when the thread is lost or the deadline
   * passes; the thread is then replaced.
   */
  execute(batch: Uint8Array<ArrayBuffer>, isAhead: boolean): Promise<Uint8Array | null>;
  /** The data directory as an uncompressed tar; only while nothing else runs. */
  dump(): Promise<Uint8Array<ArrayBuffer>>;
  /** Ends Postgres cleanly, or the thread by force when that takes longer than a call may. */
  close(): Promise<void>;
}

interface PendingCall {
  readonly limitMs: number;
  resolve(bytes: Uint8Array<ArrayBuffer> | null): void;
  reject(error: Error): void;
}

interface Thread {
  readonly worker: Worker;
  send(request: ThreadRequest): void;
  readonly ready: Promise<void>;
  /** By id, oldest first: the thread is at the first one. */
  readonly pending: Map<number, PendingCall>;
  /** Ends the deadline of the call that the thread is at. */
  disarm: () => void;
  lost: boolean;
}

type Call =
  | { readonly kind: 'execute'; readonly batch: Uint8Array<ArrayBuffer>; readonly isAhead: boolean }
  | { readonly kind: 'dump' | 'close' };

const THREAD_FILE = new URL('./pglite-thread.ts', import.meta.url);

/**
 * Keeps one PGlite thread alive on a data directory. PGlite can spin for ever (on a full disk its next query
 * does), and a spinning thread cannot be asked to stop: so each call has a deadline, after which the thread is
 * terminated and a new one opened on the same directory, where Postgres recovers from its log. `onLost` is called
 * before the new thread exists, so that the owner can drop everything that lived in the old session. A
 * `memory://` database starts again from its snapshot.
 * Rejects when the first open fails.
 */
export async function createPgliteEngine(deps: {
  readonly thread: ThreadOptions;
  readonly deadlines: EngineDeadlines;
  readonly log: Log;
  readonly onLost: (reason: DatabaseUnavailableError) => void;
}): Promise<PgliteEngine> {
  const { deadlines, log } = deps;
  let nextId = 1;
  let closed = false;
  let current = start();

  function start(): Thread {
    const thread = startThread(deps.thread, deadlines.openMs, {
      onAnswer: () => timeFirst(thread),
      onLost: (reason) => lose(thread, reason),
    });
    return thread;
  }

  /** Replaces a thread that died or was given up, once. */
  function lose(thread: Thread, reason: DatabaseUnavailableError): void {
    if (thread.lost) return;
    thread.lost = true;
    thread.disarm();
    void thread.worker.terminate();
    for (const call of thread.pending.values()) call.reject(reason);
    thread.pending.clear();
    if (closed) return;
    log.warn({ reason: reason.message }, 'embedded database restarted');
    deps.onLost(reason);
  }

  /** A call's time begins when the one before it is answered. */
  function timeFirst(thread: Thread): void {
    thread.disarm();
    const [first] = thread.pending;
    if (first === undefined) return;
    const [id, { limitMs }] = first;
    thread.disarm = armDeadline(limitMs, () => {
      if (!thread.pending.has(id)) return;
      lose(thread, new DatabaseUnavailableError('deadline', 'unknown', `no answer within ${limitMs} ms`));
    });
  }

  async function call(request: Call, limitMs: number): Promise<Uint8Array<ArrayBuffer> | null> {
    if (current.lost && !closed) current = start();
    const thread = current;
    await thread.ready;
    if (closed && request.kind !== 'close')
      throw new DatabaseUnavailableError('closed', 'not-done', 'it was closed');
    if (thread.lost) throw new DatabaseUnavailableError('connection', 'not-done', 'it is being restarted');
    const id = nextId++;
    const message: ThreadRequest = { ...request, id };
    const answer = new Promise<Uint8Array<ArrayBuffer> | null>((resolve, reject) => {
      thread.pending.set(id, { limitMs, resolve, reject });
    });
    thread.send(message);
    if (thread.pending.size === 1) timeFirst(thread);
    return answer;
  }

  try {
    await current.ready;
  } catch (error) {
    closed = true;
    throw error;
  }
  return {
    execute: (batch, isAhead) => call({ kind: 'execute', batch, isAhead }, deadlines.callMs),
    async dump() {
      const dumped = await call({ kind: 'dump' }, deadlines.openMs);
      if (dumped === null) throw new Error('a dump is never sent ahead');
      return dumped;
    },
    async close() {
      if (closed) return;
      closed = true;
      if (!current.lost) {
        await call({ kind: 'close' }, deadlines.callMs).catch((error: unknown) =>
          log.warn({ error }, 'embedded database did not close cleanly'),
        );
      }
      current.lost = true;
      await current.worker.terminate();
    },
  };
}

function startThread(
  options: ThreadOptions,
  openMs: number,
  { onAnswer, onLost }: { onAnswer: () => void; onLost: (reason: DatabaseUnavailableError) => void },
): Thread {
  // Without `execArgv` the thread would inherit flags meant for the program's own entry point.
  const worker = new Worker(THREAD_FILE, { workerData: options, name: 'pglite', execArgv: [] });
  const pending = new Map<number, PendingCall>();
  const opening = Promise.withResolvers<void>();
  // A start that fails while nobody waits for it is reported by the next call.
  opening.promise.catch(() => undefined);
  const fail = (detail: string, cause?: unknown): void => {
    const reason = new DatabaseUnavailableError('connection', 'unknown', detail, cause);
    opening.reject(new DatabaseUnavailableError('connection', 'not-done', detail, cause));
    onLost(reason);
  };
  const disarm = armDeadline(openMs, () => fail(`it did not open within ${openMs} ms`));
  const answered = (id: number): PendingCall | undefined => {
    const call = pending.get(id);
    pending.delete(id);
    onAnswer();
    return call;
  };
  worker.on('message', (reply: ThreadReply) => {
    switch (reply.kind) {
      case 'ready':
        disarm();
        return opening.resolve();
      case 'open-failed':
        disarm();
        return fail(`${options.dataDir} cannot be opened: ${reply.message}`);
      case 'done':
        return answered(reply.id)?.resolve(reply.bytes);
      case 'passed':
        return answered(reply.id)?.resolve(null);
      case 'failed':
        return answered(reply.id)?.reject(new Error(`PGlite: ${reply.message}`));
    }
  });
  worker.on('error', (error) => fail('its thread crashed', error));
  worker.on('exit', () => {
    disarm();
    fail('its thread ended');
  });
  return {
    worker,
    send: sendTogether(worker),
    ready: opening.promise,
    pending,
    disarm: () => undefined,
    lost: false,
  };
}

/** What is sent in one moment goes as one message: each wakes the thread, which takes as long as a short statement. */
function sendTogether(worker: Worker): (request: ThreadRequest) => void {
  let waiting: ThreadRequest[] = [];
  const post = (): void => {
    const requests = waiting;
    waiting = [];
    const transfer = requests.flatMap((request) =>
      request.kind === 'execute' ? [request.batch.buffer] : [],
    );
    worker.postMessage(requests, transfer);
  };
  return (request) => {
    waiting.push(request);
    if (waiting.length === 1) queueMicrotask(post);
  };
}

/**
 * Calls `expire` after `ms`. If the main thread itself was held up, an answer may already be waiting when the
 * timer fires: one turn of the event loop lets it in first.
 */
function armDeadline(ms: number, expire: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    immediate = setImmediate(expire);
  }, ms);
  return () => {
    clearTimeout(timer);
    if (immediate !== undefined) clearImmediate(immediate);
  };
}
