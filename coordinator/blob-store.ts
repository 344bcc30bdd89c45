import type { ObjectStore } from '@reeve/core';

export interface StoredBlob {
  /** The object store's key. */
  readonly blob: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Stores content under its own hash. Content that nobody refers to in the end is only unused space. */
export async function storeBlob(
  deps: { objects: ObjectStore; newId: () => string; limitBytes: number },
  content: AsyncIterable<Uint8Array>,
): Promise<StoredBlob> {
  const incoming = `incoming/${deps.newId()}`;
  const { bytes, sha256 } = await deps.objects.put(incoming, content, { limitBytes: deps.limitBytes });
  const blob = `blobs/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
  await deps.objects.rename(incoming, blob);
  return { blob, bytes, sha256 };
}
