import type { CapturedOutput } from './client.ts';

export interface DecodedText {
  /** UTF-8, with U+FFFD for what is not. */
  readonly text: string;
  /** A zero byte, or more than a tenth of it is not UTF-8: showing it as text would be noise. */
  readonly binary: boolean;
}

const replacement = '\uFFFD';

/** Bytes of a file or of an output as text, lossily. */
export function decodeText(bytes: Uint8Array): DecodedText {
  const text = new TextDecoder('utf-8').decode(bytes);
  const wrong = text.split(replacement).length - 1;
  return { text, binary: bytes.includes(0) || wrong * 10 > text.length };
}

/** A captured output as text; where bytes were dropped, a line says how many. A cut character is dropped with them. */
export function decodeOutput(output: CapturedOutput): DecodedText {
  if (!output.truncated) return decodeText(output.head);
  const head = decodeText(dropCutEnd(output.head));
  const tail = decodeText(dropCutStart(output.tail ?? new Uint8Array(0)));
  const dropped = output.totalBytes - output.head.length - (output.tail?.length ?? 0);
  return {
    text: `${head.text}\n[${dropped} bytes omitted]\n${tail.text}`,
    binary: head.binary || tail.binary,
  };
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000;
}

function dropCutStart(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start += 1;
  return bytes.subarray(start);
}

function dropCutEnd(bytes: Uint8Array): Uint8Array {
  let lead = bytes.length - 1;
  while (lead > bytes.length - 4 && isContinuation(bytes[lead])) lead -= 1;
  const first = bytes[lead] ?? 0;
  const expected = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return bytes.length - lead < expected ? bytes.subarray(0, lead) : bytes;
}
