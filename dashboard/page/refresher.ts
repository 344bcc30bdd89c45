/** Runs the work soon, and once for many calls. */
export function createRefresher(pauseMs: number, work: () => Promise<void>): () => void {
  let isPlanned = false;
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    setTimeout(() => {
      isPlanned = false;
      // Nothing to say: a lost connection has its banner, and with its return comes the next call.
      work().catch(() => undefined);
    }, pauseMs);
  };
}
