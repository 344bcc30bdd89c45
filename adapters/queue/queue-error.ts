/**
 * The queue could not be reached, or did not answer in time. Retryable: a call may have taken effect, and repeating
 * it is harmless because jobs are told apart by their id.
 */
export class QueueUnavailableError extends Error {
  readonly code = 'queue-unavailable';
  readonly retryable = true;

  constructor(action: string, cause?: unknown) {
    super(`The queue is not available: ${action}`, cause === undefined ? undefined : { cause });
    this.name = 'QueueUnavailableError';
  }
}

/** Runs one call to the queue; what it throws, and silence beyond `limitMs`, become `QueueUnavailableError`. */
export async function callQueue<T>(action: string, limitMs: number, call: () => Promise<T>): Promise<T> {
  const expired = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => expired.reject(new QueueUnavailableError(`${action}: no answer within ${limitMs} ms`)),
    limitMs,
  );
  try {
    return await Promise.race([call(), expired.promise]);
  } catch (error) {
    if (error instanceof QueueUnavailableError) throw error;
    throw new QueueUnavailableError(action, error);
  } finally {
    clearTimeout(timer);
  }
}
