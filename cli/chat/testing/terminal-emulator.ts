import { Writable } from 'node:stream';
import { graphemesOf } from '../wrap-text.ts';

/** Enough of a VT100 to see what a person would: everything scrolled away, the screen, and the cursor. */
export interface TerminalEmulator {
  readonly stream: Writable & { columns: number; rows: number };
  /** Every line so far, those scrolled away included, without trailing spaces. */
  lines(): string[];
  cursor(): { row: number; column: number };
  /** Everything that was written, as it was. */
  raw(): string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it takes terminal output apart.
const TOKENS = /\u001b\[(?<parameters>[?\d;]*)(?<final>[A-Za-z])|(?<control>\p{Cc})|(?<text>\P{Cc}+)/gu;

/** Creates an emulator of the given size. Throws at a control sequence that it does not know. */
export function createTerminalEmulator(columns = 80, rows = 24): TerminalEmulator {
  const grid: string[][] = [[]];
  let row = 0;
  let column = 0;
  let top = 0;
  let raw = '';

  const lineAt = (index: number) => {
    while (grid.length <= index) grid.push([]);
    return grid[index] ?? [];
  };
  const down = () => {
    row += 1;
    lineAt(row);
    top = Math.max(top, row - stream.rows + 1);
  };
  const put = (text: string) => {
    for (const grapheme of graphemesOf(text)) {
      if (column >= stream.columns) {
        column = 0;
        down();
      }
      const line = lineAt(row);
      while (line.length < column) line.push(' ');
      line[column] = grapheme;
      column += 1;
    }
  };
  const control = (character: string) => {
    if (character === '\r') column = 0;
    else if (character === '\n') down();
    else throw new Error(`unexpected control character ${JSON.stringify(character)}`);
  };
  const clearBelow = () => {
    lineAt(row).length = Math.min(lineAt(row).length, column);
    grid.length = row + 1;
  };
  const sequence = (parameters: string, final: string) => {
    const count = Number(parameters || '1');
    if (final === 'm' || final === 'h' || final === 'l') return;
    if (final === 'A') row = Math.max(top, row - count);
    else if (final === 'C') column = Math.min(stream.columns - 1, column + count);
    else if (final === 'J' && parameters === '') clearBelow();
    else if (final === 'J' && parameters === '2') grid.length = top;
    else if (final === 'H') [row, column] = [top, 0];
    else throw new Error(`unexpected sequence ${parameters}${final}`);
  };
  const stream = Object.assign(
    new Writable({
      decodeStrings: false,
      write(chunk: string | Buffer, _encoding, done) {
        raw += chunk.toString();
        for (const { groups } of chunk.toString().matchAll(TOKENS)) {
          if (groups?.['final']) sequence(groups['parameters'] ?? '', groups['final']);
          else if (groups?.['control']) control(groups['control']);
          else if (groups?.['text']) put(groups['text']);
        }
        done();
      },
    }),
    { columns, rows },
  );
  return {
    stream,
    lines: () => grid.map((line) => line.join('').trimEnd()),
    cursor: () => ({ row, column }),
    raw: () => raw,
  };
}
