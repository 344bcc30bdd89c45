export interface Lane {
  /** Waits for its turn, which lasts until disposed. Undefined when `signal` aborted before the turn came. */
  enter(signal?: AbortSignal): Promise<Disposable | undefined>;
}

/** Lets one caller through at a time, in order of arrival. */
export function createLane(): Lane {
  let last: Promise<void> = Promise.resolve();

  return {
    async enter(signal) {
      const mine = Promise.withResolvers<void>();
      const before = last;
      last = mine.promise;
      const aborted = Promise.withResolvers<void>();
      signal?.addEventListener('abort', () => aborted.resolve(), { once: true });
      if (signal?.aborted === true) aborted.resolve();
      const turn = before.then(() => 'turn' as const);
      const first = await Promise.race([turn, aborted.promise]);
      if (first === 'turn') return { [Symbol.dispose]: mine.resolve };
      void before.then(mine.resolve);
      return undefined;
    },
  };
}
