/** What a piece of Git's wire format is: lines that begin with their length in four hex digits, 0000 ends a section. */
export type PktLine =
  | { readonly kind: 'data'; readonly bytes: Buffer; readonly end: number }
  | { readonly kind: 'flush'; readonly end: number }
  /** More bytes are needed. */
  | { readonly kind: 'short' }
  | { readonly kind: 'bad' };

const HEAD_BYTES = 4;

/** The line that begins at an offset; `end` is where the next begins. Delimiters of protocol 2 count as bad here. */
export function readPktLine(bytes: Buffer, offset: number): PktLine {
  if (bytes.length < offset + HEAD_BYTES) return { kind: 'short' };
  const head = bytes.toString('latin1', offset, offset + HEAD_BYTES);
  if (!/^[0-9a-f]{4}$/i.test(head)) return { kind: 'bad' };
  const length = Number.parseInt(head, 16);
  if (length === 0) return { kind: 'flush', end: offset + HEAD_BYTES };
  if (length < HEAD_BYTES) return { kind: 'bad' };
  const end = offset + length;
  return bytes.length < end
    ? { kind: 'short' }
    : { kind: 'data', bytes: bytes.subarray(offset + HEAD_BYTES, end), end };
}
