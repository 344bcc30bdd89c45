import type { ObjectStore, StoredFile } from '@reeve/core';

/** Larger files are not looked into. */
const SMALL_FILE_BYTES = 64 * 1024;

/** A small file's text; null when it is larger, gone, or no UTF-8 text. */
export async function readSmallText(
  objects: Pick<ObjectStore, 'get'>,
  file: Pick<StoredFile, 'blob' | 'bytes'>,
): Promise<string | null> {
  if (file.bytes > SMALL_FILE_BYTES) return null;
  const bytes = await readBytes(objects, file.blob);
  if (bytes === null) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\0') ? null : text;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** A blob's bytes; null when there is none. */
export async function readBytes(objects: Pick<ObjectStore, 'get'>, blob: string): Promise<Buffer | null> {
  const content = await objects.get(blob);
  if (content === null) return null;
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** How a blob begins, as far as its first piece goes; null when there is none. */
export async function readStart(objects: Pick<ObjectStore, 'get'>, blob: string): Promise<Buffer | null> {
  const content = await objects.get(blob);
  if (content === null) return null;
  for await (const chunk of content) return Buffer.from(chunk);
  return Buffer.alloc(0);
}
