/** Exit codes of the `reeve` command. */
export const EXIT = { ok: 0, failed: 1, usage: 2, waiting: 3 } as const;

/**
 * Something the person at the keyboard can mend: printed as it is, without a stack, and the command ends with its
 * exit code. `what` says what failed and what was not done; `fix` what to do.
 */
export class UserError extends Error {
  readonly fix: string;
  readonly exitCode: number;
  constructor(what: string, fix: string, exitCode: number = EXIT.failed) {
    super(what);
    this.name = 'UserError';
    this.fix = fix;
    this.exitCode = exitCode;
  }
}

/** The home itself cannot be used: not writable, full, not a folder, another user's. */
export class HomeUnusable extends UserError {
  override readonly name = 'HomeUnusable';
}

/** Another process holds the home; it may answer already, or be about to. */
export class HomeHeld extends UserError {
  override readonly name = 'HomeHeld';
}
