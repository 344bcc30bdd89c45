/** Bounds of what Git carries through the gateway. Times in milliseconds. */
export interface GitLimits {
  /** Of a request that reads: what the client has and wants. */
  readonly askBytes: number;
  /** Of a push: the pack with the new commits. */
  readonly packBytes: number;
  /** Of an answer. */
  readonly answerBytes: number;
  /** For one exchange that reads. */
  readonly totalMs: number;
  /** For a push; shorter than the coordinator waits until it asks what came of one. */
  readonly pushMs: number;
  /** Without a byte in any direction. */
  readonly idleMs: number;
  /** How often the attempt, and the time without a byte, are looked at. */
  readonly checkMs: number;
  readonly perTask: number;
  readonly all: number;
}

/** A clone of a large repository fits; a scratch directory holds no more. */
export const DEFAULT_GIT_LIMITS: GitLimits = {
  askBytes: 16 * 1024 ** 2,
  packBytes: 512 * 1024 ** 2,
  answerBytes: 2 * 1024 ** 3,
  totalMs: 15 * 60_000,
  pushMs: 4 * 60_000,
  idleMs: 60_000,
  checkMs: 900,
  perTask: 4,
  all: 16,
};
