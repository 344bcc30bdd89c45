/** What the main thread and the thread that runs PGlite say to each other: lists of requests, and single replies. */

export interface ThreadOptions {
  /** A directory, or `memory://`. */
  readonly dataDir: string;
  /** An uncompressed tar of a data directory that a new database starts from. */
  readonly snapshot: Uint8Array<ArrayBuffer> | undefined;
}

export type ThreadRequest =
  | {
      readonly kind: 'execute';
      readonly id: number;
      readonly batch: Uint8Array<ArrayBuffer>;
      /** Sent ahead of the answer before it: to be run only if that one left no transaction open. */
      readonly isAhead: boolean;
    }
  | { readonly kind: 'dump'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number };

export type ThreadReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'open-failed'; readonly message: string }
  | { readonly kind: 'done'; readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }
  /** Was sent ahead and not run. */
  | { readonly kind: 'passed'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
