import { showHiddenInLine } from '@reeve/core';

const ESCAPE = /⟨U\+(?<code>[0-9A-F]{4,6})⟩/g;
const LAST_CODE_POINT = 0x10ffff;

/** The name behind a shown one: the escapes that `showHiddenInLine` makes become what they stand for. */
export function rawName(shown: string): string {
  return shown.replace(ESCAPE, (sign, digits: string) => {
    const code = Number.parseInt(digits, 16);
    if (code > LAST_CODE_POINT) return sign;
    const character = String.fromCodePoint(code);
    // Only what would have been escaped was one; anything else is a name that holds these very signs.
    return showHiddenInLine(character) === sign ? character : sign;
  });
}
