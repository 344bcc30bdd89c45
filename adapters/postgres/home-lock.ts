import { createHash } from 'node:crypto';
import { mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';

/** Who holds a home, as `lock.json` in it says. */
export interface HomeHolder {
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Where it answers, once it does. */
  readonly url?: string;
}

export interface HomeLock {
  readonly kind: 'locked';
  /** Adds the address to `lock.json`, for people and for clients that look for the running Reeve. */
  announce(url: string): Promise<void>;
  release(): Promise<void>;
}

export interface HomeHeld {
  readonly kind: 'held';
  /** Unknown when the holder has only just started. */
  readonly holder: HomeHolder | undefined;
  readonly message: string;
}

const LOCK_FILE = 'lock.json';

/**
 * Takes the home for this process alone, making the directory if it is missing. The lock is an abstract Unix
 * socket named after the home's real path, so it ends with the process however that ends, and nothing stale can
 * stay behind; `lock.json` only describes the holder. It holds among the processes of one network namespace
 * (Linux). Rejects when the directory cannot be made or written.
 */
export async function lockHome(
  home: string,
  self: { readonly pid: number; readonly startedAt: Date },
): Promise<HomeLock | HomeHeld> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const path = await realpath(home);
  const server = await listenExclusively(
    `\0reeve-home-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`,
  );
  if (server === undefined) return describeHolder(home, path);
  const holder: HomeHolder = { pid: self.pid, startedAt: self.startedAt.toISOString() };
  try {
    await writeHolder(path, holder);
  } catch (error) {
    server.close();
    throw error;
  }
  return {
    kind: 'locked',
    announce: (url) => writeHolder(path, { ...holder, url }),
    async release() {
      await rm(join(path, LOCK_FILE), { force: true });
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Who holds `home` according to its `lock.json`; the file may be left over from a process that is gone. */
export async function readHomeHolder(home: string): Promise<HomeHolder | undefined> {
  try {
    return parseHolder(JSON.parse(await readFile(join(home, LOCK_FILE), 'utf8')));
  } catch (error) {
    if (
      error instanceof SyntaxError ||
      (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    )
      return undefined;
    throw error;
  }
}

function listenExclusively(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen({ path: name, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}

async function describeHolder(home: string, path: string): Promise<HomeHeld> {
  const holder = await readHomeHolder(path);
  if (holder === undefined) return { kind: 'held', holder, message: `Reeve is already running on ${home}.` };
  const where = holder.url === undefined ? '' : `, ${holder.url}`;
  return {
    kind: 'held',
    holder,
    message: `Reeve is already running on ${home} (pid ${holder.pid}, since ${holder.startedAt}${where}).`,
  };
}

async function writeHolder(path: string, holder: HomeHolder): Promise<void> {
  const draft = join(path, `${LOCK_FILE}.new`);
  await writeFile(draft, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  await rename(draft, join(path, LOCK_FILE));
}

function parseHolder(value: unknown): HomeHolder | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('pid' in value) || typeof value.pid !== 'number') return undefined;
  if (!('startedAt' in value) || typeof value.startedAt !== 'string') return undefined;
  const url = 'url' in value && typeof value.url === 'string' ? { url: value.url } : {};
  return { pid: value.pid, startedAt: value.startedAt, ...url };
}
