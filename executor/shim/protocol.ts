import { chunkCost } from './byte-stream.ts';
import { chunkBytes } from './frames.ts';

/** What the loop can ask of the shim. Paths are relative to the scratch directory, or absolute inside it. */
export type ShimCall =
  | {
      readonly op: 'run';
      readonly command: string;
      readonly timeoutMs: number;
      readonly environment: Readonly<Record<string, string>>;
      /** Bytes kept of stdout and of stderr, each. */
      readonly maxOutputBytes: number;
      readonly progress: boolean;
    }
  | { readonly op: 'read'; readonly path: string; readonly offset: number; readonly maxBytes: number }
  | { readonly op: 'write'; readonly path: string }
  | { readonly op: 'list'; readonly path: string; readonly recursive: boolean; readonly limit: number }
  | { readonly op: 'stat' | 'remove' | 'hash'; readonly path: string }
  | { readonly op: 'snapshot'; readonly maxBytes: number }
  | { readonly op: 'restore' };

/** Calls whose answer comes after a stream of bytes. */
export const streamingCalls: ReadonlySet<ShimCall['op']> = new Set(['read', 'list', 'snapshot']);

/** Streams between connections of commands and the loop. Only the shim opens; everything else goes both ways. */
export type TunnelMessage =
  | { readonly kind: 'tunnel'; readonly id: number; readonly step: 'open' | 'data' | 'end' | 'cut' }
  | { readonly kind: 'tunnel'; readonly id: number; readonly step: 'credit'; readonly bytes: number };

/** Tunnels open at the same time; each may have one window of unread bytes on the way. */
export const maxTunnels = 16;

/** Headers from loop to shim. `data` carries a chunk of an upload, `credit` allows more bytes of a download. */
export type ToShim =
  | { readonly kind: 'call'; readonly id: number; readonly call: ShimCall }
  | { readonly kind: 'data' | 'end' | 'cancel'; readonly id: number }
  | { readonly kind: 'credit'; readonly id: number; readonly bytes: number }
  | TunnelMessage;

export type OutputChannel = 'stdout' | 'stderr';

export const refusalCodes = [
  'not-found',
  'outside',
  'wrong-kind',
  'denied',
  'too-large',
  'no-space',
  'invalid',
  'busy',
  'cancelled',
  'failed',
] as const;

/**
 * Why the sandbox did not do it. `outside`: the path leaves the scratch directory. `wrong-kind`: a directory where a
 * file is meant, or the reverse. `busy`: another command or archive runs. `failed`: see the detail.
 */
export type RefusalCode = (typeof refusalCodes)[number];

/** Headers from shim to loop. Every call ends with exactly one `done` or `refused`. */
export type FromShim =
  | TunnelMessage
  | { readonly kind: 'data'; readonly id: number }
  | { readonly kind: 'credit'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'progress'; readonly id: number; readonly channel: OutputChannel }
  | { readonly kind: 'done'; readonly id: number; readonly value: object }
  | { readonly kind: 'refused'; readonly id: number; readonly code: RefusalCode; readonly detail: string };

/**
 * What the chunks of one stream that are on the way, unread by the receiver, may count: four of the longest. Bounds what a
 * hostile sender can park.
 */
export const windowBytes = 4 * (chunkBytes + chunkCost);
/** Most that can be kept of one output channel: both channels of a result travel in one frame. */
export const maxKeptOutputBytes = 256 * 1024;

/** How the kept bytes of one channel lie in the payload of a `run` result: stdout head, tail, stderr head, tail. */
export interface KeptOutput {
  readonly headBytes: number;
  readonly tailBytes: number;
  readonly totalBytes: number;
}

export interface RunValue {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly durationMs: number;
  readonly stdout: KeptOutput;
  readonly stderr: KeptOutput;
}

export type EntryKind = 'file' | 'directory' | 'symlink' | 'other';

export interface ScratchEntry {
  /** Relative to the scratch directory. */
  readonly path: string;
  /** The name is not UTF-8: its odd bytes are written as `\xNN`, so `path` shows the entry but does not open it. */
  readonly escaped?: true;
  readonly kind: EntryKind;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}
