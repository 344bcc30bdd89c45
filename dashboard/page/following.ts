/** A tab that nobody looks at lets go of its connection: a browser has six for all tabs together. */
const HIDDEN_MS = 60_000;

/** Follows while somebody looks, and goes on where it was when they look again. */
export function keepFollowing(
  follow: (signal: AbortSignal, pause: (milliseconds: number) => Promise<void>) => Promise<void>,
): void {
  let following: AbortController | null = null;
  let hiding: number | undefined;
  const begin = () => {
    clearTimeout(hiding);
    if (following) return;
    following = new AbortController();
    void follow(following.signal, pauseUntilOnline);
  };
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding);
    if (document.visibilityState === 'visible') begin();
    else
      hiding = window.setTimeout(() => {
        following?.abort();
        following = null;
      }, HIDDEN_MS);
  });
  begin();
}

/** Waits; a network that comes back ends the waiting. */
function pauseUntilOnline(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener('online', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    addEventListener('online', end);
  });
}
