/** Puts secrets into requests; the values never reach the worker that named them. */
export interface SecretFiller {
  /** Replaces each `secret:NAME` in header values, if that secret may go to that host. */
  fill(headers: Readonly<Record<string, string>>, host: string): Promise<SecretFill>;
}

export type SecretFill =
  | {
      readonly kind: 'filled';
      readonly headers: Readonly<Record<string, string>>;
      /** Takes the values that were filled in out of what the other side answers. */
      hide(text: string): string;
    }
  /** `reason` is a sentence. */
  | { readonly kind: 'refused'; readonly reason: string };
