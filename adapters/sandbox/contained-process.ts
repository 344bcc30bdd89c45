import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutorEnd } from '@reeve/core';
import { type CommandLine, type HostPlace, initDescriptor } from './bwrap-arguments.ts';
import type { ContainedProgram } from './pair-layout.ts';

export interface ContainedProcess {
  /** Of the outermost process; undefined when there never was one. */
  readonly id: number | undefined;
  /**
   * Resolves when the bwrap that starts the command is at work. Rejects with what was said when it did not come to that;
   * a wall that fails later shows in `ended` and `logs`, and the command has not run.
   */
  readonly started: Promise<void>;
  readonly ended: Promise<ExecutorEnd>;
  /** Resolves when no process inside is left, at most a second after `ended`. */
  readonly gone: Promise<void>;
  /** What it wrote to stdout, the last 64 KiB of it, when that was asked for. Ask after `gone`. */
  stdout(): string;
  /** Resolves at its first word on stdout, when that was asked for. */
  readonly spoken: Promise<void>;
  /** The last 64 KiB of stderr with control characters made visible. */
  logs(): string;
  kill(): void;
  /** Writes a line to its stdin. */
  tell(line: string): void;
  /** Lets the command of a held one run. */
  release(): void;
}

export interface ContainedStart {
  readonly commandLine: CommandLine;
  /** The whole environment of the process: nothing of ours is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** `open`: its end tells the process that the launcher is dead. `closed`: it ends at once. */
  readonly stdin: 'open' | 'closed';
  readonly captureStdout: boolean;
}

/** Starts a program in its place on this host. */
export type StartProgram = (
  program: ContainedProgram,
  place: HostPlace,
  stdio: Omit<ContainedStart, 'commandLine' | 'environment'> & {
    /** The command waits for `release`, while its walls are built. */
    readonly isHeld?: boolean;
  },
) => ContainedProcess;

const keptLogBytes = 64 * 1024;
const maxStdoutBytes = 64 * 1024;
/** What is read of one stream in each lap; then it rests, and whoever writes waits. */
const lapBytes = 128 * 1024;
const lapMs = 50;
const goneWithinMs = 1000;
const goneEveryMs = 2;

/** Starts a command line of `buildCommandLine`. Never throws: failures show in `started` and `ended`. */
export function startContained(start: ContainedStart): ContainedProcess {
  const { argv, startedDescriptor, seccomp, holdDescriptor } = start.commandLine;
  const filterDescriptor = startedDescriptor + 1;
  const lastDescriptor = holdDescriptor ?? (seccomp === undefined ? startedDescriptor : filterDescriptor);
  const [file = '', ...args] = argv;
  const child = spawn(file, args, {
    env: start.environment,
    cwd: '/',
    // A process group of its own, which `killGroup` needs.
    detached: true,
    // No descriptor that no bwrap closes: the command would inherit it.
    stdio: [
      'pipe',
      start.captureStdout ? 'pipe' : 'ignore',
      'pipe',
      ...Array.from({ length: lastDescriptor - 2 }, () => 'pipe' as const),
    ],
  });
  const stderr = keepTail(child.stderr, keptLogBytes);
  const stdout = keepTail(child.stdout, maxStdoutBytes);
  const spoken = Promise.withResolvers<void>();
  child.stdout?.once('data', () => spoken.resolve());
  const ended = waitForEnd(child);
  child.once('exit', () => killGroup(child.pid));
  const closed = waitForClose(child);
  const initId = readChildId(child.stdio[initDescriptor] as Readable);
  const firstId =
    startedDescriptor === initDescriptor ? initId : readChildId(child.stdio[startedDescriptor] as Readable);
  const stdin = child.stdin as Writable;
  ignoreBreak(stdin);
  if (start.stdin === 'closed') stdin.end();
  if (seccomp !== undefined) ignoreBreak(child.stdio[filterDescriptor] as Writable).end(seccomp);
  const hold = holdDescriptor === undefined ? undefined : (child.stdio[holdDescriptor] as Writable);
  if (hold !== undefined) ignoreBreak(hold);

  const started = firstId.then(async (id) => {
    if (id !== undefined) return;
    const end = await ended;
    const notSpawned = await closed;
    const words = notSpawned?.message ?? visible(stderr()).trim();
    throw new Error(`the sandbox did not start (${describeEnd(end)}): ${words}`, { cause: notSpawned });
  });
  // A caller that only waits for the end meets the same failure there.
  started.catch(() => undefined);

  return {
    id: child.pid,
    started,
    ended,
    gone: (async () => {
      await ended;
      await closed;
      const id = await initId;
      if (id !== undefined) await waitUntilGone(id);
    })(),
    stdout: () => stdout(),
    spoken: spoken.promise,
    logs: () => visible(stderr()),
    tell: (line) => void stdin.write(`${line}\n`),
    release: () => void hold?.end(),
    kill: () => {
      if (child.exitCode === null && child.signalCode === null) killGroup(child.pid);
    },
  };
}

/**
 * bwrap's own children die with their parent only from a moment after they were made; one orphaned before that waits
 * for its parent for ever. Until that moment they are in the parent's group, so the group is what gets killed; whoever
 * slips between the two finds its stdin ended.
 */
function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    const nobodyLeft = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    if (!nobodyLeft) throw error;
  }
}

/** A pipe breaks when the process ended before it read; its end is reported anyway. */
function ignoreBreak(pipe: Writable): Writable {
  return pipe.on('error', () => pipe.destroy());
}

/** Resolves when all streams are closed, or with the error when there never was a process. */
function waitForClose(child: ReturnType<typeof spawn>): Promise<Error | undefined> {
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  child.once('close', () => resolve(undefined)).once('error', resolve);
  return promise;
}

function waitForEnd(child: ReturnType<typeof spawn>): Promise<ExecutorEnd> {
  const { promise, resolve } = Promise.withResolvers<ExecutorEnd>();
  child.once('error', () => resolve({ kind: 'exited', code: 127 }));
  child.once('exit', (code, signal) => {
    if (signal !== null) resolve({ kind: 'killed', signal });
    else resolve(endOfCode(code ?? 1));
  });
  return promise;
}

/** bwrap reports a command that a signal ended as 128 + signal, as shells do. */
function endOfCode(code: number): ExecutorEnd {
  const signal = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
  return signal === undefined ? { kind: 'exited', code } : { kind: 'killed', signal };
}

function describeEnd(end: ExecutorEnd): string {
  return end.kind === 'exited' ? `exit code ${end.code}` : end.signal;
}

/** The process id that a bwrap reports for its init, as it sees it itself; undefined when there never was one. */
async function readChildId(info: Readable): Promise<number | undefined> {
  let text = '';
  try {
    for await (const chunk of info) text += String(chunk);
  } catch {
    // A pipe that broke before anything was written means the same as one that closed.
  }
  const id = /"child-pid":\s*(\d+)/.exec(text)?.[1];
  return id === undefined ? undefined : Number(id);
}

/** The kernel ends a PID namespace with its init: once that is reaped or a zombie, nobody is left inside. */
async function waitUntilGone(initId: number): Promise<void> {
  for (let waited = 0; waited < goneWithinMs; waited += goneEveryMs) {
    try {
      const stat = await readFile(`/proc/${initId}/stat`, 'utf8');
      if (/\) [ZX] /.test(stat)) return;
    } catch (error) {
      const missing =
        error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH');
      if (missing) return;
      throw error;
    }
    await sleep(goneEveryMs);
  }
}

/**
 * Keeps the end of what a stream brings. Reads at a bounded rate: commands can have the shim say what they like as fast as
 * they like, and whoever reads that is the process that answers people.
 */
function keepTail(stream: Readable | null, maxBytes: number): () => string {
  let kept = Buffer.alloc(0);
  let ofLap = 0;
  let lapEndsAt = 0;
  stream?.on('data', (chunk: Buffer) => {
    const joined = Buffer.concat([kept, chunk]);
    kept = joined.length > maxBytes ? Buffer.from(joined.subarray(joined.length - maxBytes)) : joined;
    const now = performance.now();
    if (now >= lapEndsAt) [ofLap, lapEndsAt] = [0, now + lapMs];
    ofLap += chunk.length;
    if (ofLap < lapBytes) return;
    stream.pause();
    setTimeout(() => stream.resume(), lapEndsAt - now);
  });
  return () => kept.toString('utf8');
}

/** Commands can write to the shim's stderr, and terminals obey control characters. */
function visible(text: string): string {
  return text.replace(
    /[^\P{C}\n\t]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
