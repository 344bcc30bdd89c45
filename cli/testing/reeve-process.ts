import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { copyMigratedDatabase } from '@reeve/postgres/testing';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const START_LIMIT_MS = 120_000;

/** A home of its own for a test, and the environment that makes `reeve` use it. */
export interface TestHome extends AsyncDisposable {
  readonly path: string;
  environment(extra?: Readonly<Record<string, string>>): Record<string, string>;
}

/** A home whose database has its tables already, which takes most of a first start; it is as empty as a new one. */
export async function makeTestHome(): Promise<TestHome> {
  const home = await makeEmptyHome();
  const database = path.join(home.path, 'database');
  await mkdir(database, { mode: 0o700 });
  await copyMigratedDatabase(database);
  return home;
}

/** A home with nothing in it, as the very first start finds it. */
export async function makeEmptyHome(): Promise<TestHome> {
  const directory = await mkdtemp(path.join(tmpdir(), 'reeve-home-'));
  return {
    path: directory,
    environment: (extra = {}) => ({
      PATH: process.env['PATH'] ?? '',
      HOME: directory,
      REEVE_HOME: directory,
      REEVE_PORT: '0',
      REEVE_TIME_ZONE: 'UTC',
      REEVE_LOG_LEVEL: 'debug',
      ...extra,
    }),
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `reeve` to its end with this, or nothing, on its standard input. */
export async function runReeve(
  home: TestHome,
  args: readonly string[],
  extra: Readonly<Record<string, string>> = {},
  input = '',
): Promise<Finished> {
  const child = start(home, args, extra);
  child.stdin.end(input);
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: stdout(), stderr: stderr() };
}

/** The JSON lines that `reeve chat --json` printed. */
function jsonLines(finished: Finished): Record<string, unknown>[] {
  return finished.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Sends one message with `reeve chat --json` and returns the events. */
export async function say(
  home: TestHome,
  message: string,
  approve: 'once' | 'deny' | 'none' = 'none',
  extra: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; events: Record<string, unknown>[]; stderr: string }> {
  const finished = await runReeve(
    home,
    ['chat', '--json', '--approve', approve, '--message', message],
    extra,
  );
  return { code: finished.code, events: jsonLines(finished), stderr: finished.stderr };
}

export interface RunningReeve extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  /** Calls the local API with the home's token. */
  call(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Resolves when the process has ended, however that came. */
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/** Starts `reeve up` without a terminal and waits until it says where it is. */
export async function startReeve(
  home: TestHome,
  extra: Readonly<Record<string, string>> = {},
  directory = home.path,
): Promise<RunningReeve> {
  const child = start(home, ['up'], extra);
  child.stdin.end();
  const stderr = collect(child.stderr);
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr: stderr() }));
  const url = await Promise.race([
    readUrl(child.stdout),
    diedEarly(child, stderr),
    delay(START_LIMIT_MS, `reeve did not start: ${stderr()}`),
  ]);
  const token = await readToken(directory);
  const kill = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  };
  return {
    pid: child.pid ?? 0,
    url,
    async call(method, route, body) {
      const response = await fetch(new URL(route, url), {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        body: response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : { text },
      };
    },
    kill,
    ended,
    [Symbol.asyncDispose]: () => kill('SIGTERM'),
  };
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

function start(home: TestHome, args: readonly string[], extra: Readonly<Record<string, string>>): Child {
  return spawn(process.execPath, [MAIN, ...args], {
    env: home.environment(extra),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

function collect(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

async function readUrl(stdout: Readable): Promise<string> {
  const lines = createInterface({ input: stdout });
  return new Promise((resolve) => {
    lines.on('line', (line) => {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
      if (url) resolve(url);
    });
  });
}

async function diedEarly(child: Child, stderr: () => string): Promise<never> {
  const [code] = await once(child, 'close');
  throw new Error(`reeve ended with ${code}: ${stderr()}`);
}

async function delay(milliseconds: number, message: string): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
  throw new Error(message);
}

async function readToken(directory: string): Promise<string> {
  return (await readFile(path.join(directory, 'keys', 'api-token'), 'utf8')).trim();
}

/** Waits until `look` yields something; throws with `what` when it takes too long. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  limitMs = 90_000,
): Promise<T> {
  const until = Date.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > until) throw new Error(`${what} did not happen within ${limitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
