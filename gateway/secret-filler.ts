import type { Conceal } from './secrets/concealment.ts';

/** Puts secrets into requests; the values never reach the worker that named them. */
export interface SecretFiller {
  /** Replaces each `secret:NAME` in header values, if that secret may go to that host; also where none is named. */
  fill(headers: Readonly<Record<string, string>>, host: string): Promise<SecretFill>;
}

export type SecretFill =
  | {
      readonly kind: 'filled';
      readonly headers: Readonly<Record<string, string>>;
      /** Takes what the host may know of secrets out of what it answers; null when it knows none. */
      readonly hide: Conceal | null;
    }
  /** `reason` is a sentence. */
  | { readonly kind: 'refused'; readonly reason: string };
