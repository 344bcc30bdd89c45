import { showHidden, showHiddenInLine } from '@reeve/core';

/** Emoji that Unicode recommends for interchange, whole sequences, and runs of anything else. */
const PIECES = /(?<emoji>\p{RGI_Emoji})|(?<other>(?:(?!\p{RGI_Emoji})[\s\S])+)/gv;

/**
 * Makes text safe to write to a terminal: hidden and control characters become visible escapes, so nothing in it can
 * move the cursor, change colours or reorder what is shown. Emoji stay whole although their joiners are hidden
 * characters too; for approval cards that is not good enough, and their text is not passed through here.
 */
export function visibleWords(text: string): string {
  return keepingEmoji(text.replaceAll('\r\n', '\n'), showHidden);
}

/** The same for one line: line feeds and tabs become escapes too. */
export function visibleLine(text: string): string {
  return keepingEmoji(text, showHiddenInLine);
}

function keepingEmoji(text: string, show: (text: string) => string): string {
  return text.replace(PIECES, (piece, emoji: string | undefined) =>
    emoji === undefined ? show(piece) : piece,
  );
}
