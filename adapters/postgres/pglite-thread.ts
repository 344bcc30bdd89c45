/**
 * The thread that runs PGlite. It answers one request at a time, in order; a query that never ends blocks only this
 * thread, which the main thread then terminates.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { createStatementCache, type StatementCache } from './statement-cache.ts';
import type { ThreadOptions, ThreadReply, ThreadRequest } from './thread-messages.ts';
import { joinBytes, readReply } from './wire.ts';

/**
 * The default of 128 MB shared buffers doubles resident memory (647 against 277 MB after loading 50 MB of rows) and
 * the time to open; the page cache of the host serves the rest. A runaway sort must not fill the disk, nor may
 * recycled log segments.
 */
const SETTINGS = ['shared_buffers=32MB', 'temp_file_limit=512MB', 'min_wal_size=32MB', 'max_wal_size=64MB'];
const START_PARAMETERS = [...PGlite.defaultStartParams, ...SETTINGS.flatMap((setting) => ['-c', setting])];

async function serve(port: MessagePort, options: ThreadOptions): Promise<void> {
  const reply = (message: ThreadReply, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  const database = await open(options).catch((error: unknown) => {
    reply({ kind: 'open-failed', message: error instanceof Error ? error.message : String(error) });
    return undefined;
  });
  if (database === undefined) return;
  const handle = createHandler(database, reply);
  let last = Promise.resolve();
  port.on('message', (requests: ThreadRequest[]) => {
    for (const request of requests) last = last.then(() => handle(request));
  });
  reply({ kind: 'ready' });
}

function createHandler(
  database: PGlite,
  reply: (message: ThreadReply, transfer?: ArrayBuffer[]) => void,
): (request: ThreadRequest) => Promise<void> {
  const statements = createStatementCache();
  let isIdle = true;
  return async (request) => {
    const { id } = request;
    if (request.kind === 'execute' && request.isAhead && !isIdle) return reply({ kind: 'passed', id });
    try {
      // Until an answer says that it is.
      isIdle = false;
      const bytes = await answer(database, statements, request);
      isIdle = readReply(bytes).status === 'I';
      reply({ kind: 'done', id, bytes }, [bytes.buffer]);
    } catch (error) {
      reply({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) });
    }
  };
}

async function open({ dataDir, snapshot }: ThreadOptions): Promise<PGlite> {
  if (!dataDir.startsWith('memory://')) {
    // A postmaster removes what a killed query spilled to disk; single-user mode, which PGlite runs, does not.
    await rm(join(dataDir, 'base', 'pgsql_tmp'), { recursive: true, force: true });
  }
  return PGlite.create({
    dataDir,
    extensions: { vector },
    startParams: START_PARAMETERS,
    ...(snapshot === undefined ? {} : { loadDataDir: new Blob([snapshot]) }),
  });
}

async function answer(
  database: PGlite,
  statements: StatementCache,
  request: ThreadRequest,
): Promise<Uint8Array<ArrayBuffer>> {
  switch (request.kind) {
    case 'execute':
      return statements.execute(request.batch, (batch) => execute(database, batch));
    case 'dump':
      return new Uint8Array(await (await database.dumpDataDir('none')).arrayBuffer());
    case 'close':
      await database.close();
      return new Uint8Array(0);
  }
}

/**
 * The answer as it streams out of PGlite. Its other calls for raw bytes also parse every row for callers that we have
 * none of, at 1.7 ms for the queries of one chat turn, and keep the rows for ever.
 */
async function execute(database: PGlite, batch: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  await database.execProtocolRawStream(batch, {
    syncToFs: false,
    // What comes is PGlite's own memory, which the next piece overwrites.
    onRawData: (bytes) => void pieces.push(bytes.slice()),
  });
  return joinBytes(pieces);
}

if (parentPort === null) throw new Error('pglite-thread.ts must be started as a worker thread');
await serve(parentPort, workerData as ThreadOptions);
