/** Reeve refused a request; the message is the catalogue's sentence: what failed, what was not done, what to do. */
export class ApiProblem extends Error {
  /** A code of the failure catalogue. */
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  readonly retryable: boolean;
  constructor(problem: { code: string; status: number; detail: string; retryable: boolean }) {
    super(problem.detail);
    this.name = 'ApiProblem';
    this.code = problem.code;
    this.status = problem.status;
    this.retryable = problem.retryable;
  }
}

/** No Reeve answers at the address, or the connection broke before its answer came. */
export class ApiUnreachable extends Error {
  constructor(url: string, cause: unknown) {
    super(`Reeve at ${url} cannot be reached.`, { cause });
    this.name = 'ApiUnreachable';
  }
}
