import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { StrippedFile } from './strip-thread.ts';

/** A file of the web chat as it is sent; `etag` changes with the content. */
export interface ServedPage {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly etag: string;
}

const THREAD = new URL('./strip-thread.ts', import.meta.url);

/**
 * Reads the web chat's files: `/` is the page, `/app/<version>/<file>` what it loads. They are made from `page/` once, at the first
 * request, and kept. Null for a path where nothing is; rejects when the files cannot be read.
 */
export function createPageReader(): (path: string) => Promise<ServedPage | null> {
  let made: Promise<ReadonlyMap<string, ServedPage>> | null = null;
  return async (path) => {
    made ??= makePages();
    try {
      return (await made).get(path) ?? null;
    } catch (error) {
      made = null;
      throw error;
    }
  };
}

async function makePages(): Promise<ReadonlyMap<string, ServedPage>> {
  const files = await stripInThread();
  return new Map(
    files.map(({ path, contentType, body, gzipped }) => {
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
      return [path, { body, gzipped, contentType, etag }] as const;
    }),
  );
}

/**
 * In a thread: it costs a tenth of a second in which the process could not answer, and memory that ends with the thread.
 * The thread is also where Node's note that stripping may change can be kept off standard error; the version of Node is
 * pinned.
 */
function stripInThread(): Promise<readonly StrippedFile[]> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(THREAD, { execArgv: ['--disable-warning=ExperimentalWarning'] });
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', (code) => reject(new Error(`the web chat’s files could not be made (code ${code})`)));
  });
}
