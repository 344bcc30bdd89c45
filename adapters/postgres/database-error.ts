import pg from 'pg';

/** Why the database did not answer. */
export type UnavailableReason = 'connection' | 'deadline' | 'disk-full' | 'closed';

/**
 * The database could not be reached, was restarted, or did not answer in time. Safe to retry when `outcome` is
 * `not-done`; when it is `unknown` the statement or commit may have taken effect before the connection was lost,
 * so only an idempotent caller may repeat it.
 */
export class DatabaseUnavailableError extends Error {
  /** BullMQ and other `pg` users treat this code as "the connection is gone, try again". */
  readonly code = 'ECONNREFUSED';
  readonly retryable = true;
  readonly reason: UnavailableReason;
  readonly outcome: 'not-done' | 'unknown';

  constructor(reason: UnavailableReason, outcome: 'not-done' | 'unknown', detail: string, cause?: unknown) {
    super(`The database is not available: ${detail}`, cause === undefined ? undefined : { cause });
    this.name = 'DatabaseUnavailableError';
    this.reason = reason;
    this.outcome = outcome;
  }
}

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  // Postgres: shutting down, crashed, starting up, too many connections.
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  '53300',
  '25P03',
]);

/** `pg` reports these without a code. */
const CONNECTION_MESSAGES =
  /Connection terminated|connection error and is not queryable|Client was closed|timeout exceeded when trying to connect|Cannot use a pool after calling end/;

/**
 * Turns what `pg` throws into `DatabaseUnavailableError` when the database is at fault; every other error (a
 * constraint, a syntax error, a bug) comes back unchanged.
 */
export function toDatabaseError(error: unknown, outcome: 'not-done' | 'unknown'): unknown {
  if (error instanceof DatabaseUnavailableError) {
    return error.outcome === outcome
      ? error
      : new DatabaseUnavailableError(error.reason, outcome, detailOf(error), error);
  }
  if (!(error instanceof Error)) return error;
  const code = codeOf(error);
  if (code === '53100') return new DatabaseUnavailableError('disk-full', 'not-done', error.message, error);
  if (code === '57014' || error.message === 'Query read timeout') {
    return new DatabaseUnavailableError('deadline', outcome, error.message, error);
  }
  if (CONNECTION_CODES.has(code) || code.startsWith('08') || CONNECTION_MESSAGES.test(error.message)) {
    return new DatabaseUnavailableError('connection', outcome, error.message, error);
  }
  return error;
}

/** A unique constraint refused the row: the usual sign of a duplicate. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '23505';
}

/** Two transactions could not be ordered, or deadlocked: nothing was done, and running it again may succeed. */
export function isSerializationFailure(error: unknown): boolean {
  return error instanceof pg.DatabaseError && (error.code === '40001' || error.code === '40P01');
}

/**
 * Runs `work` again when it failed because its transaction could not be serialized. `work` must begin its own
 * transaction, so that each run starts from nothing. The last failure is thrown.
 */
export async function retrySerialization<T>(work: () => Promise<T>, attempts: number): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attempts || !isSerializationFailure(error)) throw error;
    }
  }
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function detailOf(error: Error): string {
  return error.message.replace(/^The database is not available: /, '');
}
