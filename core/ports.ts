import type { AuditAnchor } from './audit.ts';
import type { DispatchJob } from './queue.ts';
import type { SandboxLevel } from './sandbox-level.ts';

/** Time as an argument. `sleep` rejects with the signal's reason when it aborts. */
export interface Clock {
  now(): Date;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export interface Ids {
  /** A new unique id that sorts by time (UUID version 7). */
  newId(): string;
  /** Unpredictable bytes. */
  randomBytes(count: number): Uint8Array;
}

/** Structured log; fields never hold message text, secrets or file content. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Blobs by key (`blobs/ab/cdef…`, `scratch/T-3/12.tar`). Writes are atomic: a key holds all of the bytes or does not exist. */
export interface ObjectStore {
  /** Stores the stream; `limitBytes` exceeded rejects with `ObjectTooLarge` and stores nothing. */
  put(
    key: string,
    content: AsyncIterable<Uint8Array>,
    options: { limitBytes: number; signal?: AbortSignal },
  ): Promise<{ bytes: number; sha256: string }>;
  /** Null when there is no such key. */
  get(key: string): Promise<AsyncIterable<Uint8Array> | null>;
  /** Makes `to` the same bytes as `from` without copying them where it can. */
  rename(from: string, to: string): Promise<void>;
  delete(key: string): Promise<void>;
}

export class ObjectTooLarge extends Error {
  readonly limitBytes: number;
  constructor(limitBytes: number) {
    super(`the object is larger than ${limitBytes} bytes`);
    this.name = 'ObjectTooLarge';
    this.limitBytes = limitBytes;
  }
}

export interface QueueWorker {
  /** How many jobs are handled at the same time from now on, at least 1; running ones are not touched. Rejects while the queue is away. */
  setConcurrency(concurrency: number): Promise<void>;
  /** Stops taking jobs; resolves once the running handlers have ended. */
  close(): Promise<void>;
}

/** The dispatch queue. Postgres is the truth: the queue may forget everything and is rebuilt. */
export interface TaskQueue {
  readonly kind: string;
  /** Idempotent by job id. */
  enqueue(job: DispatchJob): Promise<void>;
  work(
    handler: (job: DispatchJob, signal: AbortSignal) => Promise<void>,
    options: { concurrency: number },
  ): Promise<QueueWorker>;
  depth(): Promise<{ waiting: number; active: number }>;
  /** No-op when the job is absent or running. */
  remove(jobId: string): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface SandboxLimits {
  readonly memoryBytes: number;
  readonly scratchBytes: number;
  readonly processes: number;
  /** Of one core. */
  readonly cpuPercent: number;
}

export interface LaunchRequest {
  /** One-time secret that the executor redeems at the task link. */
  readonly ticket: string;
  readonly limits: SandboxLimits;
}

export type ExecutorEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: string };

export interface LaunchedExecutor {
  readonly id: string;
  readonly ended: Promise<ExecutorEnd>;
  /** Ends the whole process tree; resolves when it is gone. */
  kill(): Promise<void>;
  /** The end of what its processes wrote to stderr; for the operator's log, never for chat. */
  logs(): string;
}

/** Starts executors: sandboxed processes here, containers or Kubernetes Jobs elsewhere. */
export interface Launcher {
  readonly kind: string;
  launch(request: LaunchRequest, signal?: AbortSignal): Promise<LaunchedExecutor>;
  /** What every executor it starts gets. Observed once; resolves, with notes, also where no walls can be built. */
  level(): Promise<SandboxLevel>;
  close(): Promise<void>;
}

/** Where heads of the audit chain are noted outside of the database. */
export interface AuditCheckpoints {
  note(anchor: AuditAnchor, at: Date): Promise<void>;
  all(): Promise<AuditAnchor[]>;
}
