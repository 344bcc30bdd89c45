import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createOutputKeeper } from './kept-output.ts';
import { maxKeptOutputBytes, type OutputChannel, type RunValue } from './protocol.ts';
import { Refusal } from './scratch-path.ts';

export interface CommandRequest {
  readonly command: string;
  readonly timeoutMs: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly maxOutputBytes: number;
}

export interface CommandSurroundings {
  readonly workDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Ends every process of the sandbox but the shim and its init. */
  readonly killOthers: () => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

/** How long to wait for the pipes of a command whose processes have all been killed. */
const pipeGraceMs = 1000;

/**
 * Runs one shell command to its end, timeout or cancellation; then nothing it started is left, whatever session or
 * group it moved to. Throws Refusal `invalid` when the command cannot be started.
 */
export async function runCommand(
  request: CommandRequest,
  surroundings: CommandSurroundings,
  signal: AbortSignal,
  onOutput: (channel: OutputChannel, chunk: Uint8Array) => void,
): Promise<{ readonly value: RunValue; readonly payload: Uint8Array }> {
  const startedAt = surroundings.now();
  const child = startShell(request, surroundings);
  const keepers = { stdout: keeperFor(request), stderr: keeperFor(request) };
  for (const channel of ['stdout', 'stderr'] as const) {
    child[channel].on('data', (chunk: Buffer) => {
      keepers[channel].add(chunk);
      onOutput(channel, chunk);
    });
  }

  const ending = waitForEnd(child, surroundings.killOthers);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    surroundings.killOthers();
  }, request.timeoutMs);
  signal.addEventListener('abort', surroundings.killOthers, { once: true });
  try {
    if (signal.aborted) surroundings.killOthers();
    const { exitCode, signal: endSignal } = await ending;
    signal.throwIfAborted();
    const [stdout, stderr] = [keepers.stdout.finish(), keepers.stderr.finish()];
    const durationMs = Math.round(surroundings.now() - startedAt);
    return {
      value: { exitCode, signal: endSignal, timedOut, durationMs, stdout: stdout.kept, stderr: stderr.kept },
      payload: Buffer.concat([stdout.bytes, stderr.bytes]),
    };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', surroundings.killOthers);
  }
}

/**
 * Where memory runs out, the kernel is to end the command, or what it started, before the shim. A command may undo this;
 * then the shim may go first, which ends the pair.
 */
const asVictim = 'echo 1000 >/proc/self/oom_score_adj; exec "$0" -c "$1"';

type Shell = ChildProcessByStdio<null, Readable, Readable>;

function startShell(request: CommandRequest, surroundings: CommandSurroundings): Shell {
  const shell = existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh';
  try {
    return spawn('/bin/sh', ['-c', asVictim, shell, request.command], {
      cwd: surroundings.workDirectory,
      env: { ...surroundings.environment, ...request.environment },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    throw new Refusal('invalid', describeStartFailure(error));
  }
}

function keeperFor(request: CommandRequest): ReturnType<typeof createOutputKeeper> {
  return createOutputKeeper(Math.min(request.maxOutputBytes, maxKeptOutputBytes));
}

/** Resolves when the shell has exited, its leftovers are killed and its pipes are drained. */
function waitForEnd(
  child: Shell,
  killOthers: () => void,
): Promise<{ exitCode: number | null; signal: string | null }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    exitCode: number | null;
    signal: string | null;
  }>();
  child.once('error', (error) => reject(new Refusal('invalid', describeStartFailure(error))));
  child.once('exit', (exitCode, signal) => {
    killOthers();
    const timer = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, pipeGraceMs);
    child.once('close', () => {
      clearTimeout(timer);
      resolve({ exitCode, signal });
    });
  });
  return promise;
}

function describeStartFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'E2BIG') return 'the command or its environment is too long';
  if (code === 'EAGAIN') return 'too many processes';
  return `the command could not be started: ${error instanceof Error ? error.message : String(error)}`;
}
