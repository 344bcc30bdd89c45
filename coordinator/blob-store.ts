import type { ObjectStore } from '@reeve/core';
import type { BlobGate } from './blob-gate.ts';

export interface StoredBlob {
  /** The object store's key. */
  readonly blob: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface BlobDeps {
  readonly objects: ObjectStore;
  readonly newId: () => string;
  readonly limitBytes: number;
}

/**
 * Takes content in, however long that takes, then puts it under its own hash and has `refer` write what refers to it.
 * `check` throws for content that is not wanted, which is deleted then. Content that `refer` does not refer to in the end
 * is only unused space.
 */
export async function storeBlob<T>(
  deps: BlobDeps & { readonly gate: BlobGate },
  content: AsyncIterable<Uint8Array>,
  refer: (stored: StoredBlob) => Promise<T>,
  check: (received: Omit<StoredBlob, 'blob'>) => void = () => undefined,
): Promise<T> {
  const received = await receive(deps, content);
  try {
    check(received);
  } catch (error) {
    await deps.objects.delete(received.incoming);
    throw error;
  }
  return deps.gate.referring(async () => refer(await place(deps, received)));
}

/** The same for content that is at hand; whoever calls it holds the gate until something refers to the blob. */
export async function storeBlobWithin(
  deps: BlobDeps,
  content: AsyncIterable<Uint8Array>,
): Promise<StoredBlob> {
  return place(deps, await receive(deps, content));
}

interface ReceivedContent {
  readonly incoming: string;
  readonly bytes: number;
  readonly sha256: string;
}

async function receive(
  { objects, newId, limitBytes }: BlobDeps,
  content: AsyncIterable<Uint8Array>,
): Promise<ReceivedContent> {
  const incoming = `incoming/${newId()}`;
  return { incoming, ...(await objects.put(incoming, content, { limitBytes })) };
}

async function place(
  { objects }: BlobDeps,
  { incoming, bytes, sha256 }: ReceivedContent,
): Promise<StoredBlob> {
  const blob = `blobs/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
  await objects.rename(incoming, blob);
  return { blob, bytes, sha256 };
}
