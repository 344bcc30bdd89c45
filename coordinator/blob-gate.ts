/**
 * Keeps content from being deleted while somebody stores the same content anew: a blob is named by its hash, so that a
 * version of a file may come to refer to a blob in the moment in which the last other one has gone.
 */
export interface BlobGate {
  /** Work that puts a blob in its place and refers to it; any number at once, none while blobs are swept. */
  referring<T>(work: () => Promise<T>): Promise<T>;
  /** Work that deletes what nobody refers to; begins when no other work is under way. */
  sweeping<T>(work: () => Promise<T>): Promise<T>;
}

export function createBlobGate(): BlobGate {
  const referring = new Set<Promise<unknown>>();
  let sweep: Promise<unknown> = Promise.resolve();
  let isSweeping = false;
  return {
    async referring(work) {
      while (isSweeping) await sweep;
      const done = work();
      const settled = done.then(
        () => undefined,
        () => undefined,
      );
      referring.add(settled);
      try {
        return await done;
      } finally {
        referring.delete(settled);
      }
    },
    async sweeping(work) {
      while (isSweeping) await sweep;
      const { promise, resolve } = Promise.withResolvers<void>();
      isSweeping = true;
      sweep = promise;
      try {
        await Promise.all(referring);
        return await work();
      } finally {
        isSweeping = false;
        resolve();
      }
    },
  };
}
