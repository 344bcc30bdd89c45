/** Bounds of what leaves through the gateway. Times in milliseconds. */
export interface EgressLimits {
  /** For the name and for each address that is tried. */
  readonly connectMs: number;
  /** From the request's last byte to the answer's head. */
  readonly firstByteMs: number;
  /** For a request with its redirects, the body included. */
  readonly requestMs: number;
  /** Of an answer's body, as sent and as unpacked; what follows is left out. */
  readonly answerBytes: number;
  readonly redirects: number;
  readonly requestsPerTask: number;
  readonly requests: number;
  readonly tunnelsPerTask: number;
  /** Of one tunnel, both directions together. */
  readonly tunnelBytes: number;
  readonly tunnelIdleMs: number;
  /** How often a tunnel's task is asked whether its attempt still holds it; closing takes no longer than twice this. */
  readonly tunnelCheckMs: number;
}

export const DEFAULT_EGRESS_LIMITS: EgressLimits = {
  connectMs: 10_000,
  firstByteMs: 20_000,
  requestMs: 60_000,
  answerBytes: 10_000_000,
  redirects: 5,
  requestsPerTask: 4,
  requests: 32,
  tunnelsPerTask: 16,
  tunnelBytes: 1024 ** 3,
  tunnelIdleMs: 120_000,
  tunnelCheckMs: 900,
};
