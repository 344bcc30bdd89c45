/** Puts secrets into requests; the values never reach the worker that named them. */
export interface SecretFiller {
  /** Replaces each `secret:NAME` in header values, if that secret may go to that host. */
  fill(headers: Readonly<Record<string, string>>, host: string): Promise<SecretFill>;
}

export type SecretFill =
  | {
      readonly kind: 'filled';
      readonly headers: Readonly<Record<string, string>>;
      /**
       * Takes the values that were filled in out of what the other side answers; of a text that `isCutOff` also the
       * start of one at its end.
       */
      hide(text: string, isCutOff?: boolean): string;
    }
  /** `reason` is a sentence. */
  | { readonly kind: 'refused'; readonly reason: string };
