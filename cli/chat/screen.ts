import type { Writable } from 'node:stream';
import stringWidth from 'string-width';

/** The slice of a terminal that the screen needs. */
export type ScreenOutput = Writable & { readonly columns?: number; readonly rows?: number };

/** The input area: its lines, and where the cursor stands in it. */
export interface InputArea {
  readonly lines: readonly string[];
  readonly row: number;
  readonly column: number;
}

export interface Screen {
  /** Columns that a line may take. One is left free, so that no terminal wraps by itself. */
  width(): number;
  /** Rows that the live part may take beside the input area. */
  liveHeight(): number;
  /** Writes lines that stay, above the live part. */
  print(lines: readonly string[]): void;
  /** Replaces the live part and the input area; what stays is not touched. */
  draw(live: readonly string[], input: InputArea): void;
  /** Clears the terminal and draws again. */
  redraw(): void;
  /** Takes the live part and the input area away and leaves the cursor on an empty line. */
  close(): void;
}

/** For terminals that do not say how large they are, or say 0. */
const FALLBACK_COLUMNS = 80;
const FALLBACK_ROWS = 24;
const LEAST_COLUMNS = 20;
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_BELOW = '\u001b[J';
const CLEAR_ALL = '\u001b[H\u001b[2J';

/**
 * A terminal in two parts: lines that stay and scroll away like any output, and below them a block that is drawn over
 * in place. Plain cursor movements only, no alternate screen, so it works over SSH and leaves the scrollback whole.
 */
export function createScreen(output: ScreenOutput): Screen {
  let live: readonly string[] = [];
  let input: InputArea = { lines: [], row: 0, column: 0 };
  /** What stands on the terminal now: the block's lines, and the cursor's row among them. */
  let drawn: { lines: readonly string[]; row: number } = { lines: [], row: 0 };

  const columns = () => Math.max(LEAST_COLUMNS, output.columns || FALLBACK_COLUMNS);
  const rows = () => output.rows || FALLBACK_ROWS;

  /** Moves to the block's first row and clears it. A terminal that became narrower has wrapped its lines anew. */
  function erased(): string {
    const above = drawn.lines.slice(0, drawn.row).reduce((sum, line) => sum + rowsOf(line, columns()), 0);
    return `\r${above > 0 ? `\u001b[${above}A` : ''}${CLEAR_BELOW}`;
  }

  function block(): string {
    const lines = [...live, ...input.lines];
    const row = live.length + input.row;
    drawn = { lines, row };
    const up = lines.length - 1 - row;
    const right = input.column;
    return `${lines.join('\r\n')}${up > 0 ? `\u001b[${up}A` : ''}\r${right > 0 ? `\u001b[${right}C` : ''}`;
  }

  function write(text: string): void {
    output.write(`${HIDE_CURSOR}${text}${SHOW_CURSOR}`);
  }

  return {
    width: () => columns() - 1,
    liveHeight: () => Math.max(1, rows() - input.lines.length - 2),
    print(lines) {
      if (lines.length > 0) write(`${erased()}${lines.map((line) => `${line}\r\n`).join('')}${block()}`);
    },
    draw(nextLive, nextInput) {
      const isSame = same(live, nextLive) && same(input.lines, nextInput.lines);
      if (isSame && input.row === nextInput.row && input.column === nextInput.column) return;
      const eraser = erased();
      live = nextLive;
      input = nextInput;
      write(`${eraser}${block()}`);
    },
    redraw: () => write(`${CLEAR_ALL}${block()}`),
    close() {
      write(erased());
      live = [];
      input = { lines: [], row: 0, column: 0 };
      drawn = { lines: [], row: 0 };
    },
  };
}

function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(stringWidth(line) / columns));
}

function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((line, index) => line === right[index]);
}
