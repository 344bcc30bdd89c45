import stringWidth from 'string-width';
import type { EditedLine } from './line-editor.ts';
import type { InputArea } from './screen.ts';
import { visibleLine } from './visible-words.ts';

const PROMPT = '› ';
const CONTINUED = '  ';

/**
 * Lays the edited line out in rows of at most `width` columns. Of a text with more rows than `height` those around the
 * cursor are shown.
 */
export function layOutInput(line: EditedLine, width: number, height: number): InputArea {
  const rows = [PROMPT];
  let cursor = { row: 0, column: stringWidth(PROMPT) };
  const put = (grapheme: string) => {
    if (grapheme === '\n') {
      rows.push(CONTINUED);
      return;
    }
    const shown = visibleLine(grapheme === '\t' ? '    ' : grapheme);
    const row = rows.at(-1) ?? '';
    if (stringWidth(row) + stringWidth(shown) > width) rows.push(`${CONTINUED}${shown}`);
    else rows[rows.length - 1] = row + shown;
  };
  for (const grapheme of line.before) put(grapheme);
  cursor = { row: rows.length - 1, column: stringWidth(rows.at(-1) ?? '') };
  for (const grapheme of line.after) put(grapheme);
  const start = Math.max(0, Math.min(cursor.row - Math.floor(height / 2), rows.length - height));
  return { lines: rows.slice(start, start + height), row: cursor.row - start, column: cursor.column };
}
