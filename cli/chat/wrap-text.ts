import stringWidth from 'string-width';

const GRAPHEMES = new Intl.Segmenter();
// biome-ignore lint/suspicious/noControlCharactersInRegex: it matches the colour codes that `style.ts` writes.
const STYLED_PIECES = /\u001b\[\d+m|[^\u001b]+/g;

/** A text's graphemes, as a person counts characters. */
export function graphemesOf(text: string): string[] {
  return Array.from(GRAPHEMES.segment(text), (part) => part.segment);
}

/**
 * Breaks one line into lines of at most `width` columns, at spaces where it can; a longer word is broken where the
 * line ends. Nothing is dropped but the spaces at a break. `indent` begins every line but the first. Colour codes take
 * no room.
 */
export function wrapLine(line: string, width: number, indent = ''): string[] {
  const room = Math.max(width, stringWidth(indent) + 4);
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(/(?<= )(?=[^ ])/)) {
    if (stringWidth(current + word.trimEnd()) <= room) {
      current += word;
      continue;
    }
    if (current.trim() !== '') {
      lines.push(current.trimEnd());
      current = indent;
    }
    for (const piece of breakWord(word, room, stringWidth(current))) {
      if (stringWidth(current + piece.trimEnd()) > room) {
        lines.push(current);
        current = indent;
      }
      current += piece;
    }
  }
  lines.push(current.trimEnd());
  return lines;
}

/** A word in pieces that fit a line each, the first one what is left of the current line. */
function breakWord(word: string, room: number, used: number): string[] {
  if (used + stringWidth(word.trimEnd()) <= room) return [word];
  return (word.match(STYLED_PIECES) ?? []).flatMap((piece) =>
    piece.startsWith('\u001b') ? [piece] : graphemesOf(piece),
  );
}

/** Cuts plain text to a number of columns and says so with an ellipsis. */
export function fitLine(line: string, width: number): string {
  if (stringWidth(line) <= width) return line;
  let fitted = '';
  for (const grapheme of graphemesOf(line)) {
    if (stringWidth(fitted + grapheme) > width - 1) break;
    fitted += grapheme;
  }
  return `${fitted}…`;
}
