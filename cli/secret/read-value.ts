import { StringDecoder } from 'node:string_decoder';
import type { ReadStream } from 'node:tty';
import { EXIT, UserError } from '../user-error.ts';

/** Far above what a secret may have; the desk says the exact limit. */
const MOST_BYTES = 64 * 1024;

/**
 * A secret's value: everything on standard input without its last line break, or one line typed at a terminal, which
 * shows nothing of it. Never from arguments, which every process of the machine can read.
 *
 * @throws {UserError} when nothing is given, or Ctrl-C is pressed.
 */
export async function readSecretValue(
  input: ReadStream | (AsyncIterable<Uint8Array> & { readonly isTTY?: boolean }),
  prompt: { readonly text: string; readonly write: (text: string) => void },
): Promise<string> {
  const value = 'setRawMode' in input && input.isTTY ? await readHidden(input, prompt) : await readAll(input);
  if (value !== '') return value;
  throw new UserError(
    'No value was given. Nothing was stored.',
    'Pipe it in, such as `reeve secret set NAME --host HOST < file`, or type it at the prompt.',
    EXIT.usage,
  );
}

async function readAll(input: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of input) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > MOST_BYTES) break;
  }
  return Buffer.concat(pieces)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

async function readHidden(
  terminal: ReadStream,
  prompt: { readonly text: string; readonly write: (text: string) => void },
): Promise<string> {
  const decoder = new StringDecoder('utf8');
  let line: string[] = [];
  terminal.setRawMode(true);
  prompt.write(prompt.text);
  try {
    for await (const piece of terminal) {
      for (const character of decoder.write(piece)) {
        if (character === '\r' || character === '\n') return line.join('');
        if (character === '\u0003' || character === '\u0004')
          throw new UserError('Stopped. Nothing was stored.', 'Start it again when you want to.');
        if (character === '\u0015') line = [];
        else if (character === '\u007f' || character === '\b') line.pop();
        else line.push(character);
      }
    }
    return line.join('');
  } finally {
    terminal.setRawMode(false);
    prompt.write('\n');
  }
}
