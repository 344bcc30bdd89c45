/** One entry of the failure catalogue: the same words feed chat, CLI and `application/problem+json`. */
export interface FailureKind {
  /** What failed, a plain sentence. */
  readonly what: string;
  /** What was not done because of it. */
  readonly notDone: string;
  /** What to do next. */
  readonly hint: string;
  readonly retryable: boolean;
  /** HTTP status where it crosses an HTTP interface. */
  readonly status: number;
}
