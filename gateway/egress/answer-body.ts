import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { SECRET_MARK } from '../secrets/concealment.ts';

export interface AnswerBody {
  readonly bytes: Uint8Array;
  /** More followed than the limit lets through, or the body broke off. */
  readonly truncated: boolean;
}

/** What requests offer and answers may use. */
export const ACCEPTED_ENCODINGS = 'gzip, deflate, br, zstd';

const UNPACKERS = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
} as const;

/**
 * Reads a body up to `limit` bytes, as sent and as unpacked, whichever comes first; then the connection is closed. What
 * was read before it broke off or the signal aborted counts: the answer's head has arrived, so its outcome is known.
 */
export async function readBody(
  response: IncomingMessage,
  packing: Packing | null,
  limit: number,
  signal: AbortSignal,
): Promise<AnswerBody> {
  const body = packing === null ? response : unpacked(response, packing);
  const abort = () => response.destroy(new Error('the time is over'));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  const pieces: Uint8Array[] = [];
  let kept = 0;
  let received = 0;
  let truncated = false;
  if (packing !== null)
    response.on('data', (piece: Buffer) => {
      received += piece.length;
      if (received > limit) response.destroy(new Error('the answer is too large'));
    });
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      const part = piece.subarray(0, limit - kept);
      pieces.push(part);
      kept += part.length;
      truncated = part.length < piece.length;
      if (truncated) break;
    }
  } catch {
    // Cut off, out of time, too large or wrongly packed: what is there is shown as incomplete.
    truncated = true;
  } finally {
    signal.removeEventListener('abort', abort);
    response.destroy();
    body.destroy();
  }
  return { bytes: Buffer.concat(pieces), truncated };
}

export type Packing = keyof typeof UNPACKERS;

/**
 * The coding that `readBody` takes the body of an answer out of; null when there is no body, when it is not packed, and
 * when it is packed in another way or more than once: then it stays as it was sent.
 */
export function packingOf({ statusCode, headers }: IncomingMessage, method: string): Packing | null {
  if (method === 'HEAD' || statusCode === 204 || statusCode === 304) return null;
  const [coding = '', ...others] = codingsOf(headers['content-encoding']);
  return others.length === 0 && isPacking(coding) ? coding : null;
}

/** What a body went through, in order. */
export function codingsOf(encoding = ''): string[] {
  return encoding
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
}

function isPacking(coding: string): coding is Packing {
  return Object.hasOwn(UNPACKERS, coding);
}

function unpacked(response: IncomingMessage, packing: Packing): Readable {
  const unpacker: Readable & NodeJS.WritableStream = UNPACKERS[packing]();
  response.on('error', (error) => unpacker.destroy(error));
  response.pipe(unpacker);
  return unpacker;
}

/** The body as text when it is text, in the charset it names or UTF-8; base64 otherwise. */
export function encodeBody(
  { bytes, truncated }: AnswerBody,
  contentType: string,
): { body: string; encoding: 'text' | 'base64' } {
  const text = decodeText(bytes, contentType, truncated);
  return text === null
    ? { body: Buffer.from(bytes).toString('base64'), encoding: 'base64' }
    : { body: text, encoding: 'text' };
}

/**
 * As `encodeBody`, rid of secrets both in its text and in its bytes. Where the bytes hold more of them than the text (a
 * charset that the body is not in), it is given as bytes: from the text they could be had back.
 */
export function encodeBodyWithoutSecrets(
  { bytes, truncated }: AnswerBody,
  contentType: string,
  hide: (text: string, isCutOff: boolean) => string,
): { body: string; encoding: 'text' | 'base64' } {
  const plain = encodeBody({ bytes, truncated }, contentType);
  // As Latin-1 each byte is a character, as in the header that carried the secret.
  const latin1 = Buffer.from(bytes).toString('latin1');
  const hidden = hide(latin1, truncated);
  if (plain.encoding === 'text') {
    const text = plain.body === latin1 ? hidden : hide(plain.body, truncated);
    if (marksIn(text) >= marksIn(hidden)) return { body: text, encoding: 'text' };
  }
  return { body: Buffer.from(hidden, 'latin1').toString('base64'), encoding: 'base64' };
}

function marksIn(text: string): number {
  return text.split(SECRET_MARK).length;
}

function decodeText(bytes: Uint8Array, contentType: string, truncated: boolean): string | null {
  if (/^\s*(?:image|audio|video|font)\/(?!svg)/i.test(contentType)) return null;
  const charset = /;\s*charset\s*=\s*"?([\w:.-]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    // A limit may cut a character in two; as a stream that half waits for more instead of failing.
    const text = new TextDecoder(charset, { fatal: true }).decode(bytes, { stream: truncated });
    return text.includes('\0') ? null : text;
  } catch {
    // An unknown charset, or bytes that are not in it: not text that could be shown.
    return null;
  }
}
